package dev.terroir.server.data;

import dev.terroir.foundation.FoundationException;
import dev.terroir.server.ServerContext;
import dev.terroir.server.contents.Uploads;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.data.DataFolder;
import dev.terroir.workspace.data.Datastores.DataFile;
import dev.terroir.workspace.data.Datastores.Datastore;
import dev.terroir.workspace.data.LocalDatastores;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// Datastores and their files.
///
/// @since 0.1
public final class DatastoreResource implements Resource {
  private final ServerContext context;

  private final Uploads uploads;

  /// @param context of the server
  public DatastoreResource(ServerContext context, Uploads uploads) {
    this.context = context;
    this.uploads = uploads;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listDatastores", Guarded.reader(this::list),
        "getDatastore", Guarded.reader(this::get),
        // Whoever names a folder of the server's machine sees what is in it.
        "putDatastore", new Guarded(Role.OWNER, this::put),
        "unregisterDatastore", new Guarded(Role.OWNER, this::unregister),
        "listDatastoreFiles", Guarded.reader(this::files),
        "getDatastoreFile", Guarded.reader(this::file),
        "putDatastoreFile", Guarded.contributor(this::write),
        "deleteDatastoreFile", Guarded.contributor(this::delete));
  }

  private LocalDatastores stores() {
    return context.workspace().datastores();
  }

  private DataFolder folder(Request request) {
    return stores().folder(request.path("name"));
  }

  private Answer list(Request request) {
    return Pages.all(stores().list(), Datastore::toJson);
  }

  private Answer get(Request request) {
    return Answer.json(200, stores().get(request.path("name")).toJson());
  }

  private Answer put(Request request) {
    var json = request.json();
    var store =
        stores()
            .put(
                request.path("name"),
                json.optionalString("path").map(Path::of).orElse(null),
                json.optionalBoolean("isDefault").orElse(null));
    context.audit(request, "datastore.put", "datastore " + store.name());
    return Answer.json(200, store.toJson());
  }

  private Answer unregister(Request request) {
    stores().unregister(request.path("name"));
    context.audit(request, "datastore.unregister", "datastore " + request.path("name"));
    return Answer.empty(204);
  }

  private Answer files(Request request) {
    return Pages.all(
        stores().files(request.path("name"), request.query("prefix").orElse("")), DataFile::toJson);
  }

  private Answer file(Request request) {
    return Answer.file(folder(request).file(request.path("path")));
  }

  private Answer write(Request request) {
    var folder = folder(request);
    var path = request.path("path");
    if (uploads.isThere(request, folder.resolve(path))) {
      return Answer.empty(201);
    }
    try (var in = uploads.content(request)) {
      folder.write(path, in, request.flag("overwrite"));
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be written", folder.path(), e);
    }
    uploads.finish(request);
    context.audit(request, "datastore.write", subject(request));
    return Answer.empty(201);
  }

  private Answer delete(Request request) {
    folder(request).delete(request.path("path"));
    context.audit(request, "datastore.delete", subject(request));
    return Answer.empty(204);
  }

  private static String subject(Request request) {
    return "datastore " + request.path("name") + " file " + request.path("path");
  }
}

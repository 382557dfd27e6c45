package dev.terroir.server.contents;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// Files by digest, and snapshots of them.
///
/// @since 0.1
public final class ContentResource implements Resource {
  private static final String SHA256 = "sha256:";

  private final ServerContext context;
  private final ContentStore store;

  private final Uploads uploads;

  /// @param context of the server
  public ContentResource(ServerContext context, Uploads uploads) {
    this.context = context;
    this.uploads = uploads;
    this.store = new ContentStore(context.workspace().directory());
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "missingContents", Guarded.reader(this::missing),
        "getContent", Guarded.reader(this::get),
        "putContent", Guarded.contributor(this::put),
        "createSnapshot", Guarded.contributor(this::createSnapshot),
        "getSnapshot", Guarded.reader(this::getSnapshot));
  }

  private Answer missing(Request request) {
    return Answer.json(
        200,
        JsonObject.builder().put("missing", lacking(request.json().strings("digests"))).build());
  }

  private List<String> lacking(Iterable<String> digests) {
    var missing = new ArrayList<String>();
    for (var digest : digests) {
      if (store.find(digest).isEmpty()) {
        missing.add(digest);
      }
    }
    return missing;
  }

  private Answer get(Request request) {
    var digest = request.path("digest");
    return new Answer.File(
        store.get(digest), "application/octet-stream", "\"" + digest.substring(7) + "\"");
  }

  private Answer put(Request request) {
    var digest = request.path("digest");
    if (request.query("uploaded").isPresent() && store.find(digest).isPresent()) {
      uploads.finish(request);
      return Answer.empty(204);
    }
    try (var in = uploads.content(request)) {
      store.put(digest, in);
    } catch (IOException e) {
      throw FoundationException.ofFile("the content cannot be kept", store.directory(), e);
    }
    uploads.finish(request);
    return Answer.empty(204);
  }

  private Answer createSnapshot(Request request) {
    var entries = new ArrayList<Snapshot.Entry>();
    var digests = new TreeSet<String>();
    for (var file : request.json().objects("files")) {
      var digest = file.string("digest");
      digests.add(digest);
      entries.add(
          new Snapshot.Entry(
              RelativePaths.check(file.string("path")),
              file.longValue("size"),
              digest.substring(SHA256.length()),
              file.optionalBoolean("isExecutable").orElse(false)));
    }
    var missing = lacking(digests);
    if (!missing.isEmpty()) {
      throw new ServerException(
          Problem.of(
                  ServerCode.CONTENTS_MISSING,
                  "the server lacks " + missing.size() + " of the files")
              .hint("send them with `PUT /api/v1/contents/sha256:…`, then ask again"),
          JsonObject.builder().put("missing", missing).build(),
          Map.of(),
          null);
    }
    var id = SHA256 + Snapshot.of(entries, store.directory(), Snapshot.Limits.DEFAULT).id();
    context.audit(request, "snapshot.create", id);
    return Answer.created(JsonObject.builder().put("id", id).build(), "/api/v1/snapshots/" + id);
  }

  private Answer getSnapshot(Request request) {
    var id = request.path("id");
    var manifest =
        store.directory().resolve("manifests").resolve(id.substring(SHA256.length()) + ".json");
    if (!Files.isRegularFile(manifest)) {
      throw ServerException.of(ServerCode.SNAPSHOT_NOT_FOUND, "no snapshot has the id " + id);
    }
    var files =
        JsonReader.readObject(manifest).objects("files").stream()
            .<JsonValue>map(file ->
                JsonObject.builder()
                    .put("path", file.string("path"))
                    .put("digest", SHA256 + file.string("sha256"))
                    .put("size", file.longValue("size"))
                    .put("isExecutable", file.optionalBoolean("executable").orElse(false))
                    .build())
            .toList();
    return Answer.json(
        200,
        JsonObject.builder().put("files", new JsonValue.JsonArray(files)).build(),
        "\"" + id.substring(SHA256.length()) + "\"");
  }
}

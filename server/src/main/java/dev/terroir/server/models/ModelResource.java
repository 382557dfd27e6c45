package dev.terroir.server.models;

import dev.terroir.compute.Run;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerContext;
import dev.terroir.server.contents.ContentStore;
import dev.terroir.server.contents.RelativePaths;
import dev.terroir.server.data.FileLists;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.serving.Services;
import dev.terroir.workspace.Tags;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.models.ModelRegistry.Facts;
import dev.terroir.workspace.models.ModelRegistry.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Models.
///
/// @since 0.1
public final class ModelResource implements Resource {
  private final ServerContext context;
  private final ContentStore contents;

  /// @param context of the server
  public ModelResource(ServerContext context) {
    this.context = context;
    this.contents = new ContentStore(context.workspace().directory());
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listModels", Guarded.reader(this::list),
        "registerModel", Guarded.contributor(this::register),
        "getModel", Guarded.reader(this::get),
        "updateModel", Guarded.contributor(this::update),
        "deleteModel", Guarded.contributor(this::delete),
        "listModelFiles", Guarded.reader(this::files),
        "getModelFile", Guarded.reader(this::file));
  }

  private static JsonObject json(Model model) {
    return model.toJson().toBuilder()
        .remove("url")
        .put("path", String.valueOf(model.path().getFileName()))
        .put("isFolder", Files.isDirectory(model.path()))
        .build();
  }

  private Answer list(Request request) {
    var tags = request.queries("tag");
    var run = request.query("run");
    var models = new ArrayList<Model>();
    var seen = "";
    for (var model : context.workspace().models().list(request.query("name").orElse(null))) {
      var isLatest = !model.name().equals(seen);
      seen = model.name();
      if ((isLatest || !request.flag("latest"))
          && (run.isEmpty() || run.get().equals(model.runId()))
          && tags.stream().allMatch(tag -> hasTag(model, tag))) {
        models.add(model);
      }
    }
    var after = request.after();
    List<Model> rest =
        after.isEmpty()
            ? models
            : models.stream().dropWhile(it -> !it.id().equals(after.get())).skip(1).toList();
    return Pages.of(rest, request.limit(), ModelResource::json, Model::id);
  }

  private static boolean hasTag(Model model, String tag) {
    var equals = tag.indexOf('=');
    return equals < 0
        ? model.tags().containsKey(tag)
        : tag.substring(equals + 1).equals(model.tags().get(tag.substring(0, equals)));
  }

  private Answer register(Request request) {
    var json = request.json();
    var facts =
        new Facts(
            json.stringMap("properties"),
            json.optionalString("modelFramework").orElse(null),
            json.optionalString("modelFrameworkVersion").orElse(null));
    var description = json.optionalString("description").orElse(null);
    var run = json.optionalString("run");
    var files = json.objects("files");
    Model model;
    if (files.isEmpty() && run.isPresent()) {
      model =
          Run.get(context.workspace(), run.get())
              .registerModel(
                  json.string("name"),
                  json.optionalString("path").orElse(json.string("name")),
                  json.stringMap("tags"),
                  description,
                  facts);
    } else {
      model = fromContents(json, files, description, facts);
    }
    context.audit(request, "model.register", "model " + model.id());
    return Answer.created(
        json(model), "/api/v1/models/" + model.name() + "/versions/" + model.version());
  }

  private Model fromContents(
      JsonObject json,
      List<JsonObject> files,
      @org.jspecify.annotations.Nullable String description,
      Facts facts) {
    if (files.isEmpty()) {
      throw refused("a model has at least one file", "send `files`, or a `run` and its `path`");
    }
    var isFolder = json.optionalBoolean("isFolder").orElse(files.size() > 1);
    try {
      Files.createDirectories(context.directory());
      var folder = Files.createTempDirectory(context.directory(), ".model-");
      try {
        var name =
            json.optionalString("path")
                .map(path -> path.replaceFirst("/+$", "").replaceFirst("^.*/", ""))
                .filter(text -> !text.isEmpty())
                .orElse(json.string("name"));
        var root = isFolder ? RelativePaths.resolve(folder, name) : folder;
        for (var file : files) {
          var target = RelativePaths.resolve(root, file.string("path"));
          Files.createDirectories(target.resolveSibling("").normalize());
          Files.copy(contents.get(file.string("digest")), target);
        }
        return context
            .workspace()
            .models()
            .register(
                json.string("name"),
                isFolder ? root : only(folder),
                json.optionalString("run").orElse(null),
                json.stringMap("tags"),
                description,
                facts);
      } finally {
        Trees.delete(folder);
      }
    } catch (java.nio.file.FileAlreadyExistsException | java.nio.file.NotDirectoryException e) {
      throw refused("two files of the model have one path", "name each file once");
    } catch (IOException e) {
      throw FoundationException.ofFile("the model cannot be kept", context.directory(), e);
    }
  }

  /// The one thing in a folder.
  private static Path only(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      var all = entries.toList();
      if (all.size() != 1) {
        throw refused(
            "a model that is no folder has one file, not " + all.size(), "say `isFolder`");
      }
      return all.getFirst();
    }
  }

  private static WorkspaceException refused(String what, String hint) {
    return new WorkspaceException(
        Problem.of(WorkspaceCode.MODEL_REFUSED, what).at(Place.field("files")).hint(hint));
  }

  private Model model(Request request) {
    var name = request.path("name");
    var version = request.path("version");
    return version.equals("latest")
        ? context.workspace().models().get(name, null)
        : context.workspace().models().parse(name + ":" + version);
  }

  private Answer get(Request request) {
    return Answer.json(200, json(model(request)));
  }

  private Answer update(Request request) {
    var model = model(request);
    var patch = request.json();
    var changed =
        context
            .workspace()
            .models()
            .update(
                model.name(),
                model.version(),
                document -> {
                  var next = document.toBuilder();
                  if (patch.has("tags")) {
                    next.put(
                        "tags",
                        JsonValue.ofStrings(
                            Tags.patched(document.stringMap("tags"), patch.object("tags"))));
                  }
                  var properties = new TreeMap<>(document.stringMap("properties"));
                  properties.putAll(patch.stringMap("properties"));
                  next.put("properties", JsonValue.ofStrings(properties));
                  patch.get("description").ifPresent(text -> next.put("description", text));
                  return next.build();
                });
    context.audit(request, "model.update", "model " + model.id());
    return Answer.json(200, json(changed));
  }

  private Answer delete(Request request) {
    var model = model(request);
    new Services(context.workspace()).deleteModel(model);
    context.audit(request, "model.delete", "model " + model.id());
    return Answer.empty(204);
  }

  private Answer files(Request request) {
    return FileLists.of(new TreeMap<>(model(request).files()));
  }

  private Answer file(Request request) {
    var model = model(request);
    var file = model.files().get(request.path("path"));
    if (file == null) {
      throw new WorkspaceException(
          Problem.of(
                  WorkspaceCode.DATA_FILE_NOT_FOUND,
                  "model `" + model.id() + "` has no file `" + request.path("path") + "`")
              .because("it has " + String.join(", ", model.files().keySet())));
    }
    return Answer.file(file);
  }
}

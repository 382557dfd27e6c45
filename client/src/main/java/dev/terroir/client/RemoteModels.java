package dev.terroir.client;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.models.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The registered models of a workspace on a server. Thread-safe.
///
/// @since 0.1
public final class RemoteModels implements Models {
  private static final String MODELS = "/models";

  private final RestClient client;
  private final Progress progress;

  RemoteModels(RestClient client, Progress progress) {
    this.client = client;
    this.progress = progress;
  }

  private static String path(String id) {
    var colon = id.lastIndexOf(':');
    return MODELS
        + "/"
        + RestClient.part(colon < 0 ? id : id.substring(0, colon))
        + "/versions/"
        + (colon < 0 ? "latest" : RestClient.part(id.substring(colon + 1)));
  }

  private static JsonObject.Builder about(
      String name, Map<String, String> tags, @Nullable String description) {
    return JsonObject.builder()
        .put("name", name)
        .put("tags", JsonValue.ofStrings(tags))
        .put("description", description);
  }

  @Override
  public JsonObject register(
      String name, Path source, Map<String, String> tags, @Nullable String description) {
    if (!Files.exists(source)) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.MODEL_REFUSED, "there is no file or folder to register")
              .at(Place.file(source)));
    }
    var isFolder = Files.isDirectory(source);
    var own = String.valueOf(source.toAbsolutePath().normalize().getFileName());
    progress.step("reading " + source);
    var files = new ArrayList<Contents.Sent>();
    try (var walk = Files.walk(source)) {
      for (var file : walk.filter(Files::isRegularFile).sorted().toList()) {
        files.add(Contents.of(isFolder ? source.relativize(file).toString() : own, file));
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the model cannot be read", source, e);
    }
    new Contents(client).send(files, progress);
    return client
        .post(
            MODELS,
            about(name, tags, description)
                .put("files", RestClient.array(files.stream().map(Contents.Sent::toJson).toList()))
                .put("isFolder", isFolder)
                .put("path", own)
                .build())
        .json();
  }

  @Override
  public JsonObject registerFromRun(
      String name,
      String run,
      String path,
      Map<String, String> tags,
      @Nullable String description) {
    return client
        .post(MODELS, about(name, tags, description).put("run", run).put("path", path).build())
        .json();
  }

  @Override
  public List<JsonObject> list(@Nullable String name) {
    return client.pages(RestClient.query(MODELS, "name", name));
  }

  @Override
  public JsonObject get(String id) {
    return client.get(path(id)).json();
  }

  @Override
  public String fileName(String id) {
    var model = get(id);
    return model.optionalString("path").orElse(model.string("name"));
  }

  @Override
  public void download(String id, Path target) {
    var model = get(id);
    var own = path(model.string("name") + ":" + model.longValue("version"));
    var isFolder = model.optionalBoolean("isFolder").orElse(false);
    var files = client.get(own + "/files").json().objects("items");
    var total = files.stream().mapToLong(file -> file.longValue("size")).sum();
    var temporary = AtomicFiles.temporaryBeside(target.toAbsolutePath());
    var done = 0L;
    try {
      for (var file : files) {
        var name = file.string("name");
        new Contents(client)
            .receive(
                own + "/files/" + RestClient.parts(name),
                isFolder ? Contents.below(temporary, name) : temporary,
                -1);
        done += file.longValue("size");
        progress.advance(done, total);
      }
      if (isFolder) {
        Files.createDirectories(temporary);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw FoundationException.ofFile("the model cannot be kept", target, e);
    } finally {
      Trees.delete(temporary);
    }
  }

  @Override
  public void delete(String id) {
    var model = get(id);
    client.delete(path(model.string("name") + ":" + model.longValue("version")));
  }
}

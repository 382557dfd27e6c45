package dev.terroir.client;

import dev.terroir.compute.RunStatus;
import dev.terroir.compute.Runs;
import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The runs of a workspace on a server. Thread-safe.
///
/// @since 0.1
public final class RemoteRuns implements Runs {
  private static final Duration POLL = Duration.ofMillis(200);

  private final RestClient client;

  RemoteRuns(RestClient client) {
    this.client = client;
  }

  private static String path(String id) {
    return "/runs/" + RestClient.part(id);
  }

  @Override
  public Accepted submit(String experiment, ScriptRunConfig config, Progress progress) {
    var source = config.sourceDirectory();
    if (config.command() == null && !Files.isRegularFile(source.resolve(config.script()))) {
      // Said before anything is sent.
      throw new ClientException(
          Problem.of(
                  dev.terroir.compute.ComputeCode.SCRIPT_NOT_FOUND,
                  "the script `" + config.script() + "` is not in the source directory")
              .at(Place.file(source.toAbsolutePath()))
              .hint("give its path below that directory, or another directory with --source"));
    }
    var snapshot = new Contents(client).snapshot(source, config.limits(), progress);
    var run =
        client
            .post(
                "/runs",
                JsonObject.builder()
                    .put("experiment", experiment)
                    .put("snapshot", snapshot)
                    .put("configuration", configuration(config))
                    .put("tags", JsonValue.ofStrings(config.tags()))
                    .build())
            .json();
    return new Accepted(run.string("runId"), null);
  }

  private static JsonObject configuration(ScriptRunConfig config) {
    var json =
        JsonObject.builder()
            .put("script", config.command() == null ? config.script() : null)
            .put("command", config.command())
            .put("arguments", config.arguments())
            .put("target", config.target())
            .put("environmentVariables", JsonValue.ofStrings(config.environmentVariables()))
            .put("maxRunDurationSeconds", config.maxDuration().toSeconds())
            .put(
                "history",
                JsonObject.builder()
                    .put("outputCollection", config.outputCollection())
                    .put("snapshotProject", config.snapshotProject())
                    .build())
            .put(
                "docker",
                JsonObject.builder()
                    .put("useDocker", config.docker().useDocker())
                    .put("sharedVolumes", config.docker().sharedVolumes())
                    .put("arguments", config.docker().arguments())
                    .put("shmSize", config.docker().shmSize())
                    .build());
    var environment = config.environment();
    if (environment != null) {
      json.put("environment", environment.toJson());
    }
    for (var section : List.of("dataReferences", "data", "outputData")) {
      config.definition().optionalObject(section).ifPresent(data -> json.put(section, data));
    }
    return json.build();
  }

  @Override
  public List<JsonObject> list(@Nullable String experiment) {
    return client.pages(RestClient.query("/runs", "experiment", experiment));
  }

  @Override
  public JsonObject details(String id) {
    return client.get(path(id)).json();
  }

  @Override
  public void log(String id, boolean isFollowed, Consumer<String> lines) {
    var log = new RemoteLog(client, path(id) + "/log");
    if (!isFollowed) {
      log.print(lines);
      return;
    }
    log.follow(lines);
    await(id);
  }

  private void await(String id) {
    while (!RunStatus.of(details(id).string("status")).isFinal()) {
      RestClient.sleep(POLL);
    }
  }

  @Override
  public void cancel(String id) {
    client.post(path(id) + "/cancel", JsonObject.EMPTY);
    await(id);
  }

  @Override
  public List<JsonObject> metrics(String id, @Nullable String name) {
    return client.pages(RestClient.query(path(id) + "/metrics", "name", name));
  }

  @Override
  public void tag(String id, Map<String, String> tags) {
    client.patch(
        path(id), JsonObject.builder().put("tags", JsonValue.ofStrings(tags)).build(), null);
  }

  @Override
  public Environment environment(String id) {
    return Environment.read(
        client.get(path(id) + "/environment").json().object("definition"), _ -> {});
  }

  @Override
  public int download(String id, String prefix, Path target, Progress progress) {
    var files =
        client
            .get(RestClient.query(path(id) + "/files", "prefix", prefix.isEmpty() ? null : prefix))
            .json()
            .objects("items");
    var total = files.stream().mapToLong(file -> file.longValue("size")).sum();
    var done = 0L;
    for (var file : files) {
      var name = file.string("name");
      new Contents(client)
          .receive(path(id) + "/files/" + RestClient.parts(name), Contents.below(target, name), -1);
      done += file.longValue("size");
      progress.advance(done, total);
    }
    return files.size();
  }
}

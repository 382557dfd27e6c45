package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.Instruction.CommandForm;
import dev.terroir.image.dockerfile.Instruction.FileFlags;
import dev.terroir.image.dockerfile.Instruction.FileTransfer;
import dev.terroir.image.oci.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/// Builds a Dockerfile that needs no engine: its instructions change the base's configuration and
/// add layers of files. Nothing is run, and what it makes is the same bytes everywhere: new entries
/// have one time, owners are numbers, permissions do not depend on the umask.
///
/// For one thread at a time.
///
/// Spec: Dockerfile reference; OCI image specification, "Image Configuration".
///
/// @since 0.1
public final class Evaluation {
  private static final String DEFAULT_PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final Pattern PORT =
      Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?");

  /// Finds the images that FROM names.
  @FunctionalInterface
  public interface BaseImages {
    /// Opens an image for reading.
    ///
    /// @param reference as FROM names it, variables replaced
    /// @param platform which of its platforms
    /// @param place the FROM, for problems
    BaseImage open(String reference, Platform platform, Place place);
  }

  /// An image to build on. Read until the evaluation has ended; whoever made it closes it.
  public interface BaseImage {
    /// The image configuration.
    JsonObject configuration();

    /// The files of all its layers.
    FileTree files();
  }

  /// A layer that an instruction made.
  ///
  /// @param tar an uncompressed tar file
  /// @param diffId its digest
  /// @param sizeBytes its size
  /// @param createdBy the instruction
  public record Layer(Path tar, Digest diffId, long sizeBytes, String createdBy) {}

  /// What became of a Dockerfile.
  ///
  /// @param base the image whose layers lie below, as FROM names it; null for `scratch`
  /// @param basePlatform which of its platforms
  /// @param configuration the whole image configuration, the layers' digests and history included
  /// @param layers on top of the base's, the lowest first
  public record Result(
      @Nullable String base, Platform basePlatform, JsonObject configuration, List<Layer> layers) {
    /// Copies the list.
    public Result {
      layers = List.copyOf(layers);
    }
  }

  private final BuildContext context;
  private final BaseImages bases;
  private final Path work;
  private final Instant time;
  private final List<TarFile> opened = new ArrayList<>();
  private final List<Path> temporaries = new ArrayList<>();
  private int counter;

  /// @param context what COPY and ADD copy from
  /// @param bases finds the images of FROM
  /// @param work a folder for the layers, made if it is missing; the caller deletes it
  /// @param time of everything that is made, such as the second 0 of 1970
  public Evaluation(BuildContext context, BaseImages bases, Path work, Instant time) {
    this.context = context;
    this.bases = bases;
    this.work = work;
    this.time = time;
  }

  /// A stage as far as it is built.
  private static final class State {
    private final @Nullable String base;
    private final Platform platform;
    private final Scope scope;
    private final LayeredTree files;
    private final List<Layer> layers = new ArrayList<>();
    private final List<JsonValue> history = new ArrayList<>();
    private final List<String> diffIds = new ArrayList<>();
    private final Map<String, JsonValue> outer = new LinkedHashMap<>();
    private final Map<String, JsonValue> config = new LinkedHashMap<>();
    private boolean hasCmd;

    State(@Nullable String base, Platform platform, Scope scope, FileTree files) {
      this.base = base;
      this.platform = platform;
      this.scope = scope;
      this.files = new LayeredTree(files);
    }

    void read(JsonObject configuration) {
      outer.putAll(configuration.members());
      history.addAll(configuration.array("history"));
      configuration
          .optionalObject("rootfs")
          .ifPresent(rootfs -> diffIds.addAll(rootfs.strings("diff_ids")));
      configuration.optionalObject("config").ifPresent(inner -> config.putAll(inner.members()));
      scope.inherit(environment());
    }

    private JsonObject inner() {
      var builder = JsonObject.builder();
      config.forEach(builder::put);
      return builder.build();
    }

    private Map<String, String> environment() {
      var variables = new LinkedHashMap<String, String>();
      for (var variable : inner().strings("Env")) {
        var equals = variable.indexOf('=');
        variables.put(
            equals < 0 ? variable : variable.substring(0, equals),
            equals < 0 ? "" : variable.substring(equals + 1));
      }
      return variables;
    }

    List<String> strings(String name) {
      return inner().strings(name);
    }

    String string(String name) {
      return inner().optionalString(name).orElse("");
    }

    void put(String name, List<String> values) {
      config.put(name, JsonValue.JsonArray.ofStrings(values));
    }

    void putAll(String name, Map<String, JsonValue> added) {
      var builder = JsonObject.builder();
      inner().optionalObject(name).ifPresent(builder::putAll);
      added.forEach(builder::put);
      config.put(name, builder.build());
    }

    String directory() {
      return string("WorkingDir").isEmpty() ? "/" : string("WorkingDir");
    }

    JsonObject configuration(Instant time) {
      var all = JsonObject.builder();
      outer.forEach(all::put);
      return all.put("created", time.toString())
          .put("config", inner())
          .put(
              "rootfs", JsonObject.builder().put("type", "layers").put("diff_ids", diffIds).build())
          .put("history", new JsonValue.JsonArray(history))
          .build();
    }
  }

  /// Builds.
  ///
  /// @throws ImageException code `no-engine`, if an instruction needs an engine; code
  ///   `image-build-failed`, `invalid-archive` or `dockerfile-syntax`, with the instruction's place
  public Result evaluate(Dockerfile file, BuildRequest request) {
    var graph = new StageGraph(file, request);
    var images = new HashMap<String, BaseImage>();
    var need = graph.need(image -> List.of());
    need.ifPresent(Evaluation::refuse);
    var states = new HashMap<Integer, State>();
    try {
      Files.createDirectories(work);
      for (var stage : graph.needed()) {
        states.put(stage.index(), stage(graph, stage, states, images));
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the layers cannot be written", work, e);
    } finally {
      clean();
    }
    var state = states.get(graph.target().index());
    if (state == null) {
      throw new IllegalStateException("the target is always needed");
    }
    return new Result(state.base, state.platform, state.configuration(time), state.layers);
  }

  private static void refuse(EngineNeed need) {
    throw new ImageException(
        Problem.of(ImageCode.NO_ENGINE, "the Dockerfile cannot be built without a container engine")
            .at(need.step().place())
            .because(need.why())
            .hint("install podman, docker or buildah"));
  }

  private void clean() {
    for (var tar : opened) {
      try {
        tar.close();
      } catch (IOException e) {
        // Only read from: nothing is lost.
      }
    }
    opened.clear();
    for (var temporary : temporaries) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // The caller deletes the folder.
      }
    }
    temporaries.clear();
  }

  private State stage(
      StageGraph graph, Stage stage, Map<Integer, State> states, Map<String, BaseImage> images) {
    var state = begin(graph, stage, states, images);
    var steps = new ArrayList<Step>();
    if (graph.base(stage).isEmpty()) {
      steps.addAll(StageGraph.triggers(stage, state.strings("OnBuild")));
      for (var step : steps) {
        graph
            .needOf(stage, step, state.scope)
            .ifPresent(need ->
                refuse(
                    new EngineNeed(
                        stage.fromStep(),
                        "`FROM "
                            + graph.image(stage)
                            + "` has the trigger `"
                            + DockerfilePrinter.line(step.instruction())
                            + "`: "
                            + need.why())));
      }
    }
    state.config.remove("OnBuild");
    steps.addAll(graph.ownAndTriggered(stage));
    for (var step : steps) {
      if (Thread.currentThread().isInterrupted()) {
        throw new FoundationException(
            Problem.of(
                dev.terroir.foundation.FoundationCode.CANCELED,
                "the build of the Dockerfile was canceled"));
      }
      apply(graph, stage, step, state, states);
    }
    return state;
  }

  private State begin(
      StageGraph graph, Stage stage, Map<Integer, State> states, Map<String, BaseImage> images) {
    var base = graph.base(stage).map(one -> states.get(one.index()));
    if (base.isPresent()) {
      var below = base.get();
      var state = new State(below.base, below.platform, graph.scope(), below.files);
      state.read(below.configuration(time));
      state.layers.addAll(below.layers);
      return state;
    }
    var platform = graph.platform(stage);
    var image = graph.image(stage);
    if (image.equals("scratch")) {
      var state = new State(null, platform, graph.scope(), FileTree.EMPTY);
      state.read(
          JsonObject.builder()
              .put("created", time.toString())
              .put("architecture", platform.architecture())
              .put("os", platform.os())
              .put(
                  "config",
                  JsonObject.builder()
                      .put("Env", List.of(DEFAULT_PATH))
                      .put("WorkingDir", "/")
                      .build())
              .build());
      return state;
    }
    var found =
        images.computeIfAbsent(
            image + " " + platform, _ -> bases.open(image, platform, stage.fromStep().place()));
    var state = new State(image, platform, graph.scope(), found.files());
    state.read(found.configuration());
    return state;
  }

  private void apply(
      StageGraph graph, Stage stage, Step step, State state, Map<Integer, State> states) {
    var scope = state.scope;
    switch (step.instruction()) {
      case Instruction.Arg arg -> scope.apply(arg, step);
      case Instruction.Env env -> {
        scope.apply(env, step);
        state.put(
            "Env",
            scope.environment().entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .toList());
      }
      case Instruction.Label label -> {
        var values = new LinkedHashMap<String, JsonValue>();
        scope
            .expanded(label.pairs(), step)
            .forEach((key, value) -> values.put(key, JsonValue.of(value)));
        state.putAll("Labels", values);
      }
      case Instruction.Workdir(var path) -> {
        workdir(scope.word(path, step), step, state);
        return;
      }
      case FileTransfer transfer -> {
        transfer(graph, stage, step, transfer, state, states);
        return;
      }
      case Instruction.User(var user) ->
          state.config.put("User", JsonValue.of(scope.word(user, step)));
      case Instruction.Expose(var ports) -> state.putAll("ExposedPorts", ports(ports, step, scope));
      case Instruction.Volume(var paths) -> {
        var volumes = new LinkedHashMap<String, JsonValue>();
        scope.each(paths, step).forEach(path -> volumes.put(path, JsonObject.EMPTY));
        state.putAll("Volumes", volumes);
      }
      case Instruction.StopSignal(var signal) ->
          state.config.put("StopSignal", JsonValue.of(scope.word(signal, step)));
      case Instruction.Shell(var command) -> state.put("Shell", command);
      case Instruction.Cmd(var command) -> {
        state.put("Cmd", command(command, state));
        state.hasCmd = true;
      }
      case Instruction.Entrypoint(var command) -> {
        state.put("Entrypoint", command(command, state));
        if (!state.hasCmd) {
          // The reference: ENTRYPOINT resets a CMD of the base image.
          state.config.remove("Cmd");
        }
      }
      case Instruction.Healthcheck check -> state.config.put("Healthcheck", healthcheck(check));
      case Instruction.Onbuild onbuild -> {
        var triggers = new ArrayList<>(state.strings("OnBuild"));
        triggers.add(onbuild.text());
        state.put("OnBuild", triggers);
      }
      case Instruction.Maintainer(var author) -> state.outer.put("author", JsonValue.of(author));
      case Instruction.From _, Instruction.Run _ ->
          throw new IllegalStateException("refused before: " + step);
    }
    remember(step, state, true);
  }

  private void remember(Step step, State state, boolean isEmpty) {
    var entry =
        JsonObject.builder()
            .put("created", time.toString())
            .put("created_by", DockerfilePrinter.line(step.instruction()));
    if (isEmpty) {
      entry.put("empty_layer", true);
    }
    state.history.add(entry.build());
  }

  private static List<String> command(CommandForm command, State state) {
    return switch (command) {
      case CommandForm.Exec(var arguments) -> arguments;
      case CommandForm.ShellLine(var line) -> {
        var shell = state.strings("Shell");
        var words = new ArrayList<>(shell.isEmpty() ? List.of("/bin/sh", "-c") : shell);
        words.add(line);
        yield words;
      }
    };
  }

  private static JsonObject healthcheck(Instruction.Healthcheck check) {
    var test = check.test();
    var words = new ArrayList<String>();
    switch (test) {
      case null -> words.add("NONE");
      case CommandForm.Exec(var arguments) -> {
        words.add("CMD");
        words.addAll(arguments);
      }
      case CommandForm.ShellLine(var line) -> {
        words.add("CMD-SHELL");
        words.add(line);
      }
    }
    var json = JsonObject.builder().put("Test", words);
    put(json, "Interval", check.interval());
    put(json, "Timeout", check.timeout());
    put(json, "StartPeriod", check.startPeriod());
    put(json, "StartInterval", check.startInterval());
    var retries = check.retries();
    if (retries != null && retries > 0) {
      json.put("Retries", retries.longValue());
    }
    return json.build();
  }

  private static void put(JsonObject.Builder json, String name, @Nullable Duration duration) {
    if (duration != null && !duration.isZero()) {
      json.put(name, duration.toNanos());
    }
  }

  private static Map<String, JsonValue> ports(List<String> texts, Step step, Scope scope) {
    var ports = new LinkedHashMap<String, JsonValue>();
    for (var text : texts) {
      for (var word : scope.words(text, step)) {
        var match = PORT.matcher(word);
        var first = match.matches() ? Integer.parseInt(match.group(1)) : -1;
        var last = first >= 0 && match.group(2) != null ? Integer.parseInt(match.group(2)) : first;
        if (first < 0 || last < first || last > 65535) {
          throw new ImageException(
              Problem.of(ImageCode.DOCKERFILE_SYNTAX, "`" + word + "` is no port to expose")
                  .at(step.place())
                  .hint(
                      "use a number up to 65535 or a range, as in `8080`, `53/udp`, `8000-8010`"));
        }
        var protocol = match.group(3) == null ? "tcp" : match.group(3);
        for (var port = first; port <= last; port++) {
          ports.put(port + "/" + protocol, JsonObject.EMPTY);
        }
      }
    }
    return ports;
  }

  private void workdir(String path, Step step, State state) {
    var absolute =
        "/" + PathPattern.clean(path.startsWith("/") ? path : state.directory() + "/" + path);
    state.config.put("WorkingDir", JsonValue.of(absolute));
    var copier = copier(state, step, FileFlags.NONE, Owners.ROOT);
    copier.directory(PathPattern.clean(absolute));
    finish(copier, step, state);
  }

  private FileCopier copier(State state, Step step, FileFlags flags, Owners owners) {
    return new FileCopier(state.files, step, flags, owners, time.getEpochSecond());
  }

  private void transfer(
      StageGraph graph,
      Stage stage,
      Step step,
      FileTransfer transfer,
      State state,
      Map<Integer, State> states) {
    var scope = state.scope;
    var from = transfer.flags().from();
    FileTree tree = context;
    if (from != null) {
      var source = states.get(graph.from(from, stage.index()).orElseThrow().index());
      if (source == null) {
        throw new IllegalStateException("the stages that are copied from are needed");
      }
      tree = source.files;
    }
    var flags = expanded(transfer.flags(), scope, step);
    var chown = flags.chown();
    var owners = chown == null ? Owners.ROOT : Owners.of(chown, state.files, step);
    var destination = scope.word(transfer.destination(), step);
    if (!destination.startsWith("/")) {
      var isDirectory = destination.endsWith("/") || destination.matches("(.*/)?\\.\\.?");
      destination = state.directory() + "/" + destination + (isDirectory ? "/" : "");
    }
    var copier = copier(state, step, flags, owners);
    var inline = new ArrayList<LayeredTree.Item>();
    for (var heredoc : transfer.heredocs()) {
      inline.add(inline(heredoc, scope, step));
    }
    var temporary = work.resolve("archive-" + counter++);
    temporaries.add(temporary);
    copier.copy(
        tree,
        scope.each(transfer.sources(), step),
        inline,
        destination,
        transfer instanceof Instruction.Add,
        temporary,
        opened);
    finish(copier, step, state);
  }

  private static FileFlags expanded(FileFlags flags, Scope scope, Step step) {
    var chown = flags.chown();
    var chmod = flags.chmod();
    return new FileFlags(
        flags.from(),
        chown == null ? null : scope.word(chown, step),
        chmod == null ? null : scope.word(chmod, step),
        flags.link(),
        flags.parents(),
        scope.each(flags.excludes(), step),
        flags.checksum(),
        flags.keepGitDir(),
        flags.unpack());
  }

  private static LayeredTree.Item inline(Heredoc heredoc, Scope scope, Step step) {
    var text = heredoc.isExpanded() ? scope.heredoc(heredoc.content(), step) : heredoc.content();
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    return new LayeredTree.Item(
        new FileTree.Entry(heredoc.name(), FileTree.Type.FILE, 0644, 0, 0, 0, bytes.length, null),
        () -> new ByteArrayInputStream(bytes));
  }

  private void finish(FileCopier copier, Step step, State state) {
    if (copier.items().isEmpty()) {
      remember(step, state, true);
      return;
    }
    var layer =
        LayerTar.write(
            Collections.unmodifiableSortedMap(copier.items()),
            work.resolve("layer-" + counter++ + ".tar"),
            DockerfilePrinter.line(step.instruction()));
    state.layers.add(layer);
    state.diffIds.add(layer.diffId().toString());
    remember(step, state, false);
  }
}

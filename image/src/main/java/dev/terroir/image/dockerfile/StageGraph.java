package dev.terroir.image.dockerfile;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Nearest;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.Instruction.FileTransfer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/// Which stages a build needs, and whether one of their instructions needs an engine. For one
/// thread.
///
/// Only stages that the built one stands on or copies from are needed; what the others say is never
/// carried out.
final class StageGraph {
  private static final Pattern REMOTE =
      Pattern.compile("[a-zA-Z][a-zA-Z0-9+.-]*://.*|[a-zA-Z0-9_.-]+@[a-zA-Z0-9_.-]+:.*");

  /// Frontends that read the language of the Dockerfile reference.
  private static final Pattern KNOWN_FRONTEND =
      Pattern.compile("(docker\\.io/)?docker/dockerfile(-upstream)?([:@].*)?");

  private final Dockerfile file;
  private final BuildRequest request;
  private final Map<String, String> globals = new TreeMap<>();
  private final Scope globalScope;
  private final List<String> images = new ArrayList<>();

  StageGraph(Dockerfile file, BuildRequest request) {
    this.file = file;
    this.request = request;
    this.globalScope =
        new Scope(file.directives().escape(), request.arguments(), request.platformArguments());
    globalScope.arguments().putAll(request.platformArguments());
    for (var step : file.globals()) {
      globalScope.apply((Instruction.Arg) step.instruction(), step);
    }
    globals.putAll(globalScope.arguments());
    for (var stage : file.stages()) {
      var image = globalScope.word(stage.from().image(), stage.fromStep());
      if (image.isEmpty()) {
        throw new ImageException(
            Problem.of(
                    ImageCode.DOCKERFILE_SYNTAX,
                    "`" + stage.from().image() + "` is empty after its variables are replaced")
                .at(stage.fromStep().place())
                .hint("give the build argument a value, or its `ARG` before `FROM` a default"));
      }
      images.add(image);
    }
  }

  /// What FROM names, with variables replaced.
  String image(Stage stage) {
    return images.get(stage.index());
  }

  /// The variables that a stage begins with, before its base's.
  Scope scope() {
    return new Scope(file.directives().escape(), request.arguments(), globals);
  }

  /// The stage that FROM names, if it is none that lies elsewhere.
  Optional<Stage> base(Stage stage) {
    return named(image(stage), stage.index());
  }

  /// The stage that a name or a number means for a stage at `before`.
  Optional<Stage> from(String name, int before) {
    var byName = named(name, before);
    if (byName.isEmpty() && name.matches("[0-9]{1,6}") && Integer.parseInt(name) < before) {
      return Optional.of(file.stages().get(Integer.parseInt(name)));
    }
    return byName;
  }

  private Optional<Stage> named(String name, int before) {
    var lower = name.toLowerCase(Locale.ROOT);
    return file.stages().subList(0, before).reversed().stream()
        .filter(stage -> stage.name().filter(lower::equals).isPresent())
        .findFirst();
  }

  /// The stage that is built.
  Stage target() {
    var target = request.target();
    if (target == null) {
      return file.stages().getLast();
    }
    return from(target, file.stages().size())
        .orElseThrow(() -> {
          var names = file.stages().stream().flatMap(stage -> stage.name().stream()).toList();
          var problem =
              Problem.of(
                      ImageCode.DOCKERFILE_SYNTAX, "the Dockerfile has no stage `" + target + "`")
                  .at(file.stages().getLast().fromStep().place())
                  .because(
                      names.isEmpty()
                          ? "none of its stages has a name"
                          : "its stages are `" + String.join("`, `", names) + "`");
          return new ImageException(
              Nearest.to(target, names)
                  .map(good -> problem.hint("did you mean `" + good + "`?"))
                  .orElse(problem));
        });
  }

  /// The needed stages in the order of the file.
  List<Stage> needed() {
    var indexes = new TreeSet<Integer>();
    visit(target(), indexes);
    return indexes.stream().map(file.stages()::get).toList();
  }

  private void visit(Stage stage, TreeSet<Integer> seen) {
    if (!seen.add(stage.index())) {
      return;
    }
    base(stage).ifPresent(base -> visit(base, seen));
    for (var step : ownAndTriggered(stage)) {
      for (var name : sources(step.instruction())) {
        from(name, stage.index()).ifPresent(source -> visit(source, seen));
      }
    }
  }

  /// The triggers of a base stage, then the stage's own instructions.
  List<Step> ownAndTriggered(Stage stage) {
    var steps = new ArrayList<Step>();
    base(stage)
        .ifPresent(base -> {
          for (var step : base.steps()) {
            if (step.instruction() instanceof Instruction.Onbuild(var trigger)) {
              steps.add(
                  new Step(
                      step.source(), step.firstLine(), step.lastLine(), step.excerpt(), trigger));
            }
          }
        });
    steps.addAll(stage.steps());
    return steps;
  }

  /// The triggers that a base image's configuration holds, as instructions of this file's FROM.
  static List<Step> triggers(Stage stage, List<String> lines) {
    var steps = new ArrayList<Step>();
    for (var line : lines) {
      var source = "ONBUILD of `" + stage.from().image() + "`";
      var parsed = Dockerfile.parse("FROM scratch\n" + line + "\n", source);
      var from = stage.fromStep();
      for (var step : parsed.stages().getFirst().steps()) {
        steps.add(
            new Step(
                from.source(),
                from.firstLine(),
                from.lastLine(),
                from.excerpt(),
                step.instruction()));
      }
    }
    return steps;
  }

  private static List<String> sources(Instruction instruction) {
    return switch (instruction) {
      case Instruction.Run run -> run.mounts().stream().flatMap(m -> m.from().stream()).toList();
      case FileTransfer transfer when transfer.flags().from() != null ->
          List.of(String.valueOf(transfer.flags().from()));
      default -> List.of();
    };
  }

  Optional<EngineNeed> need(Function<String, List<String>> triggers) {
    var syntax = file.directives().syntax();
    if (syntax != null && !KNOWN_FRONTEND.matcher(syntax).matches()) {
      return Optional.of(
          new EngineNeed(
              file.steps().getFirst(),
              "the parser directive `syntax` asks for the frontend `" + syntax + "`"));
    }
    var environments = new HashMap<Integer, Map<String, String>>();
    for (var stage : needed()) {
      var scope = scope();
      var base = base(stage);
      base.ifPresent(one -> scope.inherit(environments.getOrDefault(one.index(), Map.of())));
      var steps = new ArrayList<Step>();
      if (base.isEmpty() && !image(stage).equals("scratch")) {
        for (var step : triggers(stage, triggers.apply(image(stage)))) {
          var need = need(stage, step, scope);
          if (need.isPresent()) {
            return Optional.of(
                new EngineNeed(
                    stage.fromStep(),
                    "`FROM "
                        + image(stage)
                        + "` has the trigger `"
                        + DockerfilePrinter.line(step.instruction())
                        + "`: "
                        + need.get().why()));
          }
        }
      }
      steps.addAll(ownAndTriggered(stage));
      for (var step : steps) {
        var need = need(stage, step, scope);
        if (need.isPresent()) {
          return need;
        }
      }
      environments.put(stage.index(), scope.environment());
    }
    return Optional.empty();
  }

  /// Whether an instruction needs an engine, without following variables any further.
  Optional<EngineNeed> needOf(Stage stage, Step step, Scope scope) {
    return switch (step.instruction()) {
      case Instruction.Arg _, Instruction.Env _ -> Optional.empty();
      default -> need(stage, step, scope);
    };
  }

  /// What FROM asks for, or else what is built.
  Platform platform(Stage stage) {
    var platform = stage.from().platform();
    return platform == null
        ? request.platform()
        : Platform.parse(globalScope.word(platform, stage.fromStep()));
  }

  /// Whether one instruction needs an engine; variables are followed on the way.
  private Optional<EngineNeed> need(Stage stage, Step step, Scope scope) {
    return switch (step.instruction()) {
      case Instruction.Run _ ->
          Optional.of(new EngineNeed(step, "`RUN` runs a program in a container"));
      case Instruction.Arg arg -> {
        scope.apply(arg, step);
        yield Optional.empty();
      }
      case Instruction.Env env -> {
        scope.apply(env, step);
        yield Optional.empty();
      }
      case FileTransfer transfer -> transferNeed(stage, step, transfer, scope);
      default -> Optional.empty();
    };
  }

  private Optional<EngineNeed> transferNeed(
      Stage stage, Step step, FileTransfer transfer, Scope scope) {
    var from = transfer.flags().from();
    if (from != null && from(from, stage.index()).isEmpty()) {
      return Optional.of(
          new EngineNeed(
              step, "`COPY --from=" + from + "` copies from an image, not from an earlier stage"));
    }
    if (transfer instanceof Instruction.Add) {
      for (var source : transfer.sources()) {
        if (isRemote(scope.word(source, step))) {
          return Optional.of(
              new EngineNeed(step, "`ADD` fetches `" + withoutPassword(source) + "`"));
        }
      }
    }
    return Optional.empty();
  }

  private static String withoutPassword(String source) {
    return source.replaceFirst("://[^/@]*@", "://");
  }

  static boolean isRemote(String source) {
    return REMOTE.matcher(source).matches();
  }
}

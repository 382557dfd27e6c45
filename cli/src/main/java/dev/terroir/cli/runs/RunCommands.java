package dev.terroir.cli.runs;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.cli.environments.Environments;
import dev.terroir.compute.RunStatus;
import dev.terroir.compute.Runs;
import dev.terroir.compute.configuration.RunConfiguration;
import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Code;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `terroir run …`.
///
/// @since 0.1
public final class RunCommands {
  private static final Option RUN = Option.required("-r --run --run-id", "RUN", "The run's id.");

  private RunCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "submit-script",
            "Run a script in an environment and stream its log.",
            "terroir run submit-script -e demo --environment demo:1 --source project train.py"
                + " --epochs 3",
            List.of(
                Option.required("-e --experiment-name", "EXPERIMENT", "The experiment's name."),
                Option.value(
                    "-c --run-configuration-name", "NAME", "A .runconfig: its name or path."),
                Option.value("--environment", "NAME[:V]", "A registered environment."),
                Option.value("--environment-directory", "DIR", "A saved environment directory."),
                Option.value("--source --source-directory", "DIR", "Whose files the run gets."),
                Option.value("--timeout", "SECONDS", "How long the script may take."),
                Option.repeated("--tag", "KEY=VALUE", "A tag of the run."),
                Option.flag("--detach --async", "Come back as soon as the script runs.")),
            "SCRIPT [ARGUMENTS…]",
            RunCommands::submit),
        new Leaf(
            "list",
            "List runs, newest first.",
            "terroir run list -e demo --output table",
            List.of(Option.value("-e --experiment-name", "EXPERIMENT", "Of this experiment only.")),
            "",
            RunCommands::list),
        new Leaf(
            "show",
            "Show everything about a run.",
            "terroir run show -r RUN",
            List.of(RUN),
            "",
            (arguments, context) -> {
              context
                  .console()
                  .result(
                      context.runs().details(arguments.get("--run")),
                      "runId",
                      "status",
                      "exitCode",
                      "error");
              return 0;
            }),
        new Leaf(
            "logs",
            "Print a run's output.",
            "terroir run logs -f -r RUN",
            List.of(RUN, Option.flag("-f --follow", "Go on until the run has ended.")),
            "",
            RunCommands::logs),
        new Leaf(
            "cancel",
            "End a run with its whole process tree.",
            "terroir run cancel -r RUN",
            List.of(RUN),
            "",
            RunCommands::cancel),
        new Leaf(
            "metrics",
            "List what a run has logged, in the order logged.",
            "terroir run metrics -r RUN --output table",
            List.of(RUN, Option.value("-n --name", "NAME", "Of this name only.")),
            "",
            RunCommands::metrics),
        new Leaf(
            "tag",
            "Set tags of a run.",
            "terroir run tag -r RUN -t quality=good",
            List.of(RUN, Option.repeated("-t --tag", "KEY=VALUE", "A tag of the run.")),
            "",
            RunCommands::tag),
        new Leaf(
            "environment",
            "Show or save the exact environment of a run.",
            "terroir run environment -r RUN -d environment",
            List.of(
                RUN,
                Option.value("-d --directory", "DIR", "Where to save it."),
                Option.flag("--overwrite", "Replace files that are there.")),
            "",
            RunCommands::savedEnvironment),
        new Leaf(
            "download",
            "Copy a run's files.",
            "terroir run download -r RUN -p outputs/ -d results",
            List.of(
                RUN,
                Option.value("-p --prefix", "PREFIX", "Only files whose name begins so."),
                Option.value(
                    "-d --output-dir", "DIR", "Where to; the current directory when left out.")),
            "",
            RunCommands::download));
  }

  private static int submit(Arguments arguments, Context context) {
    var words = arguments.positionals();
    var source = arguments.path("--source").orElse(context.project()).toAbsolutePath().normalize();
    var configuration =
        arguments
            .optional("--run-configuration-name")
            .map(name ->
                RunConfiguration.read(
                    RunConfiguration.find(name, context.project()),
                    context.project(),
                    context.progress()::warn))
            .orElse(RunConfiguration.defaults());
    if (!words.isEmpty() && configuration.command() != null) {
      throw CliException.usage(
          "the script `"
              + words.getFirst()
              + "` and the command of the run configuration, `"
              + configuration.command()
              + "`, exclude each other",
          "leave the script out, or take `command` out of the run configuration");
    }
    var script = words.isEmpty() ? configuration.script() : words.getFirst();
    if (script == null && configuration.command() == null) {
      throw CliException.usage(
          "neither a script nor a command is named",
          "write the script's name, or `script` or `command` in the run configuration");
    }
    var config =
        ScriptRunConfig.of(
                source,
                script == null ? "" : script,
                words.isEmpty() ? List.of() : words.subList(1, words.size()),
                environment(arguments, context))
            .with(configuration);
    var timeout = arguments.optional("--timeout");
    if (timeout.isPresent()) {
      config = config.withMaxDuration(seconds(timeout.get()));
    }
    config = config.withTags(tags(arguments.all("--tag")));
    var runs = context.runs();
    var submitted = runs.submit(arguments.get("--experiment-name"), config, context.progress());
    var used = submitted.environment();
    var console = context.console();
    console.note("run " + submitted.id());
    if (used != null) {
      console.note(
          "environment "
              + used.name()
              + " version "
              + used.version()
              + " hash "
              + used.hash()
              + (used.isCached() ? " (cached)" : " (made now)"));
      if (!used.changed().isEmpty()) {
        console.note("changed since the last version: " + String.join(", ", used.changed()));
      }
    }
    if (arguments.has("--detach")) {
      console.result(runs.details(submitted.id()), "runId", "status");
      return 0;
    }
    return follow(submitted.id(), runs, context);
  }

  /// Streams a run to its end; the run is canceled when this process is asked to end.
  private static int follow(String id, Runs runs, Context context) {
    var hook = new Thread(() -> runs.cancel(id));
    Runtime.getRuntime().addShutdownHook(hook);
    runs.log(id, true, context.console()::say);
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return Code.Kind.CANCELED.exitCode();
    }
    var details = runs.details(id);
    var status = RunStatus.of(details.string("status"));
    details.optionalString("error").ifPresent(error -> context.console().note("error: " + error));
    if (context.console().isJsonOnly()) {
      context.console().result(details);
    } else {
      context.console().note("run " + id + " " + status.word());
    }
    return exitCode(status);
  }

  private static int exitCode(RunStatus status) {
    return switch (status) {
      case COMPLETED -> 0;
      case CANCELED -> Code.Kind.CANCELED.exitCode();
      case FAILED, PREPARING, QUEUED, RUNNING, FINALIZING, CANCEL_REQUESTED ->
          Code.Kind.FAILED.exitCode();
    };
  }

  private static @Nullable Environment environment(Arguments arguments, Context context) {
    var directory = arguments.path("--environment-directory");
    if (directory.isPresent()) {
      return SavedDirectory.load(directory.get(), context.progress()::warn);
    }
    var name = arguments.optional("--environment");
    return name.isPresent() ? Environments.parse(name.get(), context) : null;
  }

  private static Duration seconds(String text) {
    try {
      return Duration.ofSeconds(Long.parseLong(text));
    } catch (NumberFormatException e) {
      throw CliException.usage("`" + text + "` is no number of seconds", "write a whole number");
    }
  }

  /// Reads `KEY=VALUE` words.
  public static Map<String, String> tags(List<String> words) {
    var tags = new LinkedHashMap<String, String>();
    for (var word : words) {
      var split = word.split("=", 2);
      tags.put(split[0], split.length == 2 ? split[1] : "");
    }
    return tags;
  }

  private static int list(Arguments arguments, Context context) {
    context
        .console()
        .result(
            new JsonValue.JsonArray(
                List.copyOf(context.runs().list(arguments.orNull("--experiment-name")))),
            "runId",
            "experiment",
            "number",
            "status",
            "createdTimeUtc");
    return 0;
  }

  private static int logs(Arguments arguments, Context context) {
    context.runs().log(arguments.get("--run"), arguments.has("--follow"), context.console()::plain);
    return 0;
  }

  private static int cancel(Arguments arguments, Context context) {
    var id = arguments.get("--run");
    context.runs().cancel(id);
    context.console().result(context.runs().details(id), "runId", "status");
    return 0;
  }

  private static int metrics(Arguments arguments, Context context) {
    context
        .console()
        .result(
            new JsonValue.JsonArray(
                List.copyOf(
                    context.runs().metrics(arguments.get("--run"), arguments.orNull("--name")))),
            "name",
            "kind",
            "value",
            "step",
            "at");
    return 0;
  }

  private static int tag(Arguments arguments, Context context) {
    var words = arguments.all("--tag");
    if (words.isEmpty()) {
      throw CliException.usage("no tag is named", "say `--tag KEY=VALUE`");
    }
    var id = arguments.get("--run");
    context.runs().tag(id, tags(words));
    context.console().result(context.runs().details(id), "runId", "status", "tags");
    return 0;
  }

  private static int savedEnvironment(Arguments arguments, Context context) {
    var environment = context.runs().environment(arguments.get("--run"));
    var directory = arguments.path("--directory");
    if (directory.isPresent()) {
      SavedDirectory.save(environment, directory.get(), arguments.has("--overwrite"));
    }
    context.console().result(environment.toJson(), "name", "version");
    return 0;
  }

  private static int download(Arguments arguments, Context context) {
    var id = arguments.get("--run");
    var target = arguments.path("--output-dir").orElse(Path.of(""));
    var count =
        context
            .runs()
            .download(id, arguments.optional("--prefix").orElse(""), target, context.progress());
    context
        .console()
        .result(
            JsonObject.builder()
                .put("runId", id)
                .put("files", count)
                .put("directory", target.toAbsolutePath().toString())
                .build(),
            "runId",
            "files",
            "directory");
    return 0;
  }
}

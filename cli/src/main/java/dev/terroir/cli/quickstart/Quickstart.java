package dev.terroir.cli.quickstart;

import dev.terroir.cli.CliException;
import dev.terroir.cli.Main;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.compute.Run;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import dev.terroir.resolve.tool.UvProgram;
import dev.terroir.serving.Services;
import dev.terroir.workspace.LocalWorkspace;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// `terroir quickstart`: makes a small project and runs the commands a person would type, showing
/// each.
///
/// @since 0.1
public final class Quickstart {
  private static final String SERVICE = "quickstart-iris";
  private static final String DATA = "{\"data\": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}";

  private final Context context;
  private final Path directory;
  private final @Nullable String base;
  private final Settings settings;
  private final LocalWorkspace workspace;
  private final List<String> times = new ArrayList<>();

  private Quickstart(Context context, Path directory, @Nullable String base) {
    this.context = context;
    this.directory = directory;
    this.base = base;
    this.settings = context.settings();
    this.workspace =
        context.local(
            "the quickstart shows a workspace on this machine",
            "run it with `--workspace DIR`, or in a directory without a config.json");
  }

  /// The command.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "",
            "Go the whole way on a small project: environment, run, model, service.",
            "terroir quickstart --directory quickstart",
            List.of(
                Option.value(
                    "--directory", "DIR", "Where the project is made; ./terroir-quickstart."),
                Option.value(
                    "--base", "REF", "Also build the image, on this base, without an engine.")),
            "",
            Quickstart::run));
  }

  private static int run(Arguments arguments, Context context) {
    var directory =
        arguments
            .path("--directory")
            .orElse(Path.of("terroir-quickstart"))
            .toAbsolutePath()
            .normalize();
    var quickstart = new Quickstart(context, directory, arguments.orNull("--base"));
    // Whatever ends this process, nothing of it goes on.
    var hook = new Thread(quickstart::stopEverything);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return quickstart.go();
    } finally {
      quickstart.stopEverything();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The process is being ended; the hook does its work.
      }
    }
  }

  private synchronized void stopEverything() {
    var services = new Services(workspace);
    services.list().stream()
        .filter(service -> service.name().equals(SERVICE))
        .forEach(services::delete);
    for (var run : Run.list(workspace, "quickstart")) {
      if (!run.status().isFinal()) {
        run.cancel();
      }
    }
  }

  private int go() {
    var began = System.nanoTime();
    project();
    var environment = directory.resolve("environment").toString();
    var create =
        new ArrayList<>(
            List.of(
                "environment",
                "create",
                "-n",
                "quickstart",
                "-f",
                directory.resolve("requirements.txt").toString(),
                "-d",
                environment,
                "--overwrite"));
    pythonVersion().ifPresent(version -> create.addAll(List.of("--python", version)));
    var created = step("An environment from requirements.txt", create);
    say("   hash " + created.string("hash"));

    var locked =
        step("Lock it: exact packages with hashes", words("environment lock -d", environment));
    say(
        "   "
            + locked.longValue("packages")
            + " packages, "
            + locked.longValue("sizeBytes") / 1_000_000
            + " MB"
            + (locked.optionalBoolean("cached").orElse(false)
                ? " (the lock was there already)"
                : ""));

    var installed =
        step("Install it on this machine", words("environment install -d", environment));
    say(
        "   "
            + installed.string("path")
            + (installed.optionalBoolean("cached").orElse(false) ? " (it was there already)" : ""));

    var registered =
        step("Register it in the workspace", words("environment register -d", environment));
    var version = registered.string("version");
    say("   quickstart, version " + version);

    if (base != null) {
      var image =
          step(
              "Build its image, without an engine",
              words("environment build -n quickstart -v " + version + " --if-needed --base", base));
      say("   " + image.string("repository") + ":" + image.longValue("number"));
      say(
          "   "
              + image.string("digest")
              + ", "
              + image.longValue("size") / 1_000_000
              + " MB"
              + (image.optionalBoolean("isCached").orElse(false) ? " (it was there already)" : ""));
    }

    var run =
        step(
            "Train in it",
            words(
                "run submit-script -e quickstart --environment quickstart:" + version + " --source",
                directory.resolve("project").toString(),
                "train.py",
                "--trees",
                "50"));
    var id = run.string("runId");

    var used = step("Read the run's environment back", words("run environment -r", id));
    say("   " + used.string("name") + ", version " + used.string("version"));

    var model =
        step(
            "Register the model",
            words(
                "model register -n quickstart-iris --run-id",
                id,
                "--asset-path",
                "outputs/model.pkl"));
    say("   " + model.string("id"));

    var service =
        step(
            "Deploy it as a service in the same environment",
            words(
                "model deploy -n " + SERVICE + " -m " + model.string("id") + " --es score.py --sd",
                directory.resolve("project").toString(),
                "-e",
                "quickstart:" + version,
                "--overwrite"));
    say("   " + service.string("state") + " at " + service.string("scoringUri"));

    step("Score two rows", words("service run -n " + SERVICE + " -d", DATA));
    step("Stop everything", words("service delete -n " + SERVICE));
    closing((System.nanoTime() - began) / 1e9);
    return 0;
  }

  private void closing(double seconds) {
    say("");
    say("Times");
    times.forEach(this::say);
    say(String.format(Locale.ROOT, "  %6.1f s  in all", seconds));
    say("");
    say("The project is in " + directory + ". What to try next:");
    say("  terroir run list --output table               the runs and their status");
    say("  terroir environment list --output table       what is registered, curated ones too");
    say("  terroir lock why -n quickstart numpy          who asked for a package");
    say("  terroir environment exec -n quickstart -- python");
    if (base == null) {
      say(
          "  terroir environment build -n quickstart --base REF   its image, without an engine; REF"
              + " is a");
      say("      base with the same Python: python:3.12-slim, oci:DIR:TAG, docker-archive:FILE");
    } else {
      say("  terroir environment image -n quickstart       what is known of its image");
    }
    say(
        "  terroir quickstart                            again: nothing is resolved or installed"
            + " twice");
  }

  private void project() {
    say("A small project in " + directory);
    try {
      Files.createDirectories(directory.resolve("project"));
      copy("requirements.txt", directory.resolve("requirements.txt"));
      copy("train.py", directory.resolve("project/train.py"));
      copy("score.py", directory.resolve("project/score.py"));
      Trees.delete(directory.resolve("environment"));
    } catch (IOException e) {
      throw dev.terroir.foundation.FoundationException.ofFile(
          "the project cannot be made", directory, e);
    }
  }

  private static void copy(String name, Path target) {
    try (var in = Quickstart.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing");
      }
      AtomicFiles.write(target, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The version of the user's own Python, so that nothing more has to be fetched.
  private Optional<String> pythonVersion() {
    return UvProgram.python(settings)
        .map(python ->
            new Command(
                    List.of(
                        python.toString(),
                        "-c",
                        "import sys; print('%d.%d' % sys.version_info[:2])"),
                    settings.variables(),
                    null,
                    Duration.ofSeconds(30))
                .run()
                .output()
                .strip())
        .filter(version -> version.matches("3\\.\\d+"));
  }

  private static List<String> words(String fixed, String... more) {
    var words = new ArrayList<>(Arrays.asList(fixed.split(" ")));
    words.addAll(List.of(more));
    return words;
  }

  /// Runs a command in this process, as it would be typed.
  ///
  /// @return its JSON, or an empty object when it prints something else
  private JsonObject step(String title, List<String> words) {
    say("");
    say(title);
    say("$ terroir " + String.join(" ", words.stream().map(Quickstart::shell).toList()));
    var began = System.nanoTime();
    var buffer = new ByteArrayOutputStream();
    var streams = words.getFirst().equals("run") && words.get(1).equals("submit-script");
    var arguments = new ArrayList<>(words);
    if (!words.contains("service") || words.contains("delete")) {
      arguments.addAll(2, List.of("--output", "json", "--workspace", workspace()));
    } else {
      arguments.addAll(2, List.of("--workspace", workspace()));
    }
    var out = new PrintStream(buffer, true, StandardCharsets.UTF_8);
    var err = new Indented(System.err);
    var code = Main.run(arguments.toArray(String[]::new), settings, out, err);
    if (code != 0) {
      throw CliException.usage(
          "the step `" + title + "` ended with exit code " + code,
          "what went wrong stands above; `terroir doctor` says what this machine lacks");
    }
    times.add(
        String.format(Locale.ROOT, "  %6.1f s  %s", (System.nanoTime() - began) / 1e9, title));
    var text = buffer.toString(StandardCharsets.UTF_8).strip();
    if (!streams && !text.startsWith("{")) {
      say("   " + text);
      return JsonObject.EMPTY;
    }
    return JsonReader.parseObject(text, "the output of the command");
  }

  private String workspace() {
    return workspace.directory().toString();
  }

  private void say(String line) {
    context.console().say(line);
  }

  private static String shell(String word) {
    return word.matches("[A-Za-z0-9_./:=@%+,-]+") ? word : "'" + word + "'";
  }

  /// Shows the messages of a step below its command.
  private static final class Indented extends PrintStream {
    Indented(PrintStream to) {
      super(to, true, StandardCharsets.UTF_8);
    }

    @Override
    public void println(String line) {
      super.println("   " + line);
    }
  }
}

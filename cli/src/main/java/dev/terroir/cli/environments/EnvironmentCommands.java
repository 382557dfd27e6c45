package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.environment.Validation;
import dev.terroir.environment.existing.ExistingEnvironment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Code;
import dev.terroir.lock.Lock;
import dev.terroir.prefix.LocalPython;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/// `terroir environment …`.
///
/// @since 0.1
public final class EnvironmentCommands {
  private static final Option NAME =
      Option.required("-n --name", "NAME", "The environment's name.");
  private static final Option VERSION =
      Option.value("-v --version", "V", "A version; the latest when left out.");
  private static final Option DIRECTORY =
      Option.required("-d --directory", "DIR", "A saved environment directory.");
  private static final Option OVERWRITE =
      Option.flag("--overwrite", "Replace files that are there.");

  private EnvironmentCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    var lock =
        with(
            Environments.OPTIONS,
            Option.flag("--update", "Resolve anew."),
            Option.value("--platform", "P", "linux/amd64 or linux/arm64 instead of this machine."),
            Option.repeated(
                "--virtual-package",
                "NAME=VERSION",
                "What the machine offers that runs it, such as __cuda=12.4."),
            Option.value("--python", "X.Y", "Another Python than the definition's."),
            Option.value("-o --file", "FILE", "Write the lock to a file too."));
    return List.of(
        new Leaf(
            "create",
            "Make a saved environment from a file of packages, or of a conda environment.",
            "terroir environment create -n demo -f requirements.txt -d environment",
            List.of(
                NAME,
                Option.value(
                    "-f --file",
                    "FILE",
                    "environment.yml, requirements.txt, pyproject.toml or pylock.toml."),
                Option.value(
                    "--conda-env",
                    "NAME|PREFIX",
                    "A conda environment of this machine instead of a file."),
                Option.flag("--from-history", "Of a conda environment, only what was asked for."),
                Option.value(
                    "--group",
                    "G",
                    "A dependency group or extra of pyproject.toml or pylock.toml."),
                Option.value("--python", "X.Y", "The version of Python."),
                DIRECTORY,
                OVERWRITE),
            "",
            EnvironmentCommands::create),
        new Leaf(
            "scaffold",
            "Write the files of a new environment to edit.",
            "terroir environment scaffold -n demo -d environment",
            List.of(NAME, DIRECTORY, OVERWRITE),
            "",
            EnvironmentCommands::scaffold),
        new Leaf(
            "register",
            "Register a saved environment; an unchanged one keeps its version.",
            "terroir environment register -d environment",
            List.of(DIRECTORY),
            "",
            EnvironmentCommands::register),
        new Leaf(
            "list",
            "List the registered environments.",
            "terroir environment list --output table",
            List.of(),
            "",
            EnvironmentCommands::list),
        new Leaf(
            "show",
            "Show a registered environment.",
            "terroir environment show -n demo -v 1",
            List.of(
                NAME, VERSION, Option.value("--label", "LABEL", "A label instead of a version.")),
            "",
            EnvironmentCommands::show),
        new Leaf(
            "download",
            "Write a registered environment to a directory.",
            "terroir environment download -n demo -v 1 -d environment",
            List.of(NAME, VERSION, DIRECTORY, OVERWRITE),
            "",
            EnvironmentCommands::download),
        new Leaf(
            "hash",
            "Print the definition hash.",
            "terroir environment hash -d environment --explain",
            with(Environments.OPTIONS, Option.flag("--explain", "Show what is hashed.")),
            "",
            EnvironmentCommands::hash),
        new Leaf(
            "diff",
            "Say which parts of two definitions differ, and whether their hash does.",
            "terroir environment diff demo:1 demo:2",
            List.of(),
            "A B",
            EnvironmentCommands::diff),
        new Leaf(
            "lock",
            "Resolve a definition to exact packages; the first resolution is kept.",
            "terroir environment lock -d environment",
            lock,
            "",
            EnvironmentCommands::lock),
        new Leaf(
            "licenses",
            "List the licences of all locked packages.",
            "terroir environment licenses -n demo --output table",
            with(
                Environments.OPTIONS,
                Option.value(
                    "--platform", "P", "linux/amd64 or linux/arm64 instead of this machine."),
                Option.value("--python", "X.Y", "Another Python than the definition's.")),
            "",
            LicenseCommand::run),
        new Leaf(
            "install",
            "Make the environment ready on this machine.",
            "terroir environment install -d environment",
            Environments.OPTIONS,
            "",
            EnvironmentCommands::install),
        new Leaf(
            "path",
            "Print where the installed environment lies.",
            "terroir environment path -d environment",
            Environments.OPTIONS,
            "",
            EnvironmentCommands::path),
        new Leaf(
            "activate",
            "Print what a shell sources to work in the environment.",
            "eval \"$(terroir environment activate -d environment)\"",
            Environments.OPTIONS,
            "",
            EnvironmentCommands::activate),
        new Leaf(
            "exec",
            "Run a program in the environment.",
            "terroir environment exec -d environment -- python -V",
            Environments.OPTIONS,
            "COMMAND [ARGUMENTS…]",
            EnvironmentCommands::exec),
        PackCommand.leaf(),
        new Leaf(
            "archive",
            "Leave an environment out of lists; it can still be used.",
            "terroir environment archive -n demo -v 1",
            List.of(NAME, VERSION),
            "",
            (arguments, context) -> archive(arguments, context, true)),
        new Leaf(
            "restore",
            "Take an archived environment back into lists.",
            "terroir environment restore -n demo -v 1",
            List.of(NAME, VERSION),
            "",
            (arguments, context) -> archive(arguments, context, false)),
        new Leaf(
            "label",
            "Point labels at a version.",
            "terroir environment label -n demo -v 1 production",
            List.of(NAME, Option.required("-v --version", "V", "The version.")),
            "LABEL…",
            EnvironmentCommands::label));
  }

  private static List<Option> with(List<Option> options, Option... more) {
    var all = new ArrayList<>(options);
    all.addAll(List.of(more));
    return all;
  }

  private static int create(Arguments arguments, Context context) {
    var name = arguments.get("--name");
    var file = arguments.path("--file");
    var existing = arguments.optional("--conda-env");
    if (file.isPresent() == existing.isPresent()) {
      throw CliException.usage(
          file.isPresent() ? "both a file and a conda environment are given" : "no file is given",
          "give a file of packages with -f FILE, or a conda environment with --conda-env NAME");
    }
    if (file.isPresent()) {
      if (arguments.has("--from-history")) {
        throw CliException.usage(
            "only a conda environment has a history", "leave --from-history out");
      }
      return save(read(name, file.get(), arguments, context), arguments, context);
    }
    if (arguments.has("--group")) {
      throw CliException.usage(
          "only pyproject.toml and pylock.toml have groups", "leave --group out");
    }
    var found = ExistingEnvironment.read(existing.orElseThrow(), context.settings());
    var captured = arguments.has("--from-history") ? found.requested() : found.exact();
    captured.warnings().forEach(context.progress()::warn);
    var unreproducible =
        captured.unreproducible().stream()
            .<JsonValue>map(item ->
                JsonObject.builder()
                    .put("name", item.name())
                    .put("why", item.why())
                    .put("leftOut", item.isLeftOut())
                    .build())
            .toList();
    return save(
        withPython(Environment.of(name, captured.dependencies()), arguments),
        JsonObject.builder()
            .put("prefix", found.prefix().toString())
            .put("unreproducible", new JsonValue.JsonArray(unreproducible))
            .build(),
        arguments,
        context);
  }

  /// A definition of a file of packages, with `--group` and `--python` as given.
  public static Environment read(String name, Path file, Arguments arguments, Context context) {
    return withPython(
        Environment.fromFile(
            name, file, arguments.orNull("--group"), context.settings(), context.progress()::warn),
        arguments);
  }

  /// The same without anything that the file does not name.
  public static Environment readAlone(
      String name, Path file, Arguments arguments, Context context) {
    return withPython(
        Environment.fromFileAlone(
            name, file, arguments.orNull("--group"), context.settings(), context.progress()::warn),
        arguments);
  }

  private static Environment withPython(Environment environment, Arguments arguments) {
    var python = arguments.optional("--python");
    return python.isEmpty()
        ? environment
        : environment.withCondaDependencies(
            environment.condaDependencies().orElseThrow().setPythonVersion(python.get()));
  }

  private static int scaffold(Arguments arguments, Context context) {
    return save(Environment.of(arguments.get("--name")), arguments, context);
  }

  private static int save(Environment environment, Arguments arguments, Context context) {
    return save(environment, JsonObject.EMPTY, arguments, context);
  }

  private static int save(
      Environment environment, JsonObject more, Arguments arguments, Context context) {
    Validation.checkNewName(environment.name());
    Validation.check(environment);
    var directory = Path.of(arguments.get("--directory"));
    SavedDirectory.save(environment, directory, arguments.has("--overwrite"));
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", environment.name())
                .put("hash", CanonicalForm.hash(environment))
                .put("directory", directory.toString())
                .putAll(more)
                .build(),
            "name",
            "hash",
            "directory");
    return 0;
  }

  private static int register(Arguments arguments, Context context) {
    var environment =
        SavedDirectory.load(Path.of(arguments.get("--directory")), context.progress()::warn);
    Validation.unusedPackages(environment).ifPresent(context.progress()::warn);
    var registered = context.workspace().environments().register(environment);
    context
        .console()
        .note(
            registered.isNew()
                ? "registered " + environment.name() + " as version " + registered.version()
                : environment.name() + " is unchanged: version " + registered.version());
    context.console().result(registered.environment().toJson(), "name", "version");
    return 0;
  }

  private static int list(Arguments arguments, Context context) {
    var workspace = context.workspace();
    if (!context.console().isTable() && workspace instanceof LocalWorkspace local) {
      context.console().plain(local.listing().json());
    } else if (context.console().isTable()) {
      var rows = new ArrayList<JsonValue>();
      for (var item : workspace.environments().listStored()) {
        rows.add(
            JsonObject.builder().put("name", item.name()).put("version", item.version()).build());
      }
      context.console().result(new JsonValue.JsonArray(rows), "name", "version");
    } else {
      var definitions = new StringJoiner(",", "[", "]");
      workspace.environments().listStored().forEach(item -> definitions.add(item.definition()));
      context.console().plain(JsonWriter.relaid(definitions.toString(), 2));
    }
    return 0;
  }

  private static int show(Arguments arguments, Context context) {
    context
        .console()
        .result(registered(arguments, context).environment().toJson(), "name", "version");
    return 0;
  }

  private static Registered registered(Arguments arguments, Context context) {
    return context
        .workspace()
        .environments()
        .get(arguments.get("--name"), arguments.orNull("--version"), arguments.orNull("--label"));
  }

  private static int download(Arguments arguments, Context context) {
    var directory = Path.of(arguments.get("--directory"));
    SavedDirectory.save(
        registered(arguments, context).environment(), directory, arguments.has("--overwrite"));
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", arguments.get("--name"))
                .put("directory", directory.toString())
                .build(),
            "name",
            "directory");
    return 0;
  }

  private static int hash(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    if (arguments.has("--explain")) {
      context.console().note(JsonWriter.indented(CanonicalForm.of(environment), 2));
    }
    context.console().plain(CanonicalForm.hash(environment));
    return 0;
  }

  private static int diff(Arguments arguments, Context context) {
    var sides = arguments.positionals();
    if (sides.size() != 2) {
      throw CliException.usage(
          "a difference is between two environments", "give two of NAME:VERSION or DIR");
    }
    var before = Environments.parse(sides.getFirst(), context);
    var after = Environments.parse(sides.getLast(), context);
    var parts = new ArrayList<JsonValue>();
    for (var difference : CanonicalForm.difference(before, after)) {
      parts.add(
          JsonObject.builder()
              .put("part", difference.part())
              .put("before", difference.before())
              .put("after", difference.after())
              .build());
    }
    context
        .console()
        .result(
            JsonObject.builder()
                .put("hashChanged", !parts.isEmpty())
                .put("before", CanonicalForm.hash(before))
                .put("after", CanonicalForm.hash(after))
                .put(
                    "environmentVariablesChanged",
                    !before.environmentVariables().equals(after.environmentVariables()))
                .put("parts", new JsonValue.JsonArray(parts))
                .build(),
            "hashChanged",
            "before",
            "after",
            "parts");
    return 0;
  }

  private static int lock(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    var stored =
        context
            .workspace()
            .lock(
                environment,
                Environments.lockOptions(arguments, arguments.has("--update")),
                context.progress());
    var lock = stored.lock();
    arguments.path("--file").ifPresent(file -> AtomicFiles.write(file, lock + "\n"));
    context.console().result(summary(lock, stored.isCached()), "digest", "packages", "cached");
    return 0;
  }

  private static JsonObject summary(Lock lock, boolean isCached) {
    return JsonObject.builder()
        .put("definitionHash", lock.definitionHash())
        .put("digest", lock.digest().prefixed())
        .put("platform", lock.platform().toString())
        .put("pythonVersion", lock.pythonVersion())
        .put("packages", lock.everything().size())
        .put("condaPackages", lock.conda().packages().size())
        .put("sizeBytes", lock.sizeBytes())
        .put("replacements", JsonValue.ofStrings(lock.replacements()))
        .put("cached", isCached)
        .build();
  }

  private static Workspace.Ready ready(Arguments arguments, Context context) {
    return context
        .workspace()
        .realise(
            Environments.chosen(arguments, context),
            Environments.lockOptions(arguments, false),
            context.progress());
  }

  private static int install(Arguments arguments, Context context) {
    var ready = ready(arguments, context);
    context
        .console()
        .result(
            JsonObject.builder()
                .put("hash", ready.hash())
                .put("lockDigest", ready.python().lockDigest())
                .put("path", ready.python().prefix().map(Path::toString).orElse(null))
                .put("python", ready.python().python().toString())
                .put("cached", ready.isCached())
                .build(),
            "hash",
            "path",
            "cached");
    return 0;
  }

  private static LocalPython installed(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    return context
        .workspace()
        .find(environment)
        .orElseThrow(() ->
            CliException.usage(
                "the environment `" + environment.name() + "` is not installed on this machine",
                "install it with `terroir environment install`"));
  }

  private static int path(Arguments arguments, Context context) {
    var python = installed(arguments, context);
    context.console().plain(python.prefix().orElse(python.python()).toString());
    return 0;
  }

  private static int activate(Arguments arguments, Context context) {
    context.console().text(installed(arguments, context).activation());
    return 0;
  }

  private static int exec(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    var python =
        context
            .workspace()
            .realise(environment, Environments.lockOptions(arguments, false), context.progress())
            .python();
    var command = new ArrayList<>(arguments.positionals());
    var program = String.valueOf(command.getFirst());
    var own = python.python().resolveSibling(program);
    if (!program.contains("/") && Files.isExecutable(own)) {
      command.set(0, own.toString());
    }
    var builder = new ProcessBuilder(command).inheritIO();
    builder.environment().clear();
    builder.environment().putAll(python.activated(context.settings().variables()));
    builder.environment().putAll(environment.environmentVariables());
    try {
      var process = builder.start();
      var code = process.waitFor();
      return code;
    } catch (IOException e) {
      throw CliException.usage(
          "`" + program + "` cannot be started: " + e.getMessage(),
          "name a program of the environment or of PATH");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Code.Kind.CANCELED.exitCode();
    }
  }

  private static int archive(Arguments arguments, Context context, boolean archived) {
    var name = arguments.get("--name");
    var version = arguments.orNull("--version");
    var environments = context.workspace().environments();
    environments.archive(name, version, archived);
    if (archived) {
      for (var registered : environments.versions(name)) {
        var users = context.services().usersOf(name, registered.version());
        if (!users.isEmpty()) {
          context
              .progress()
              .warn(
                  "version "
                      + registered.version()
                      + " is in use by "
                      + String.join(", ", users)
                      + ", which goes on");
        }
      }
    }
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", name)
                .put("version", version)
                .put("archived", archived)
                .build(),
            "name",
            "version",
            "archived");
    return 0;
  }

  private static int label(Arguments arguments, Context context) {
    var name = arguments.get("--name");
    var version = arguments.get("--version");
    var environments = context.workspace().environments();
    environments.label(name, version, arguments.positionals());
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", name)
                .put("version", version)
                .put("labels", environments.labels(name, version))
                .build(),
            "name",
            "version",
            "labels");
    return 0;
  }
}

package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.environment.Environment;
import dev.terroir.environment.Groups;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.environment.Validation;
import dev.terroir.environment.existing.ExistingEnvironment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.Lock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// `terroir environment …`.
///
/// @since 0.1
public final class EnvironmentCommands {
  static final Option NAME = Option.required("-n --name", "NAME", "The environment's name.");
  static final Option VERSION =
      Option.value("-v --version", "V", "A version; the latest when left out.");
  static final Option DIRECTORY =
      Option.required("-d --directory", "DIR", "A saved environment directory.");
  static final Option OVERWRITE = Option.flag("--overwrite", "Replace files that are there.");

  private EnvironmentCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    var all = new ArrayList<>(ofFiles());
    all.addAll(RegisteredCommands.leaves());
    all.addAll(ofDefinitions());
    all.addAll(InstalledCommands.leaves());
    all.add(PackCommand.leaf());
    all.addAll(RegisteredCommands.ofVersions());
    return List.copyOf(all);
  }

  private static List<Leaf> ofFiles() {
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
                Option.flag("--no-default-groups", "Of pylock.toml, without its default groups."),
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
            EnvironmentCommands::scaffold));
  }

  private static List<Leaf> ofDefinitions() {
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
            LicenseCommand::run));
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
    if (arguments.has("--group") || arguments.has("--no-default-groups")) {
      throw CliException.usage(
          "only pyproject.toml and pylock.toml have groups",
          "leave --group and --no-default-groups out");
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
            name, file, groups(arguments), context.settings(), context.progress()::warn),
        arguments);
  }

  private static Groups groups(Arguments arguments) {
    return new Groups(arguments.orNull("--group"), !arguments.has("--no-default-groups"));
  }

  /// The same without anything that the file does not name.
  public static Environment readAlone(
      String name, Path file, Arguments arguments, Context context) {
    return withPython(
        Environment.fromFileAlone(
            name, file, groups(arguments), context.settings(), context.progress()::warn),
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
}

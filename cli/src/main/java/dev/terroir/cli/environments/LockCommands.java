package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockDifference;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.Locked;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import dev.terroir.lock.exchange.ForeignLocks;
import dev.terroir.lock.exchange.LockDocument;
import dev.terroir.lock.exchange.LockExchange;
import dev.terroir.lock.export.LockExport;
import dev.terroir.resolve.artifact.ClientWheels;
import dev.terroir.resolve.artifact.LockedSources;
import dev.terroir.resolve.tool.Uv;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// `terroir lock …`.
///
/// @since 0.1
public final class LockCommands {
  private LockCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    var options = new ArrayList<>(Environments.OPTIONS);
    options.add(
        Option.value(
            "-f --file", "FILE", "A lock file instead of an environment, or another tool's lock."));
    options.add(Option.value("--environment", "ENV", "Which environment of another tool's lock."));
    options.add(Option.value("--platform", "P", "linux/amd64 or linux/arm64."));
    options.add(Option.value("--python", "X.Y", "Another Python than the definition's."));
    var export = new ArrayList<>(options);
    export.add(
        Option.value(
            "--format",
            "FORMAT",
            "pylock, requirements, conda-explicit, pixi or conda-lock; pylock when left out."));
    export.add(
        Option.value("-o --to", "FILE", "Where to write it; standard output when left out."));
    return List.of(
        new Leaf(
            "show",
            "Show the packages of a lock.",
            "terroir lock show -n demo --output table",
            options,
            "",
            LockCommands::show),
        new Leaf(
            "export",
            "Write a lock for pip, uv, conda, pixi or conda-lock.",
            "terroir lock export -n demo --format requirements -o requirements.lock",
            export,
            "",
            LockCommands::export),
        new Leaf(
            "import",
            "Register an environment of another tool's lock, with exactly its packages.",
            "terroir lock import -f conda-lock.yml -n demo",
            List.of(
                Option.required(
                    "-f --file",
                    "FILE",
                    "An explicit list of conda, a conda-lock.yml, a pixi.lock or a lock of"
                        + " mambajs."),
                Option.value(
                    "-n --name", "NAME", "The environment's name; the file's when left out."),
                Option.value("--environment", "ENV", "Which environment or category of the file."),
                Option.value(
                    "--platform", "P", "Which platform of the file; this machine's first."),
                Option.value("-d --directory", "DIR", "Save the definition to a directory too."),
                Option.flag("--overwrite", "Replace files that are there."),
                Option.flag("--update", "Take the place of another lock of the same definition.")),
            "",
            LockImport::run),
        new Leaf(
            "diff",
            "Say what was added, removed and changed between two locks.",
            "terroir lock diff demo:1 demo:2",
            List.of(),
            "A B",
            LockCommands::diff),
        new Leaf(
            "why",
            "Say what requires a package.",
            "terroir lock why -n demo numpy",
            options,
            "PACKAGE",
            LockCommands::why));
  }

  private static Lock chosen(Arguments arguments, Context context) {
    var file = arguments.path("--file");
    if (file.isPresent()) {
      return read(
          file.get(), arguments.orNull("--environment"), arguments.orNull("--platform"), context);
    }
    return context
        .workspace()
        .lock(
            Environments.chosen(arguments, context),
            Environments.lockOptions(arguments, false),
            context.progress())
        .lock();
  }

  /// A lock file, or what another tool's lock holds for one environment and platform.
  private static Lock read(
      Path file, @Nullable String environment, @Nullable String platform, Context context) {
    if (LockFile.isOne(file)) {
      return LockFile.read(file);
    }
    var document = ForeignLocks.read(file, context.progress()::warn);
    var base = file.toAbsolutePath().getParent();
    // It belongs to no definition.
    return LockExchange.toLock(
            document,
            LockExchange.choose(document, file.toString(), environment, platform),
            base == null ? Path.of("/") : base,
            new LockedSources(
                () ->
                    Uv.open(
                        context.settings(), TerroirHome.of(context.settings()), context.progress()),
                context.progress()))
        .of("0".repeat(32));
  }

  /// A lock file, an environment `NAME[:VERSION]` or a saved directory.
  private static Lock parse(String text, Context context) {
    if (Files.isRegularFile(Path.of(text))) {
      return read(Path.of(text), null, null, context);
    }
    var environment = Environments.parse(text, context);
    return context
        .workspace()
        .findLock(environment)
        .orElseThrow(() ->
            CliException.usage(
                "`" + text + "` has no lock yet", "lock it with `terroir environment lock`"));
  }

  private static int show(Arguments arguments, Context context) {
    var lock = chosen(arguments, context);
    var json = JsonReader.parseObject(lock.toString(), "lock");
    var console = context.console();
    if (arguments.optional("--output").map("table"::equals).orElse(false)) {
      console.result(
          new JsonValue.JsonArray(lock.everything().stream().map(LockCommands::row).toList()),
          "name",
          "version",
          "build",
          "kind",
          "size",
          "requiredBy");
    } else {
      console.result(json);
    }
    return 0;
  }

  private static JsonValue row(Locked item) {
    return JsonObject.builder()
        .put("name", item.name())
        .put("version", item.version())
        .put("build", item instanceof CondaPackage conda ? conda.build() : "")
        .put("kind", kind(item))
        .put("size", item.sizeBytes())
        .put("requiredBy", item.requiredBy())
        .build();
  }

  private static String kind(Locked item) {
    return switch (item) {
      case CondaPackage _ -> "conda";
      case LockedPackage wheel -> wheel.artifact().kind();
    };
  }

  private static int export(Arguments arguments, Context context) {
    var lock = ClientWheels.here(chosen(arguments, context), TerroirHome.of(context.settings()));
    var format = arguments.optional("--format").orElse("pylock");
    var text =
        switch (format) {
          case "pylock" -> LockExport.pylock(lock);
          case "requirements" -> LockExport.requirements(lock);
          case "conda-explicit" -> exchanged(lock, LockDocument.Format.EXPLICIT);
          case "pixi" -> exchanged(lock, LockDocument.Format.PIXI);
          case "conda-lock" -> exchanged(lock, LockDocument.Format.CONDA_LOCK);
          case String other ->
              throw CliException.usage(
                  "`" + other + "` is no format of a lock",
                  "write pylock, requirements, conda-explicit, pixi or conda-lock");
        };
    leftOut(lock, format).ifPresent(context.progress()::warn);
    unhashed(lock, format).ifPresent(context.progress()::warn);
    var file = arguments.path("--to");
    if (file.isPresent()) {
      var name = String.valueOf(file.get().getFileName());
      if (format.equals("pylock") && !LockExport.isPylockName(name)) {
        context
            .progress()
            .warn("pip and uv take only `pylock.toml` and `pylock.NAME.toml`, not `" + name + "`");
      }
      AtomicFiles.write(file.get(), text);
    } else {
      context.console().text(text);
    }
    return 0;
  }

  private static String exchanged(Lock lock, LockDocument.Format format) {
    return ForeignLocks.write(LockExchange.ofLock(lock), format);
  }

  /// What a format does not carry.
  private static Optional<String> leftOut(Lock lock, String format) {
    var conda = lock.conda().packages().size();
    var pip = lock.packages().size();
    return switch (format) {
      case "pylock", "requirements" ->
          conda == 0
              ? Optional.empty()
              : Optional.of(
                  conda
                      + (conda == 1 ? " conda package is" : " conda packages are")
                      + " left out: "
                      + format
                      + " holds packages of Python indexes only");
      case "conda-explicit" ->
          pip == 0
              ? Optional.empty()
              : Optional.of(
                  pip
                      + (pip == 1
                          ? " package of a Python index is"
                          : " packages of Python indexes are")
                      + " written as comments, which conda-lock and Terroir read and conda does"
                      + " not");
      default -> Optional.empty();
    };
  }

  /// What a format cannot hold to its bytes.
  private static Optional<String> unhashed(Lock lock, String format) {
    var names =
        lock.packages().stream()
            .filter(item -> item.commit().isPresent())
            .map(LockedPackage::name)
            .toList();
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(
            (names.size() == 1 ? "a commit stands for `" : "commits stand for `")
                + String.join("`, `", names)
                + "`, which others build anew: only a lock of Terroir holds a build to its bytes"
                + (format.equals("requirements")
                    ? "; uv takes such a line as it is, pip refuses it beside hashes and"
                        + " installs it from a file of its own, with --no-deps"
                    : ""));
  }

  private static int diff(Arguments arguments, Context context) {
    var sides = arguments.positionals();
    if (sides.size() != 2) {
      throw CliException.usage(
          "a difference is between two locks", "give two of FILE, NAME:VERSION or DIR");
    }
    var difference =
        LockDifference.between(parse(sides.getFirst(), context), parse(sides.getLast(), context));
    context
        .console()
        .result(
            JsonObject.builder()
                .put("added", items(difference.added()))
                .put("removed", items(difference.removed()))
                .put(
                    "changed",
                    new JsonValue.JsonArray(
                        difference.changed().stream()
                            .<JsonValue>map(LockCommands::changed)
                            .toList()))
                .build(),
            "added",
            "removed",
            "changed");
    return 0;
  }

  private static JsonObject changed(LockDifference.Change change) {
    var json =
        JsonObject.builder()
            .put("name", change.before().name())
            .put("before", change.before().version())
            .put("after", change.after().version());
    if (change.before() instanceof CondaPackage one
        && change.after() instanceof CondaPackage other) {
      json.put("kind", "conda").put("buildBefore", one.build()).put("buildAfter", other.build());
    }
    var before = commit(change.before());
    var after = commit(change.after());
    if (before != null || after != null) {
      json.put("commitBefore", before).put("commitAfter", after);
    }
    return json.build();
  }

  private static @Nullable String commit(Locked item) {
    return item instanceof LockedPackage wheel
        ? wheel.commit().map(RepositoryCommit::commit).orElse(null)
        : null;
  }

  private static JsonValue items(List<Locked> packages) {
    return new JsonValue.JsonArray(
        packages.stream()
            .<JsonValue>map(item -> {
              var json =
                  JsonObject.builder().put("name", item.name()).put("version", item.version());
              if (item instanceof CondaPackage conda) {
                json.put("kind", "conda").put("build", conda.build());
              }
              return json.build();
            })
            .toList());
  }

  private static int why(Arguments arguments, Context context) {
    var lock = chosen(arguments, context);
    var found = new ArrayList<JsonValue>();
    for (var wanted : lock.named(arguments.positionals().getFirst())) {
      var json = JsonObject.builder().put("name", wanted.name()).put("version", wanted.version());
      if (wanted instanceof CondaPackage conda) {
        json.put("kind", "conda").put("build", conda.build());
      }
      found.add(json.put("requiredBy", wanted.requiredBy()).put("way", way(lock, wanted)).build());
    }
    // A name that both kinds have is told twice.
    context
        .console()
        .result(
            found.size() == 1 ? found.getFirst() : new JsonValue.JsonArray(found),
            "name",
            "version",
            "way");
    return 0;
  }

  /// The shortest way from the definition, within the package's own kind.
  private static List<String> way(Lock lock, Locked wanted) {
    Map<String, Locked> packages = new HashMap<>();
    for (var item : lock.everything()) {
      if (item instanceof CondaPackage == wanted instanceof CondaPackage) {
        packages.put(item.name(), item);
      }
    }
    // Breadth first.
    Map<String, String> next = new LinkedHashMap<>();
    var pending = new ArrayDeque<String>(List.of(wanted.name()));
    while (!pending.isEmpty()) {
      var name = pending.removeFirst();
      var item = packages.get(name);
      for (var by : item == null ? List.<String>of() : item.requiredBy()) {
        if (!by.equals(wanted.name()) && next.putIfAbsent(by, name) == null) {
          pending.add(by);
        }
      }
    }
    var way = new ArrayList<String>();
    for (var at = LockedPackage.DEFINITION; at != null; at = next.get(at)) {
      way.add(at);
    }
    return way;
  }
}

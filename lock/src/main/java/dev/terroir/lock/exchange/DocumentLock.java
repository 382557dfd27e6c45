package dev.terroir.lock.exchange;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.yaml.Yaml;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import dev.terroir.lock.LockedPackage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Makes the lock of one environment of one platform. For one thread.
final class DocumentLock {
  private static final Pattern MAJOR_MINOR = Pattern.compile("([0-9]+\\.[0-9]+)(?:[^0-9].*)?");

  private final LockDocument document;
  private final LockExchange.Choice choice;
  private final SourceBuilds sources;
  private final Refusals refusals;
  private final CondaEntries condaEntries;
  private final PypiEntries pypiEntries;
  private final LockChannels lockChannels;

  DocumentLock(LockDocument document, LockExchange.Choice choice, Path base, SourceBuilds sources) {
    var environment = document.environment(choice.environment()).orElseThrow();
    this.document = document;
    this.choice = choice;
    this.sources = sources;
    this.refusals = new Refusals(base);
    this.condaEntries = new CondaEntries(refusals);
    this.pypiEntries = new PypiEntries(refusals, environment.indexes());
    this.lockChannels = new LockChannels(environment);
  }

  /// What has to be built when nothing else stands in the way.
  ///
  /// @param version that the document says, or null
  private record Build(
      String name, @Nullable String version, PypiEntries.Origin origin, Place place) {}

  private static void add(
      List<Build> builds,
      String name,
      @Nullable String version,
      PypiEntries.@Nullable Origin origin,
      Place place) {
    if (origin != null) {
      builds.add(new Build(name, version, origin, place));
    }
  }

  private LockedPackage made(Build build, String python, Platform platform) {
    var artifact =
        switch (build.origin()) {
          case PypiEntries.Origin.Commit(var commit) -> sources.ofCommit(commit, python);
          case PypiEntries.Origin.Directory(var path) -> sources.ofDirectory(path, python);
        };
    var name = DistributionName.normalized(build.name());
    var wheel = WheelFileName.parse(artifact.fileName());
    if (wheel.isPresent() && !wheel.get().name().equals(name)) {
      refusals.refuse(
          "`" + name + "` is built of a source that holds the project `" + wheel.get().name() + "`",
          build.place());
    }
    if (wheel.isPresent() && !wheel.get().isPure() && !platform.equals(Platform.current())) {
      refusals.refuse(
          "`" + name + "` cannot be built for " + platform,
          build.place(),
          "its wheel "
              + artifact.fileName()
              + " holds compiled code for this machine, "
              + Platform.current(),
          "import the lock on " + platform);
    }
    var told = build.version() == null ? "0" : build.version();
    return new LockedPackage(
        name,
        wheel.map(WheelFileName::version).orElse(told),
        artifact,
        null,
        List.of(LockedPackage.DEFINITION));
  }

  /// The lock.
  ///
  /// @throws LockException with everything that stands in the way
  LockExchange.Imported lock() {
    var platform = document.platform(choice.platform()).orElseThrow();
    var target = Subdirs.platform(platform.subdir());
    if (target.isEmpty()) {
      throw new LockException(
          Problem.of(
                  LockCode.LOCK_NOT_IMPORTABLE,
                  "no environments are made for `" + platform.subdir() + "`")
              .at(Place.of(choice.source()))
              .hint("import what is for linux-64 or linux-aarch64"));
    }
    var conda = new TreeMap<String, CondaPackage>();
    var pip = new TreeMap<String, LockedPackage>();
    var requirements = new HashMap<String, List<String>>();
    var channels = new LinkedHashSet<String>();
    var builds = new ArrayList<Build>();
    var names = new HashMap<String, String>();
    for (var use : document.uses(choice.environment(), choice.platform())) {
      switch (use.entry()) {
        case LockEntry.Conda item -> {
          var made = condaEntries.read(item, use.place(), platform.subdir());
          if (made != null) {
            twice(conda.put(made.name(), made), use.place());
            names.put(made.name(), lockChannels.shortName(made.channel()));
            channels.add(lockChannels.shortName(made.channel()));
          }
        }
        case LockEntry.Pypi item -> {
          if (PypiEntries.isSource(item)) {
            add(
                builds,
                item.name(),
                item.version(),
                pypiEntries.origin(item, use.place()),
                use.place());
            requirements.put(DistributionName.normalized(item.name()), item.requires());
            continue;
          }
          var made = pypiEntries.read(item, use.place());
          if (made != null) {
            twice(pip.put(made.name(), made), use.place());
            requirements.put(made.name(), item.requires());
          }
        }
        case LockEntry.Source item ->
            add(builds, item.name(), null, pypiEntries.origin(item, use.place()), use.place());
      }
    }
    var python = conda.get("python");
    if (python == null && !(pip.isEmpty() && builds.isEmpty())) {
      refusals.refuse(
          "the environment has packages of the Python index and no `python`",
          Place.of(choice.source()));
    }
    refusals.check();
    for (var build : builds) {
      var made = made(build, majorMinor(python == null ? "" : python.version()), target.get());
      twice(pip.put(made.name(), made), build.place());
    }
    refusals.check();
    var specs = new ArrayList<String>();
    for (var item : conda.values()) {
      specs.add(
          names.get(item.name()) + "::" + item.name() + "=" + item.version() + "=" + item.build());
    }
    var lines =
        pip.values().stream()
            .map(item ->
                item.artifact().kind().equals("archive") || item.commit().isPresent()
                    ? item.name() + " @ " + item.artifact().url()
                    : item.name() + "==" + item.version())
            .toList();
    var lock =
        new Lock(
            "",
            target.get(),
            python == null ? "" : majorMinor(python.version()),
            lines,
            List.of(),
            Map.of(),
            PypiEntries.required(pip, requirements),
            new CondaPart(
                specs,
                lockChannels.urls(conda),
                "strict",
                platform.virtualPackages(),
                CondaEntries.required(conda),
                Map.of()),
            Map.of(document.format().id(), String.valueOf(document.version())));
    return new LockExchange.Imported(
        definition(specs, lines, lockChannels.ordered(channels)), lock);
  }

  private static String majorMinor(String version) {
    var matcher = MAJOR_MINOR.matcher(version);
    return matcher.matches() ? matcher.group(1) : version;
  }

  private void twice(@Nullable Object before, Place place) {
    if (before instanceof CondaPackage item) {
      refusals.refuse("`" + item.name() + "` is locked twice for one platform", place);
    } else if (before instanceof LockedPackage item) {
      refusals.refuse("`" + item.name() + "` is locked twice for one platform", place);
    }
  }

  private static CondaDependencies definition(
      List<String> specs, List<String> lines, List<String> channels) {
    var dependencies = new ArrayList<JsonValue>();
    specs.forEach(spec -> dependencies.add(JsonValue.of(spec)));
    if (!lines.isEmpty()) {
      dependencies.add(JsonObject.builder().put("pip", lines).build());
    }
    var json =
        JsonObject.builder()
            .put("channels", channels)
            .put("dependencies", new JsonValue.JsonArray(dependencies))
            .build();
    return CondaDependencies.parse(Yaml.write(json), "the imported lock");
  }
}

package dev.terroir.lock.exchange;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaFileName;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.yaml.Yaml;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Percent;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import dev.terroir.lock.LockedPackage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Turns one environment of one platform into a lock, and a lock into a document.
///
/// @since 0.1
public final class LockExchange {
  private static final Pattern SPEC_NAME = Pattern.compile("[A-Za-z0-9_.*-]+");
  private static final Pattern PURL = Pattern.compile("pkg:pypi/([^@?#]+)(?:@([^?#]+))?.*");
  private static final Pattern MAJOR_MINOR = Pattern.compile("([0-9]+\\.[0-9]+)(?:[^0-9].*)?");
  private static final Pattern WINDOWS = Pattern.compile("[A-Za-z]:[\\\\/].*");
  private static final Set<String> DIRECT = Set.of("direct+https", "direct+http", "direct+file");

  private final LockDocument document;
  private final LockDocument.EnvironmentEntry environment;
  private final Path base;
  private final List<Problem> problems = new ArrayList<>();

  private LockExchange(
      LockDocument document, LockDocument.EnvironmentEntry environment, Path base) {
    this.document = document;
    this.environment = environment;
    this.base = base;
  }

  /// What is chosen of a document.
  ///
  /// @param environment its name
  /// @param platform its name
  public record Choice(String environment, String platform) {}

  /// Chooses an environment and a platform.
  ///
  /// @param environment a name, or null for the only or the default one
  /// @param platform a platform of the file, a subdir or `os/architecture`; null for this
  ///   machine's, else the only one
  /// @throws LockException code `lock-not-importable`, with the names that would do
  public static Choice choose(
      LockDocument document, @Nullable String environment, @Nullable String platform) {
    var chosen = environment;
    if (chosen == null) {
      chosen =
          document
              .environment(LockDocument.DEFAULT)
              .or(() -> document.environment(LockDocument.MAIN))
              .or(() ->
                  document.environments().size() == 1
                      ? Optional.of(document.environments().getFirst())
                      : Optional.empty())
              .map(LockDocument.EnvironmentEntry::name)
              .orElse(null);
    }
    if (chosen == null || document.environment(chosen).isEmpty()) {
      throw new LockException(
          Problem.of(
                  LockCode.LOCK_NOT_IMPORTABLE,
                  chosen == null
                      ? "the lock has several environments"
                      : "the lock has no environment `" + chosen + "`")
              .at(Place.of(document.format().title()))
              .hint(
                  "choose with --environment: "
                      + String.join(
                          ", ",
                          document.environments().stream()
                              .map(LockDocument.EnvironmentEntry::name)
                              .toList())));
    }
    return new Choice(chosen, platform(document, platform));
  }

  private static String platform(LockDocument document, @Nullable String wanted) {
    var platforms = document.platforms();
    var subdir =
        wanted == null
            ? Subdirs.of(Platform.current())
            : Subdirs.isKnown(wanted) ? wanted : subdirOf(document, wanted);
    var found =
        platforms.stream()
            .filter(item -> item.name().equals(wanted) || item.subdir().equals(subdir))
            .toList();
    if (found.size() == 1) {
      return found.getFirst().name();
    }
    // A list for one platform says enough by itself.
    if (wanted == null && found.isEmpty() && platforms.size() == 1) {
      return platforms.getFirst().name();
    }
    var exact = found.stream().filter(item -> item.name().equals(wanted)).findFirst();
    if (exact.isPresent()) {
      return exact.get().name();
    }
    var problem =
        Problem.of(
                LockCode.LOCK_NOT_IMPORTABLE,
                found.isEmpty()
                    ? "the lock has nothing for " + (wanted == null ? subdir : wanted)
                    : "the lock has several platforms of `" + subdir + "`")
            .at(Place.of(document.format().title()));
    throw new LockException(
        platforms.isEmpty()
            ? problem.because("it holds packages for no platform")
            : problem.hint(
                "choose with --platform: "
                    + String.join(
                        ", ", platforms.stream().map(LockDocument.PlatformEntry::name).toList())));
  }

  private static String subdirOf(LockDocument document, String wanted) {
    return document.platform(wanted).isPresent() ? wanted : Subdirs.of(Platform.parse(wanted));
  }

  /// A lock that a definition can have.
  ///
  /// @param dependencies what a definition names so that it means exactly these packages
  /// @param lock the lock, its definition hash still empty
  public record Imported(CondaDependencies dependencies, Lock lock) {
    /// The lock of a definition.
    public Lock of(String definitionHash) {
      return new Lock(
          definitionHash,
          lock.platform(),
          lock.pythonVersion(),
          lock.requirements(),
          lock.options(),
          lock.replacements(),
          lock.packages(),
          lock.conda(),
          lock.tools());
    }
  }

  /// Makes a lock of an environment.
  ///
  /// @param base what relative paths in the file are relative to
  /// @throws LockException code `lock-not-importable` with every package that stands in the way
  public static Imported toLock(LockDocument document, Choice choice, Path base) {
    var environment = document.environment(choice.environment()).orElseThrow();
    return new LockExchange(document, environment, base).lock(choice);
  }

  private Imported lock(Choice choice) {
    var platform = document.platform(choice.platform()).orElseThrow();
    var target = Subdirs.platform(platform.subdir());
    if (target.isEmpty()) {
      throw new LockException(
          Problem.of(
                  LockCode.LOCK_NOT_IMPORTABLE,
                  "no environments are made for `" + platform.subdir() + "`")
              .at(Place.of(document.format().title()))
              .hint("import what is for linux-64 or linux-aarch64"));
    }
    var conda = new TreeMap<String, CondaPackage>();
    var pip = new TreeMap<String, LockedPackage>();
    var requirements = new HashMap<String, List<String>>();
    var channels = new LinkedHashSet<String>();
    var names = new HashMap<String, String>();
    for (var use : document.uses(choice.environment(), choice.platform())) {
      switch (use.entry()) {
        case LockEntry.Conda item -> {
          var made = conda(item, use.place(), platform.subdir());
          if (made != null) {
            twice(conda.put(made.name(), made), use.place());
            names.put(made.name(), shortName(made.channel()));
            channels.add(shortName(made.channel()));
          }
        }
        case LockEntry.Pypi item -> {
          var made = pypi(item, use.place());
          if (made != null) {
            twice(pip.put(made.name(), made), use.place());
            requirements.put(made.name(), item.requires());
          }
        }
        case LockEntry.Source item ->
            refuse("`" + item.name() + "` is built of its source and has no archive", use.place());
      }
    }
    var python = conda.get("python");
    if (python == null && !pip.isEmpty()) {
      refuse(
          "the environment has packages of the Python index and no `python`",
          Place.of(document.format().title()));
    }
    if (!problems.isEmpty()) {
      throw new LockException(problems);
    }
    var specs = new ArrayList<String>();
    for (var item : conda.values()) {
      specs.add(
          names.get(item.name()) + "::" + item.name() + "=" + item.version() + "=" + item.build());
    }
    var lines =
        pip.values().stream()
            .map(item ->
                item.artifact().kind().equals("archive")
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
            required(pip, requirements),
            new CondaPart(
                specs,
                channelUrls(conda),
                "strict",
                platform.virtualPackages(),
                requiredConda(conda),
                Map.of()),
            Map.of(document.format().id(), String.valueOf(document.version())));
    return new Imported(definition(specs, lines, orderedChannels(channels)), lock);
  }

  private static String majorMinor(String version) {
    var matcher = MAJOR_MINOR.matcher(version);
    return matcher.matches() ? matcher.group(1) : version;
  }

  private void twice(@Nullable Object before, Place place) {
    if (before instanceof CondaPackage item) {
      refuse("`" + item.name() + "` is locked twice for one platform", place);
    } else if (before instanceof LockedPackage item) {
      refuse("`" + item.name() + "` is locked twice for one platform", place);
    }
  }

  private void refuse(String what, Place place) {
    problems.add(Problem.of(LockCode.LOCK_NOT_IMPORTABLE, what).at(place));
  }

  private void refuse(String what, Place place, String why) {
    problems.add(Problem.of(LockCode.LOCK_NOT_IMPORTABLE, what).at(place).because(why));
  }

  private void refuse(String what, Place place, String why, String hint) {
    problems.add(Problem.of(LockCode.LOCK_NOT_IMPORTABLE, what).at(place).because(why).hint(hint));
  }

  /// The channels of the file first, in its order, and those that packages come from besides.
  private List<String> orderedChannels(Set<String> used) {
    var ordered = new LinkedHashSet<String>();
    for (var channel : environment.channels()) {
      var name = strip(Fields.anonymous(channel.url()));
      for (var one : used) {
        if (one.equals(name) || one.endsWith("/" + name)) {
          ordered.add(one);
        }
      }
    }
    ordered.addAll(used);
    return List.copyOf(ordered);
  }

  private List<String> channelUrls(Map<String, CondaPackage> conda) {
    var urls = new LinkedHashSet<String>();
    conda.values().forEach(item -> urls.add(item.channel()));
    var ordered = new LinkedHashSet<String>();
    for (var channel : environment.channels()) {
      var name = strip(Fields.anonymous(channel.url()));
      urls.stream()
          .filter(url -> url.equals(name) || url.endsWith("/" + name))
          .forEach(ordered::add);
    }
    ordered.addAll(urls);
    return List.copyOf(ordered);
  }

  /// The name by which the file calls a channel, else its URL.
  private String shortName(String url) {
    return environment.channels().stream()
        .map(channel -> strip(Fields.anonymous(channel.url())))
        .filter(name -> !name.contains("://") && !name.isEmpty() && url.endsWith("/" + name))
        .findFirst()
        .orElse(url);
  }

  private static String strip(String url) {
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
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

  private @Nullable CondaPackage conda(LockEntry.Conda item, Place place, String platform) {
    var url = url(item.location(), item.name(), place);
    if (url == null) {
      return null;
    }
    var parts = LockEntry.Conda.parts(url);
    var build = item.build();
    // rattler's first locks give the platform of the environment for packages of `noarch`.
    var subdir = LockEntry.Conda.folder(url).orElse(item.subdir());
    if (build == null || subdir == null) {
      refuse(
          "`"
              + item.name()
              + "` has no "
              + (build == null ? "build" : "platform folder in its location"),
          place);
      return null;
    }
    var sha256 = digest(item.sha256(), 64, item.name(), place);
    var md5 = digest(item.md5(), 32, item.name(), place);
    if (sha256 == null && md5 == null) {
      sha256 = localDigest(url);
    }
    if (sha256 == null && md5 == null) {
      refuse(
          "`" + item.name() + "` has no digest",
          place,
          "nothing says that the archive that is fetched is the one that was locked");
      return null;
    }
    if (!subdir.equals(platform) && !subdir.equals("noarch")) {
      refuse("`" + item.name() + "` is for " + subdir + ", not " + platform, place);
      return null;
    }
    var number = Fields.number(item.more(), "build_number");
    var folder = url.substring(0, url.lastIndexOf('/'));
    return new CondaPackage(
        item.name().toLowerCase(java.util.Locale.ROOT),
        item.version(),
        build,
        number >= 0 ? number : parts.map(CondaFileName::buildNumber).orElse(0L),
        subdir,
        folder.endsWith("/" + subdir)
            ? folder.substring(0, folder.length() - subdir.length() - 1)
            : folder,
        url,
        sha256,
        md5,
        item.sizeBytes(),
        item.depends(),
        item.constrains(),
        noarch(item, subdir, build),
        Fields.text(item.more(), "python_site_packages_path"),
        item.license(),
        item.timestampMillis(),
        distributions(item),
        List.of());
  }

  private @Nullable String digest(@Nullable String text, int digits, String name, Place place) {
    if (text == null || text.matches("[0-9a-fA-F]{" + digits + "}")) {
      return text == null ? null : text.toLowerCase(java.util.Locale.ROOT);
    }
    refuse(
        "`" + text + "` is no digest of `" + name + "`",
        place,
        (digits == 64 ? "SHA-256" : "MD5") + " has " + digits + " hex digits");
    return null;
  }

  // As rattler guesses it for locks that do not say.
  private static @Nullable String noarch(LockEntry.Conda item, String subdir, String build) {
    if (item.noarch() != null || !subdir.equals("noarch")) {
      return item.noarch();
    }
    return build.startsWith("py") ? "python" : "generic";
  }

  private static List<CondaPackage.Distribution> distributions(LockEntry.Conda item) {
    var found = new ArrayList<CondaPackage.Distribution>();
    for (var purl : item.purls() == null ? List.<String>of() : item.purls()) {
      var matcher = PURL.matcher(purl);
      if (matcher.matches()) {
        found.add(
            new CondaPackage.Distribution(
                DistributionName.normalized(matcher.group(1)),
                matcher.group(2) == null ? item.version() : matcher.group(2)));
      }
    }
    return found;
  }

  private @Nullable LockedPackage pypi(LockEntry.Pypi item, Place place) {
    var name = DistributionName.normalized(item.name());
    if (item.location().isEmpty()) {
      refuse("`" + name + "` has no place where it is fetched", place);
      return null;
    }
    var scheme = item.location().replaceFirst("://.*", "");
    if (scheme.startsWith("git+")
        || scheme.startsWith("hg+")
        || scheme.startsWith("svn+")
        || scheme.startsWith("bzr+")) {
      refuse("`" + name + "` is a checkout of a repository and has no archive", place);
      return null;
    }
    var isDirect = DIRECT.contains(scheme);
    var location = isDirect ? item.location().substring(7) : item.location();
    var bare = location.replaceFirst("[#?].*", "");
    var file = LockEntry.Conda.fileName(bare);
    var wheel = WheelFileName.parse(Percent.decoded(file));
    var sdist = SdistFileName.parse(Percent.decoded(file));
    if (item.more().optionalBoolean("editable").orElse(false)
        || (wheel.isEmpty() && sdist.isEmpty() && !file.matches(".*\\.(?:zip|tar\\.[a-z0-9]+)"))) {
      refuse(
          "`" + name + "` is a folder, not an archive",
          place,
          "its content changes, so no lock can hold it",
          "build a wheel of it and lock that, or choose an environment without it with"
              + " --environment");
      return null;
    }
    var url = url(location, name, place);
    if (url == null) {
      return null;
    }
    var told = digest(item.sha256(), 64, name, place);
    var sha256 = told == null ? localDigest(url) : told;
    if (sha256 == null) {
      refuse(
          "`" + name + "` has no SHA-256",
          place,
          "nothing says that the archive that is fetched is the one that was locked");
      return null;
    }
    var version =
        item.version() != null
            ? item.version()
            : wheel
                .map(WheelFileName::version)
                .or(() -> sdist.map(SdistFileName::version))
                .orElse(null);
    if (version == null) {
      refuse("`" + name + "` has no version", place);
      return null;
    }
    var kind =
        isDirect || url.startsWith("file:")
            ? "archive"
            : wheel.isPresent() ? "wheel" : sdist.isPresent() ? "sdist" : "archive";
    return new LockedPackage(
        name,
        version,
        new LockedPackage.Artifact(
            kind,
            url,
            Percent.decoded(file),
            sha256,
            Math.max(-1, Fields.number(item.more(), "size"))),
        kind.equals("archive") || environment.indexes().isEmpty()
            ? null
            : Fields.anonymous(environment.indexes().getFirst()),
        List.of());
  }

  /// The URL of a location; null when it is none that can be kept.
  private @Nullable String url(String location, String name, Place place) {
    if (location.contains("://")) {
      return Fields.anonymous(location);
    }
    if (WINDOWS.matcher(location).matches() || location.startsWith("\\\\")) {
      refuse("`" + name + "` lies at a path of Windows: `" + location + "`", place);
      return null;
    }
    var path = base.resolve(location).toAbsolutePath().normalize();
    if (!Files.isRegularFile(path)) {
      refuse("`" + name + "` is not where the lock says: `" + path + "` is no file", place);
      return null;
    }
    return "file://" + path.toUri().getRawPath();
  }

  /// The SHA-256 of a local archive that the lock has none of.
  private static @Nullable String localDigest(String url) {
    if (!url.startsWith("file:")) {
      return null;
    }
    var path = Path.of(java.net.URI.create(url.replaceFirst("^file:/+", "file:///")));
    if (!Files.isRegularFile(path)) {
      return null;
    }
    try {
      return Sha256.of(path).hex();
    } catch (IOException e) {
      return null;
    }
  }

  private static List<CondaPackage> requiredConda(Map<String, CondaPackage> packages) {
    var by = new HashMap<String, List<String>>();
    for (var item : packages.values()) {
      for (var spec : item.depends()) {
        var name = specName(spec);
        if (packages.containsKey(name) && !name.equals(item.name())) {
          by.computeIfAbsent(name, _ -> new ArrayList<>()).add(item.name());
        }
      }
    }
    return packages.values().stream()
        .map(item -> item.withRequiredBy(sorted(by.get(item.name()))))
        .toList();
  }

  private static List<LockedPackage> required(
      Map<String, LockedPackage> packages, Map<String, List<String>> requirements) {
    var by = new HashMap<String, List<String>>();
    for (var item : packages.values()) {
      for (var requirement : requirements.getOrDefault(item.name(), List.of())) {
        var name = DistributionName.normalized(specName(requirement));
        if (packages.containsKey(name) && !name.equals(item.name())) {
          by.computeIfAbsent(name, _ -> new ArrayList<>()).add(item.name());
        }
      }
    }
    return packages.values().stream()
        .map(item -> item.withRequiredBy(sorted(by.get(item.name()))))
        .toList();
  }

  // Who requires what is not in every file; the definition names every package anyway.
  private static List<String> sorted(@Nullable List<String> names) {
    return names == null
        ? List.of(LockedPackage.DEFINITION)
        : names.stream().distinct().sorted().toList();
  }

  static String specName(String spec) {
    var text = spec.contains("::") ? spec.substring(spec.lastIndexOf("::") + 2) : spec;
    var matcher = SPEC_NAME.matcher(text.strip());
    return matcher.lookingAt() ? matcher.group() : "";
  }

  /// A lock as a document of one environment and one platform. Its packages stand in an order in
  /// which each comes after those it depends on.
  public static LockDocument ofLock(Lock lock) {
    var subdir = Subdirs.of(lock.platform());
    var uses = new ArrayList<LockDocument.Use>();
    for (var item : inOrder(lock.conda().packages())) {
      uses.add(new LockDocument.Use(condaEntry(item), JsonObject.EMPTY, Place.of(item.title())));
    }
    var requires = new HashMap<String, List<String>>();
    for (var item : lock.packages()) {
      for (var by : item.requiredBy()) {
        requires.computeIfAbsent(by, _ -> new ArrayList<>()).add(item.name());
      }
    }
    var indexes = new LinkedHashSet<String>();
    for (var item : lock.packages()) {
      if (item.index() != null) {
        indexes.add(item.index());
      }
      uses.add(
          new LockDocument.Use(
              new LockEntry.Pypi(
                  item.url(),
                  item.name(),
                  item.version(),
                  item.digest(),
                  null,
                  requires.getOrDefault(item.name(), List.of()),
                  null,
                  JsonObject.EMPTY),
              JsonObject.EMPTY,
              Place.of(item.title())));
    }
    var packages = new LinkedHashMap<String, List<LockDocument.Use>>();
    packages.put(subdir, uses);
    return new LockDocument(
        LockDocument.Format.EXPLICIT,
        1,
        List.of(
            new LockDocument.PlatformEntry(
                subdir, subdir, lock.conda().virtualPackages(), JsonObject.EMPTY)),
        List.of(
            new LockDocument.EnvironmentEntry(
                LockDocument.DEFAULT,
                lock.conda().channels().stream()
                    .map(url -> new LockDocument.Channel(url, JsonObject.EMPTY))
                    .toList(),
                List.copyOf(indexes),
                packages,
                JsonObject.EMPTY)),
        List.of(),
        JsonObject.builder()
            .put(
                "comments",
                List.of(
                    "# This file may be used to create an environment using:",
                    "# $ conda create --name <env> --file <this file>"))
            .put("contentHash", lock.digest().hex())
            .build());
  }

  private static LockEntry.Conda condaEntry(CondaPackage item) {
    var more = JsonObject.builder().put("build_number", item.buildNumber());
    if (item.sitePackagesPath() != null) {
      more.put("python_site_packages_path", item.sitePackagesPath());
    }
    return new LockEntry.Conda(
        item.url(),
        item.name(),
        item.version(),
        item.build(),
        item.subdir(),
        item.sha256(),
        item.md5(),
        item.sizeBytes(),
        item.depends(),
        item.constrains(),
        item.noarch(),
        item.license(),
        item.timestampMillis(),
        item.distributions().isEmpty()
            ? null
            : item.distributions().stream().map(one -> "pkg:pypi/" + one.name()).toList(),
        more.build());
  }

  private static List<CondaPackage> inOrder(List<CondaPackage> packages) {
    var byName = new TreeMap<String, CondaPackage>();
    packages.forEach(item -> byName.put(item.name(), item));
    var done = new HashSet<String>();
    var ordered = new ArrayList<CondaPackage>();
    byName.keySet().forEach(name -> visit(name, byName, done, ordered));
    return ordered;
  }

  private static void visit(
      String name, Map<String, CondaPackage> byName, Set<String> done, List<CondaPackage> ordered) {
    var item = byName.get(name);
    // Marked before its dependencies are visited, so that a circle ends.
    if (item == null || !done.add(name)) {
      return;
    }
    item.depends().stream()
        .map(LockExchange::specName)
        .sorted()
        .forEach(needed -> visit(needed, byName, done, ordered));
    ordered.add(item);
  }
}

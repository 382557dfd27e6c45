package dev.terroir.environment.pylock;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.Groups;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.DistributionVersion;
import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.requirement.Credentials;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Percent;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/// A `pylock.toml`, as requirements that mean exactly its packages: the version with the hashes of
/// all its files, or the place of a file, a repository's commit, a directory. Immutable.
///
/// Which of a package's files fits is decided when the definition is locked; the hashes let no
/// other be taken, whichever index has them.
///
/// @since 0.1
public final class PylockFile {
  private static final Set<String> DIRECT = Set.of("vcs", "directory", "archive");

  private final Path file;
  private final TomlParseResult toml;

  private PylockFile(Path file, TomlParseResult toml) {
    this.file = file;
    this.toml = toml;
  }

  /// Reads a file.
  ///
  /// @throws EnvironmentException code `pylock`, with line and column, when it is not TOML or of a
  ///   version of the format that is not known
  public static PylockFile read(Path file) {
    var toml = Toml.parse(YamlReader.text(file));
    if (toml.hasErrors()) {
      throw new EnvironmentException(
          toml.errors().stream()
              .map(error ->
                  Problem.of(EnvironmentCode.PYLOCK, "the file is not valid TOML")
                      .at(
                          Place.position(
                              file.toString(), error.position().line(), error.position().column()))
                      .because(String.valueOf(error.getMessage())))
              .toList());
    }
    var lock = new PylockFile(file, toml);
    lock.checkVersion();
    return lock;
  }

  private void checkVersion() {
    var version = toml.get(List.of("lock-version"));
    if (version instanceof String text && text.matches("1(?:\\.[0-9]+)*")) {
      return;
    }
    throw new EnvironmentException(
        Problem.of(
                EnvironmentCode.PYLOCK,
                version == null
                    ? "the file has no `lock-version`"
                    : "the version `" + version + "` of the format is not known")
            .at(at(toml, "lock-version"))
            .because("a pylock.toml of version 1 can be read")
            .hint("write it anew, with `uv export --format pylock.toml` or `pip lock`"));
  }

  /// What the file says of itself beyond what is read, such as a minor version that came later.
  public List<String> warnings() {
    var warnings = new ArrayList<String>();
    var version = string(toml, "lock-version");
    if (version != null && !version.matches("1(?:\\.0+)?")) {
      warnings.add(
          file + " is of version " + version + " of its format; what is new in it is not read");
    }
    return List.copyOf(warnings);
  }

  /// What `requires-python` asks for, such as `>=3.9`.
  public Optional<String> requiresPython() {
    return Optional.ofNullable(string(toml, "requires-python"))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  /// The packages of the default groups, and those of one more group or extra.
  ///
  /// A package is looked for where the user's own packages come from, for the hashes let no other
  /// file be taken. Where the file names several indexes, the user's own stand for the one that
  /// most packages come from, and the others are taken over, without credentials: what a project
  /// takes from a second index is often nowhere else.
  ///
  /// @param groups of `dependency-groups`, `extras` and `default-groups`
  /// @return options that say where packages come from, then requirements, with hashes as pip
  ///   writes them behind
  /// @throws EnvironmentException code `pylock`, with every problem and its line;
  ///   `secret-in-definition` for URLs with credentials
  public List<String> requirements(Groups groups) {
    var group = groups.added();
    var known = new LinkedHashSet<String>();
    known.addAll(strings(toml, "dependency-groups"));
    known.addAll(strings(toml, "extras"));
    var chosen = new LinkedHashSet<String>();
    if (groups.withDefaults()) {
      chosen.addAll(strings(toml, "default-groups"));
    }
    if (group != null) {
      if (known.stream().noneMatch(name -> isSame(name, group))) {
        throw new EnvironmentException(
            Problem.of(
                    EnvironmentCode.PYLOCK, "there is no dependency group or extra `" + group + "`")
                .at(Place.file(file))
                .hint(
                    known.isEmpty()
                        ? "leave --group out"
                        : "name one of " + String.join(", ", known)));
      }
      chosen.add(group);
    }
    var reading = new Reading(chosen);
    if (!(toml.get(List.of("packages")) instanceof TomlArray packages)) {
      reading.add("the file has no list `packages`", at(toml, "packages"));
      throw new EnvironmentException(reading.problems);
    }
    for (int i = 0; i < packages.size(); i++) {
      if (packages.get(i) instanceof TomlTable item) {
        reading.item(item, at(packages, i));
      } else {
        reading.add("a package must be a table", at(packages, i));
      }
    }
    if (!reading.problems.isEmpty()) {
      throw new EnvironmentException(reading.problems);
    }
    var lines = new ArrayList<String>(reading.options());
    lines.addAll(reading.lines);
    return List.copyOf(lines);
  }

  private static boolean isSame(String one, String other) {
    return DistributionName.normalized(one).equals(DistributionName.normalized(other));
  }

  /// One way through the packages. For one thread.
  private final class Reading {
    private final Set<String> chosen;
    private final List<String> lines = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private final Map<String, Integer> indexes = new LinkedHashMap<>();
    private final Set<String> folders = new LinkedHashSet<>();

    /// Where packages come from besides the user's own places.
    List<String> options() {
      var options = new ArrayList<String>();
      var most = indexes.values().stream().mapToInt(Integer::intValue).max().orElse(0);
      var main =
          indexes.entrySet().stream()
              .filter(entry -> entry.getValue() == most)
              .map(Map.Entry::getKey)
              .findFirst()
              .orElse("");
      for (var index : indexes.keySet()) {
        if (!index.equals(main)) {
          options.add("--extra-index-url " + index);
        }
      }
      folders.forEach(folder -> options.add("--find-links " + folder));
      return options;
    }

    Reading(Set<String> chosen) {
      this.chosen = chosen;
    }

    void add(String what, Place place) {
      problems.add(Problem.of(EnvironmentCode.PYLOCK, what).at(place));
    }

    private void add(String what, Place place, String hint) {
      problems.add(Problem.of(EnvironmentCode.PYLOCK, what).at(place).hint(hint));
    }

    void item(TomlTable item, Place place) {
      var name = string(item, "name");
      if (name == null) {
        add("a package has no `name`", place);
        return;
      }
      checkIdentities(item, name, place);
      var before = problems.size();
      var marker = marker(item, place);
      var line = line(item, name, place);
      if (problems.size() > before || marker.isEmpty() || line == null) {
        return;
      }
      var text =
          line.requirement() + (marker.get().isEmpty() ? "" : " ; " + marker.get()) + line.hashes();
      if (Credentials.isIn(text)) {
        problems.add(Credentials.problem("a URL").at(place));
        return;
      }
      try {
        Requirement.parse(
            line.requirement() + (marker.get().isEmpty() ? "" : " ; " + marker.get()));
        lines.add(text);
        var index = string(item, "index");
        if (index != null && line.requirement().contains("==")) {
          indexes.merge(Credentials.without(index), 1, Integer::sum);
        }
      } catch (Requirement.SyntaxException e) {
        add("`" + name + "` cannot be asked for: " + e.what(), place);
      }
    }

    private Optional<String> marker(TomlTable item, Place place) {
      var marker = string(item, "marker");
      if (marker == null) {
        return Optional.of("");
      }
      try {
        return LockedMarker.left(
            marker, name -> chosen.stream().anyMatch(group -> isSame(group, name)));
      } catch (IllegalArgumentException e) {
        add("`" + marker + "` is no marker: " + e.getMessage(), place);
        return Optional.empty();
      }
    }

    /// Identities say who made the files; nothing here asks for them, but a file that is read must
    /// be sound.
    private void checkIdentities(TomlTable item, String name, Place place) {
      for (var identity : tables(item, "attestation-identities")) {
        if (string(identity, "kind") == null) {
          add("an attestation identity of `" + name + "` has no `kind`", place);
        }
      }
    }

    private @Nullable Line line(TomlTable item, String name, Place place) {
      var direct = DIRECT.stream().filter(key -> item.contains(List.of(key))).sorted().toList();
      var isDistributed = item.contains(List.of("wheels")) || item.contains(List.of("sdist"));
      if (direct.size() + (isDistributed ? 1 : 0) != 1) {
        add(
            direct.isEmpty()
                ? "`" + name + "` has neither wheels nor anything else to install"
                : "`" + name + "` has more than one of wheels or sdist, archive, directory and vcs",
            place);
        return null;
      }
      return switch (direct.isEmpty() ? "" : direct.getFirst()) {
        case "vcs" -> repository(item, name, place);
        case "directory" -> directory(item, name, place);
        case "archive" -> archive(item, name, place);
        default -> distribution(item, name, place);
      };
    }

    private @Nullable TomlTable table(TomlTable item, String key, String name, Place place) {
      if (item.get(List.of(key)) instanceof TomlTable table) {
        return table;
      }
      add("`" + key + "` of `" + name + "` must be a table", place);
      return null;
    }

    private @Nullable Line repository(TomlTable item, String name, Place place) {
      var vcs = table(item, "vcs", name, place);
      if (vcs == null) {
        return null;
      }
      var commit = string(vcs, "commit-id");
      if (!"git".equals(string(vcs, "type"))) {
        add("`" + name + "` comes from a repository that is not git", place, "build a wheel of it");
        return null;
      }
      var url = place(vcs, name, place);
      if (url == null || commit == null) {
        if (commit == null) {
          add("the repository of `" + name + "` has no `commit-id`", place);
        }
        return null;
      }
      var folder = string(vcs, "subdirectory");
      return new Line(
          name + " @ git+" + url + "@" + commit + (folder == null ? "" : "#subdirectory=" + folder),
          "");
    }

    private @Nullable Line directory(TomlTable item, String name, Place place) {
      var table = table(item, "directory", name, place);
      var path = table == null ? null : local(table, name, place);
      if (path == null) {
        return null;
      }
      if (!Files.isDirectory(path)) {
        problems.add(
            Problem.of(
                    EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                    "the source directory of `" + name + "` is not there")
                .at(place)
                .because("there is no directory " + path)
                .hint("lay it there, or leave the package out of the lock"));
        return null;
      }
      return new Line(name + " @ " + path.toUri(), "");
    }

    private @Nullable Line archive(TomlTable item, String name, Place place) {
      var table = table(item, "archive", name, place);
      if (table == null) {
        return null;
      }
      var file = file(table, "", name, place);
      if (file == null) {
        return null;
      }
      var folder = string(table, "subdirectory");
      return new Line(
          name + " @ " + file.location() + (folder == null ? "" : "#subdirectory=" + folder),
          hashes(List.of(file)));
    }

    private @Nullable Line distribution(TomlTable item, String name, Place place) {
      var before = problems.size();
      var files = new ArrayList<Locked>();
      if (item.contains(List.of("wheels")) && !(item.get(List.of("wheels")) instanceof TomlArray)) {
        add("`wheels` of `" + name + "` must be a list", place);
      }
      for (var wheel : tables(item, "wheels")) {
        var file = file(wheel, "wheel", name, place);
        if (file != null) {
          files.add(file);
        }
      }
      if (item.contains(List.of("sdist"))) {
        var sdist = table(item, "sdist", name, place);
        var file = sdist == null ? null : file(sdist, "sdist", name, place);
        if (file != null) {
          files.add(file);
        }
      }
      var version = version(item, files, name, place);
      if (problems.size() > before) {
        return null;
      }
      if (files.isEmpty()) {
        add("`" + name + "` has no file", place);
        return null;
      }
      if (files.stream().allMatch(Locked::isLocal)) {
        return local(files, name, version);
      }
      return new Line(name + "==" + version, hashes(files));
    }

    private String version(TomlTable item, List<Locked> files, String name, Place place) {
      var version = string(item, "version");
      for (var file : files) {
        if (version == null) {
          version = file.version();
        } else if (!DistributionVersion.isSame(version, file.version())) {
          add(
              "`" + file.name() + "` is not version " + version + " of `" + name + "`",
              place,
              "lock it anew");
        }
      }
      return version == null ? "" : version;
    }

    /// Files that lie beside the lock are on no index: the only one is named by its place; which of
    /// several wheels fits is decided when the definition is locked, and they are found by their
    /// folders.
    private Line local(List<Locked> files, String name, String version) {
      if (files.size() == 1) {
        return new Line(name + " @ " + files.getFirst().location(), hashes(files));
      }
      for (var file : files) {
        folders.add(file.location().substring(0, file.location().lastIndexOf('/')));
      }
      return new Line(name + "==" + version, hashes(files));
    }

    private @Nullable Locked file(TomlTable table, String kind, String name, Place place) {
      var before = problems.size();
      var location = place(table, name, place);
      if (table.contains(List.of("size")) && !(table.get(List.of("size")) instanceof Long)) {
        add("the size of a file of `" + name + "` is no number of bytes", place);
      }
      if (!(table.get(List.of("hashes")) instanceof TomlTable hashes) || hashes.isEmpty()) {
        add(
            "a file of `" + name + "` has no `hashes`",
            place,
            "lock it with a tool that writes them");
        return null;
      }
      if (location == null || problems.size() > before) {
        return null;
      }
      var given = string(table, "name");
      var fileName = given == null ? Percent.fileName(location) : given;
      var version = "";
      if (kind.equals("wheel")) {
        var parsed = WheelFileName.parse(fileName);
        if (parsed.isEmpty() || !parsed.get().name().equals(DistributionName.normalized(name))) {
          add("`" + fileName + "` is no wheel of `" + name + "`", place);
          return null;
        }
        version = parsed.get().version();
      } else if (kind.equals("sdist")) {
        var parsed = SdistFileName.parse(fileName);
        if (parsed.isEmpty() || !isSame(parsed.get().name(), name)) {
          add("`" + fileName + "` is no source distribution of `" + name + "`", place);
          return null;
        }
        version = parsed.get().version();
      }
      return new Locked(fileName, version, location, string(hashes, "sha256"));
    }

    /// The URL of what a table names, of a path beside the lock too.
    private @Nullable String place(TomlTable table, String name, Place place) {
      var url = string(table, "url");
      if (url != null) {
        return url;
      }
      if (string(table, "path") == null) {
        add("a file of `" + name + "` has neither `url` nor `path`", place);
        return null;
      }
      var path = local(table, name, place);
      return path == null ? null : path.toUri().toString();
    }

    private @Nullable Path local(TomlTable table, String name, Place place) {
      var path = string(table, "path");
      if (path == null) {
        add("`" + name + "` has no `path`", place);
        return null;
      }
      try {
        return file.toAbsolutePath().resolveSibling(path).normalize();
      } catch (InvalidPathException e) {
        add("`" + path + "` is no path", place);
        return null;
      }
    }
  }

  /// A requirement.
  ///
  /// @param requirement without marker
  /// @param hashes what follows its marker
  private record Line(String requirement, String hashes) {}

  /// A file of a package.
  ///
  /// @param version as its name has it, or empty
  /// @param sha256 null when only other hashes are known
  private record Locked(String name, String version, String location, @Nullable String sha256) {
    boolean isLocal() {
      return location.startsWith("file:");
    }
  }

  private static String hashes(List<Locked> files) {
    var text = new StringBuilder();
    for (var file : files) {
      if (file.sha256() != null) {
        text.append(" --hash=sha256:").append(file.sha256());
      }
    }
    return text.toString();
  }

  private static @Nullable String string(TomlTable table, String key) {
    return table.get(List.of(key)) instanceof String text ? text : null;
  }

  private static List<String> strings(TomlTable table, String key) {
    return table.get(List.of(key)) instanceof TomlArray array
        ? array.toList().stream().map(String::valueOf).toList()
        : List.of();
  }

  private static List<TomlTable> tables(TomlTable table, String key) {
    return table.get(List.of(key)) instanceof TomlArray array
        ? array.toList().stream()
            .filter(TomlTable.class::isInstance)
            .map(TomlTable.class::cast)
            .toList()
        : List.of();
  }

  private Place at(TomlTable table, String key) {
    var position = table.contains(List.of(key)) ? table.inputPositionOf(List.of(key)) : null;
    return position == null
        ? Place.file(file)
        : Place.position(file.toString(), position.line(), position.column());
  }

  private Place at(TomlArray array, int index) {
    var position = array.inputPositionOf(index);
    return position == null
        ? Place.file(file)
        : Place.position(file.toString(), position.line(), position.column());
  }
}

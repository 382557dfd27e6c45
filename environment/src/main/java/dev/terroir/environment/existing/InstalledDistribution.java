package dev.terroir.environment.existing;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.requirement.Credentials;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A Python distribution in a prefix that conda did not install. Immutable.
///
/// @param name normalized name
/// @param version as its metadata has it
/// @param origin where it came from
/// @param isRequested whether the user asked for it, as pip records it
/// @param metadata the folder or file that describes it
/// @since 0.1
public record InstalledDistribution(
    String name, String version, Origin origin, boolean isRequested, Path metadata) {

  /// Where a distribution came from.
  public sealed interface Origin {
    /// An index, by name and version.
    record Index() implements Origin {}

    /// An archive by its URL.
    ///
    /// @param url without credentials, with the digest behind `#` when it is known
    record Archive(String url) implements Origin {}

    /// A checkout of a repository.
    ///
    /// @param url a requirement's URL with the commit
    record Repository(String url) implements Origin {}

    /// A file or folder of this machine.
    ///
    /// @param path where it lay
    /// @param isEditable whether its modules are those of the folder itself
    record Local(String path, boolean isEditable) implements Origin {}
  }

  /// The distributions of a prefix that are no part of conda packages, sorted by name.
  ///
  /// @param condaFiles the files of all conda packages, relative to the prefix
  public static List<InstalledDistribution> readAll(Path prefix, Set<String> condaFiles) {
    var found = new TreeMap<String, InstalledDistribution>();
    for (var folder : sitePackages(prefix)) {
      try (var entries = Files.list(folder)) {
        for (var entry : entries.sorted().toList()) {
          read(prefix, entry, condaFiles)
              .ifPresent(item -> {
                // An editable install leaves both its link and its metadata.
                var other = found.get(item.name());
                if (other == null || other.origin() instanceof Origin.Index) {
                  found.put(item.name(), item);
                }
              });
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the distributions cannot be read", folder, e);
      }
    }
    return List.copyOf(found.values());
  }

  private static List<Path> sitePackages(Path prefix) {
    var folders = new ArrayList<Path>();
    for (var library : List.of("lib", "lib64")) {
      var lib = prefix.resolve(library);
      if (!Files.isDirectory(lib) || Files.isSymbolicLink(lib)) {
        continue;
      }
      try (var entries = Files.list(lib)) {
        entries
            .filter(entry -> String.valueOf(entry.getFileName()).matches("python[0-9.]+t?"))
            // conda links `python3.1` to an interpreter of a later version.
            .filter(entry -> !Files.isSymbolicLink(entry))
            .map(entry -> entry.resolve("site-packages"))
            .filter(Files::isDirectory)
            .sorted()
            .forEach(folders::add);
      } catch (IOException e) {
        throw FoundationException.ofFile("the prefix cannot be read", lib, e);
      }
    }
    return folders;
  }

  private static Optional<InstalledDistribution> read(
      Path prefix, Path entry, Set<String> condaFiles) throws IOException {
    var file = String.valueOf(entry.getFileName());
    if (file.startsWith("~") || file.startsWith("-")) {
      // What a broken pip left.
      return Optional.empty();
    }
    if (file.endsWith(".dist-info") && Files.isDirectory(entry)) {
      return distInfo(prefix, entry, condaFiles);
    }
    if (file.endsWith(".egg-info")) {
      var headers = Files.isDirectory(entry) ? entry.resolve("PKG-INFO") : entry;
      return isConda(prefix, headers, condaFiles)
          ? Optional.empty()
          : of(headers, new Origin.Index(), false, entry);
    }
    if (file.endsWith(".egg") && Files.isDirectory(entry)) {
      var headers = entry.resolve("EGG-INFO").resolve("PKG-INFO");
      return isConda(prefix, headers, condaFiles)
          ? Optional.empty()
          : of(headers, new Origin.Index(), false, entry);
    }
    if (file.endsWith(".egg-link") && !isConda(prefix, entry, condaFiles)) {
      return eggLink(entry, file.substring(0, file.length() - 9));
    }
    return Optional.empty();
  }

  private static boolean isConda(Path prefix, Path file, Set<String> condaFiles) {
    return condaFiles.contains(prefix.relativize(file).toString());
  }

  private static Optional<InstalledDistribution> distInfo(
      Path prefix, Path entry, Set<String> condaFiles) throws IOException {
    var headers = entry.resolve("METADATA");
    if (isConda(prefix, headers, condaFiles) || first(entry.resolve("INSTALLER")).equals("conda")) {
      return Optional.empty();
    }
    Origin origin = new Origin.Index();
    var direct = entry.resolve("direct_url.json");
    if (Files.isRegularFile(direct)) {
      origin = origin(JsonReader.readObject(direct));
    }
    return of(headers, origin, Files.exists(entry.resolve("REQUESTED")), entry);
  }

  private static Origin origin(JsonObject json) {
    var url = Credentials.without(json.optionalString("url").orElse(""));
    var below =
        json.optionalString("subdirectory").map(folder -> "subdirectory=" + folder).orElse(null);
    var vcs = json.optionalObject("vcs_info");
    if (vcs.isPresent()) {
      return new Origin.Repository(
          vcs.get().optionalString("vcs").orElse("git")
              + "+"
              + url
              + vcs.get()
                  .optionalString("commit_id")
                  .or(() -> vcs.get().optionalString("requested_revision"))
                  .map(commit -> "@" + commit)
                  .orElse("")
              + (below == null ? "" : "#" + below));
    }
    var folder = json.optionalObject("dir_info");
    if (folder.isPresent() || url.startsWith("file:")) {
      return new Origin.Local(
          url.replaceFirst("^file:/+", "/"),
          folder.flatMap(info -> info.optionalBoolean("editable")).orElse(false));
    }
    var archive = json.optionalObject("archive_info").orElse(JsonObject.EMPTY);
    var sha256 = archive.optionalObject("hashes").flatMap(map -> map.optionalString("sha256"));
    var fragment = new ArrayList<String>();
    if (sha256.isPresent()) {
      fragment.add("sha256=" + sha256.get());
    } else {
      archive.optionalString("hash").ifPresent(fragment::add);
    }
    if (below != null) {
      fragment.add(below);
    }
    return new Origin.Archive(url + (fragment.isEmpty() ? "" : "#" + String.join("&", fragment)));
  }

  private static Optional<InstalledDistribution> eggLink(Path entry, String name)
      throws IOException {
    var source = first(entry);
    var version = "";
    var folder = Path.of(source);
    if (!source.isEmpty() && Files.isDirectory(folder)) {
      try (var files = Files.list(folder)) {
        for (var file : files.filter(path -> path.toString().endsWith(".egg-info")).toList()) {
          version = headers(file.resolve("PKG-INFO")).getOrDefault("version", "");
        }
      }
    }
    return Optional.of(
        new InstalledDistribution(
            DistributionName.normalized(name),
            version,
            new Origin.Local(source, true),
            true,
            entry));
  }

  private static Optional<InstalledDistribution> of(
      Path file, Origin origin, boolean isRequested, Path entry) throws IOException {
    var headers = headers(file);
    var name = headers.get("name");
    var version = headers.get("version");
    return name == null || version == null
        ? Optional.empty()
        : Optional.of(
            new InstalledDistribution(
                DistributionName.normalized(name), version, origin, isRequested, entry));
  }

  /// The first value of each header of a metadata file, names in lower case.
  static Map<String, String> headers(Path file) throws IOException {
    var headers = new LinkedHashMap<String, String>();
    if (!Files.isRegularFile(file)) {
      return headers;
    }
    var text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    for (var line : text.lines().toList()) {
      if (line.isEmpty()) {
        break;
      }
      var colon = line.indexOf(':');
      if (colon > 0 && !Character.isWhitespace(line.charAt(0))) {
        headers.putIfAbsent(
            line.substring(0, colon).toLowerCase(java.util.Locale.ROOT),
            line.substring(colon + 1).strip());
      }
    }
    return headers;
  }

  private static String first(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return "";
    }
    @Nullable String line =
        new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
            .lines()
            .findFirst()
            .orElse(null);
    return line == null ? "" : line.strip();
  }
}

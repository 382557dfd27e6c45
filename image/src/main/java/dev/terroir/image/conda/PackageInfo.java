package dev.terroir.image.conda;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.ArchivePath;
import dev.terroir.image.archive.ArchiveRefusal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a conda package says of itself in its folder `info`. Immutable.
///
/// @param index all of `info/index.json`
/// @param name of the package
/// @param version of the package
/// @param build its build string
/// @param isNoarchPython whether its modules go where the environment's interpreter looks
/// @param entryPoints scripts to be made, of a `noarch: python` package
/// @param paths what the package lists, by path; null when it has no list, and whatever the archive
///   holds is meant
/// @param licenses names of the licence files that it brings
/// @since 0.1
public record PackageInfo(
    JsonObject index,
    String name,
    String version,
    String build,
    boolean isNoarchPython,
    List<EntryPoint> entryPoints,
    @Nullable Map<String, PackagePath> paths,
    List<String> licenses) {
  /// The files that this reads.
  static final Set<String> FILES =
      Set.of(
          "info/index.json",
          "info/paths.json",
          "info/files",
          "info/has_prefix",
          "info/no_link",
          "info/link.json",
          "info/noarch.json");

  static final String LICENSES = "info/licenses/";

  /// What conda-build took for the prefix before packages could say it.
  private static final String OLD_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3";

  /// `placeholder mode path`, each perhaps in quotes.
  private static final Pattern WORDS = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

  private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

  /// Copies the lists.
  public PackageInfo {
    entryPoints = List.copyOf(entryPoints);
    paths = paths == null ? null : java.util.Collections.unmodifiableMap(new TreeMap<>(paths));
    licenses = List.copyOf(licenses);
  }

  /// Reads it.
  ///
  /// @param source how messages name the archive
  /// @param files content of those of [#FILES] that are there
  /// @throws ImageException code `invalid-archive`
  static PackageInfo read(String source, Map<String, byte[]> files, List<String> licenses) {
    return new Reader(source, files).read(licenses);
  }

  /// One package's files.
  private record Reader(String source, Map<String, byte[]> files) {

    PackageInfo read(List<String> licenses) {
      var index = json("info/index.json").orElseThrow(() -> refused("info/index.json", "missing"));
      // Packages of 2016 have the file `noarch.json`.
      var link = json("info/link.json").or(() -> json("info/noarch.json"));
      var noarch = link.flatMap(it -> wrapped("info/link.json", () -> it.optionalObject("noarch")));
      var isNoarchPython =
          index.get("noarch").filter(it -> it.toString().equals("\"python\"")).isPresent()
              || noarch
                  .flatMap(it -> it.optionalString("type"))
                  .filter("python"::equals)
                  .isPresent();
      return new PackageInfo(
          index,
          word(index, "name"),
          word(index, "version"),
          word(index, "build"),
          isNoarchPython,
          isNoarchPython ? entryPoints(noarch.orElse(JsonObject.EMPTY)) : List.of(),
          files.containsKey("info/paths.json") ? paths() : oldPaths(),
          licenses);
    }

    private ImageException refused(String member, String why) {
      return ArchiveRefusal.of(source, member, why.equals("missing") ? "it is missing" : why);
    }

    private interface Reading<T> {
      T read();
    }

    /// Says which archive it is when a document is not as it should be.
    private <T> T wrapped(String member, Reading<T> reading) {
      try {
        return reading.read();
      } catch (ImageException e) {
        throw e;
      } catch (TerroirException e) {
        var problem = e.problem();
        throw refused(
            member,
            problem.what() + (problem.why().isEmpty() ? "" : ": " + problem.why().getFirst()));
      }
    }

    private Optional<String> text(String member) {
      var bytes = files.get(member);
      if (bytes == null) {
        return Optional.empty();
      }
      try {
        return Optional.of(
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
      } catch (CharacterCodingException e) {
        throw refused(member, "it is not UTF-8 text");
      }
    }

    private Optional<JsonObject> json(String member) {
      return text(member).map(text -> wrapped(member, () -> JsonReader.parseObject(text, member)));
    }

    /// A part of the file name, and so of the record's name.
    private String word(JsonObject index, String key) {
      var value = wrapped("info/index.json", () -> index.string(key));
      if (value.contains("/") || ArchivePath.problem(value).isPresent()) {
        throw refused("info/index.json", "its `" + key + "` is no part of a file name");
      }
      return value;
    }

    private List<EntryPoint> entryPoints(JsonObject noarch) {
      var found = new ArrayList<EntryPoint>();
      var names = new HashSet<String>();
      var texts = wrapped("info/link.json", () -> noarch.strings("entry_points"));
      for (var text : texts) {
        var point =
            EntryPoint.parse(text)
                .orElseThrow(() ->
                    refused(
                        "info/link.json",
                        "the entry point `"
                            + text
                            + "` is no `name = module:function` of"
                            + " identifiers"));
        if (names.add(point.command())) {
          found.add(point);
        }
      }
      return found;
    }

    private Map<String, PackagePath> paths() {
      var member = "info/paths.json";
      var document = json(member).orElse(JsonObject.EMPTY);
      return wrapped(
          member,
          () -> {
            var version = document.optionalLong("paths_version").orElse(1L);
            if (version != 1) {
              throw refused(member, "its version is " + version + "; Terroir reads version 1");
            }
            var found = new HashMap<String, PackagePath>();
            for (var entry : document.objects("paths")) {
              var path = path(member, entry.string("_path"));
              if (found.put(path, entry(member, path, entry)) != null) {
                throw refused(member, "it lists `" + path + "` twice");
              }
            }
            return found;
          });
    }

    private PackagePath entry(String member, String path, JsonObject entry) {
      var word = entry.optionalString("path_type").orElse("hardlink");
      var kind =
          switch (word) {
            case "hardlink" -> PackagePath.Kind.FILE;
            case "softlink" -> PackagePath.Kind.LINK;
            case "directory" -> PackagePath.Kind.FOLDER;
            default ->
                throw refused(member, "`" + path + "` is a `" + word + "`, which is no path type");
          };
      var sha256 = entry.optionalString("sha256").orElse(null);
      if (sha256 != null && !SHA256.matcher(sha256).matches()) {
        throw refused(member, "the SHA-256 of `" + path + "` is not 64 hex digits");
      }
      var placeholder = entry.optionalString("prefix_placeholder").orElse(null);
      var mode =
          placeholder == null
              ? null
              : mode(member, path, entry.optionalString("file_mode").orElse("text"));
      return new PackagePath(
          path,
          kind,
          sha256 == null ? null : sha256.toLowerCase(java.util.Locale.ROOT),
          entry.optionalLong("size_in_bytes").orElse(-1L),
          placeholder,
          mode,
          entry.optionalBoolean("no_link").orElse(false));
    }

    private PrefixReplacement.Mode mode(String member, String path, String word) {
      return PrefixReplacement.Mode.parse(word)
          .orElseThrow(
              () -> refused(member, "the file mode `" + word + "` of `" + path + "` is not known"));
    }

    private String path(String member, String path) {
      ArchivePath.problem(path)
          .ifPresent(why -> {
            throw ArchiveRefusal.of(source, path, why + " (in " + member + ")");
          });
      return path;
    }

    /// The lists of packages from before 2017.
    private @Nullable Map<String, PackagePath> oldPaths() {
      var listed = text("info/files").orElse(null);
      if (listed == null) {
        return null;
      }
      var noLink =
          Set.copyOf(
              text("info/no_link").orElse("").lines().map(String::strip).distinct().toList());
      var found = new HashMap<String, PackagePath>();
      for (var line : listed.lines().toList()) {
        if (!line.isEmpty()) {
          var path = path("info/files", line);
          // What it is, the archive says.
          found.put(
              path,
              new PackagePath(
                  path, PackagePath.Kind.FILE, null, -1, null, null, noLink.contains(path)));
        }
      }
      for (var line : text("info/has_prefix").orElse("").lines().toList()) {
        var words = words(line);
        if (words.isEmpty()) {
          continue;
        }
        boolean isLong = words.size() == 3;
        if (!isLong && words.size() != 1) {
          throw refused("info/has_prefix", "`" + line + "` is no `placeholder mode path`");
        }
        var path = path("info/has_prefix", isLong ? words.get(2) : words.getFirst());
        var before = found.get(path);
        if (before == null) {
          throw refused(path, "info/has_prefix names it, and info/files does not");
        }
        found.put(
            path,
            new PackagePath(
                path,
                before.kind(),
                null,
                -1,
                isLong ? words.getFirst() : OLD_PLACEHOLDER,
                isLong ? mode("info/has_prefix", path, words.get(1)) : PrefixReplacement.Mode.TEXT,
                before.isNoLink()));
      }
      return found;
    }

    private static List<String> words(String line) {
      var words = new ArrayList<String>();
      var matcher = WORDS.matcher(line);
      while (matcher.find()) {
        for (int group = 1; group <= 3; group++) {
          var word = matcher.group(group);
          if (word != null) {
            words.add(word);
          }
        }
      }
      return words;
    }
  }
}

package dev.terroir.lock.exchange;

import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Explicit lists: `@EXPLICIT`, then a URL or path of an archive a line, its digest behind `#`.
///
/// Spec: conda, "Building identical conda environments"; the pattern that conda's `explicit` takes
/// lines apart with; conda-lock's `# pip` lines.
final class ExplicitText {
  private static final String PLATFORM = "# platform:";
  private static final Pattern PIP =
      Pattern.compile(
          "# pip\\s+([A-Za-z0-9][\\w.-]*)(?:\\[[^\\]]*])?\\s*(?:@|={2,3})\\s*(\\S+)(.*)");
  private static final Pattern HASH = Pattern.compile("--hash=(sha256|md5)[:=]([0-9a-fA-F]+)");

  private final String source;
  private final Consumer<String> warnings;
  private final List<String> comments = new ArrayList<>();
  private final List<LockDocument.Use> uses = new ArrayList<>();

  private ExplicitText(String source, Consumer<String> warnings) {
    this.source = source;
    this.warnings = warnings;
  }

  /// Whether a text is such a list.
  static boolean isOne(String text) {
    return text.lines().anyMatch(line -> line.strip().equals("@EXPLICIT"));
  }

  static LockDocument read(String text, String source, Consumer<String> warnings) {
    return new ExplicitText(source, warnings).read(text);
  }

  private LockDocument read(String text) {
    String platform = null;
    var number = 0;
    for (var line : text.lines().map(String::strip).toList()) {
      number++;
      var place = Place.position(source, number, 1, line);
      if (line.toLowerCase(Locale.ROOT).startsWith(PLATFORM)) {
        platform = platform(line.substring(PLATFORM.length()).strip(), platform, place);
      } else if (line.startsWith("#")) {
        comment(line, place);
      } else if (!line.isEmpty() && !line.equals("@EXPLICIT")) {
        uses.add(new LockDocument.Use(archive(line, place), JsonObject.EMPTY, place));
      }
    }
    var found = platform == null ? platformOfPackages() : platform;
    Map<String, List<LockDocument.Use>> packages = new LinkedHashMap<>();
    packages.put(found, uses);
    return new LockDocument(
        LockDocument.Format.EXPLICIT,
        1,
        List.of(LockDocument.PlatformEntry.of(found)),
        List.of(
            new LockDocument.EnvironmentEntry(
                LockDocument.DEFAULT, List.of(), List.of(), packages, JsonObject.EMPTY)),
        List.of(),
        comments.isEmpty()
            ? JsonObject.EMPTY
            : JsonObject.builder().put("comments", comments).build());
  }

  private String platform(String word, @Nullable String before, Place place) {
    if (!Subdirs.isKnown(word)) {
      throw Fields.bad("`" + word + "` is no platform of conda", place);
    }
    if (before != null && !before.equals(word)) {
      throw Fields.bad(
          "the list is for `" + before + "` and, a second time, for `" + word + "`", place);
    }
    return word;
  }

  private String platformOfPackages() {
    var folders = new TreeSet<String>();
    for (var use : uses) {
      LockEntry.Conda.folder(use.entry().location())
          .filter(folder -> !folder.equals("noarch"))
          .ifPresent(folders::add);
    }
    if (folders.size() > 1) {
      throw Fields.bad(
          "the list names packages of several platforms: " + String.join(", ", folders),
          Place.of(source));
    }
    return folders.isEmpty() ? "noarch" : folders.first();
  }

  private void comment(String line, Place place) {
    var matcher = PIP.matcher(line);
    if (!matcher.matches()) {
      comments.add(line);
      return;
    }
    var name = matcher.group(1);
    var isUrl = line.contains("@") && matcher.group(2).contains("/");
    String sha256 = null;
    String md5 = null;
    var location = matcher.group(2);
    var hash = HASH.matcher(matcher.group(3));
    var mark = location.indexOf('#');
    if (hash.find()) {
      sha256 = hash.group(1).equals("sha256") ? digest(hash.group(2), 64, place) : null;
      md5 = hash.group(1).equals("md5") ? digest(hash.group(2), 32, place) : null;
    } else if (mark >= 0) {
      var fragment = location.substring(mark + 1);
      sha256 = fragment.startsWith("sha256=") ? digest(fragment.substring(7), 64, place) : null;
      md5 = fragment.startsWith("md5=") ? digest(fragment.substring(4), 32, place) : null;
    }
    if ((sha256 != null || md5 != null) && mark >= 0) {
      location = location.substring(0, mark);
    }
    uses.add(
        new LockDocument.Use(
            new LockEntry.Pypi(
                isUrl ? bare(location, place) : "",
                name,
                isUrl ? version(location) : location,
                sha256,
                md5,
                List.of(),
                null,
                JsonObject.EMPTY),
            JsonObject.EMPTY,
            place));
  }

  private static @Nullable String version(String location) {
    var file = LockEntry.Conda.fileName(location.replaceFirst("[#?].*", ""));
    return WheelFileName.parse(file)
        .map(WheelFileName::version)
        .or(() -> SdistFileName.parse(file).map(SdistFileName::version))
        .orElse(null);
  }

  private LockEntry.Conda archive(String line, Place place) {
    var mark = line.indexOf('#');
    var location = mark < 0 ? line : line.substring(0, mark).strip();
    var parts = LockEntry.Conda.parts(location);
    if (parts.isEmpty()) {
      throw new LockException(
          Problem.of(LockCode.FOREIGN_LOCK, "the line names no archive of a conda package")
              .at(place)
              .because(
                  "below `@EXPLICIT` each line is the URL or path of a `.conda` or `.tar.bz2`"
                      + " file"));
    }
    String sha256 = null;
    String md5 = null;
    if (mark >= 0) {
      var fragment = line.substring(mark + 1).strip();
      var digest = fragment.replaceFirst("^(?:sha256|md5)[:=]", "");
      var isSha256 = fragment.startsWith("sha256") || (digest.length() == 64);
      if (isSha256) {
        sha256 = digest(digest, 64, place);
      } else {
        md5 = digest(digest, 32, place);
      }
    }
    var name = parts.get();
    return new LockEntry.Conda(
        bare(location, place),
        name.name(),
        name.version(),
        name.build(),
        LockEntry.Conda.folder(location).orElse(null),
        sha256,
        md5,
        -1,
        List.of(),
        List.of(),
        null,
        null,
        -1,
        null,
        JsonObject.EMPTY);
  }

  private static String digest(String text, int digits, Place place) {
    if (!text.matches("[0-9a-fA-F]{" + digits + "}")) {
      throw Fields.bad("`" + text + "` is no digest; MD5 has 32 hex digits, SHA-256 has 64", place);
    }
    return text.toLowerCase(Locale.ROOT);
  }

  private String bare(String location, Place place) {
    var bare = Fields.bare(location);
    if (!bare.equals(location)) {
      warnings.accept(
          place.text()
              + ": the line holds a login; it is left out, and the user's own settings are taken"
              + " when the package is fetched");
    }
    return bare;
  }

  static String write(LockDocument document) {
    if (document.environments().size() != 1 || document.platforms().size() > 1) {
      throw Fields.bad(
          "an explicit list holds one environment of one platform", Place.of("the export"));
    }
    var out = new StringBuilder();
    var comments = document.more().strings("comments");
    if (document.format() == LockDocument.Format.EXPLICIT && !comments.isEmpty()) {
      comments.forEach(line -> out.append(line).append('\n'));
    } else if (document.format() != LockDocument.Format.EXPLICIT) {
      out.append("# This file may be used to create an environment using:\n");
      out.append("# $ conda create --name <env> --file <this file>\n");
    }
    for (var platform : document.platforms()) {
      out.append(PLATFORM).append(' ').append(platform.subdir()).append('\n');
    }
    out.append("@EXPLICIT\n");
    for (var uses : document.environments().getFirst().packages().values()) {
      for (var use : uses) {
        switch (use.entry()) {
          case LockEntry.Conda conda -> {
            out.append(conda.location());
            if (conda.sha256() != null) {
              out.append("#sha256:").append(conda.sha256());
            } else if (conda.md5() != null) {
              out.append('#').append(conda.md5());
            }
            out.append('\n');
          }
          case LockEntry.Pypi pypi -> {
            out.append("# pip ").append(pypi.name());
            out.append(
                pypi.location().isEmpty() ? " === " + pypi.version() : " @ " + pypi.location());
            if (pypi.sha256() != null) {
              out.append(" --hash=sha256:").append(pypi.sha256());
            } else if (pypi.md5() != null) {
              out.append(" --hash=md5:").append(pypi.md5());
            }
            out.append('\n');
          }
          case LockEntry.Source item ->
              throw Fields.bad(
                  "`" + item.name() + "` is built of its source and has no archive", use.place());
        }
      }
    }
    return out.toString();
  }
}

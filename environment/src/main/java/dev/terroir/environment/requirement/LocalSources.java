package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.requirement.RequirementsFile.Kind;
import dev.terroir.environment.requirement.RequirementsFile.Line;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Archives and source directories of this machine that lines name by path or `file:` URL. For one
/// thread.
final class LocalSources {
  /// The name of an archive, perhaps with extras behind it.
  static final Pattern ARCHIVE =
      Pattern.compile("(?i)(.*\\.(?:whl|zip|tar\\.gz|tgz|tar\\.bz2))(\\[.*])?");

  private static final Pattern DIRECTORY = Pattern.compile("(.*?)\\s*(\\[[^\\]]*])?");

  private final Findings findings;

  LocalSources(Findings findings) {
    this.findings = findings;
  }

  /// A path to an archive or a directory.
  ///
  /// @param rest options of this line alone
  /// @param file where the line stands, or null when it is in none
  /// @return the requirement that it is to be read as, where only a name before its URL lets it
  ///   have what it has; otherwise it is among the findings
  Optional<String> path(
      LogicalLine line, String bare, String rest, String source, @Nullable Path file) {
    var parts = bare.split(";", 2);
    var matcher = ARCHIVE.matcher(parts[0].strip());
    var base = file == null ? null : file.toAbsolutePath().getParent();
    if (!matcher.matches() || isDirectory(base, matcher.group(1))) {
      directory(
          parts[0].strip(),
          parts.length > 1 ? parts[1].strip() : "",
          rest,
          source,
          line.number(),
          line.place(source),
          base,
          false);
      return Optional.empty();
    }
    var text = matcher.group(1);
    var archive = base == null ? Path.of(text) : base.resolve(text).normalize();
    if (!Files.exists(archive)) {
      findings.lines.add(new Line(bare + rest, source, line.number(), Kind.REQUIREMENT));
      return Optional.empty();
    }
    var url = archive.toAbsolutePath().toUri().toString();
    var extras = matcher.group(2);
    if (extras != null || parts.length > 1) {
      // Only with a name before it can a URL have extras and a marker.
      return Optional.of(
          project(archive)
              + (extras == null ? "" : extras)
              + " @ "
              + url
              + (parts.length > 1 ? " ;" + parts[1] : ""));
    }
    findings.lines.add(new Line(url + rest, source, line.number(), Kind.REQUIREMENT));
    return Optional.empty();
  }

  private static boolean isDirectory(@Nullable Path base, String text) {
    return base != null && Files.isDirectory(base.resolve(text));
  }

  /// The directory of a `file:` URL, or null when it is none.
  static @Nullable Path localDirectory(String url) {
    if (!url.startsWith("file:")) {
      return null;
    }
    try {
      var path = Path.of(URI.create(url.split("[#?;\\s]", 2)[0]));
      return Files.isDirectory(path) ? path : null;
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return null;
    }
  }

  /// A directory by its path, perhaps with extras behind it.
  void directory(
      String written,
      String marker,
      String rest,
      String source,
      int number,
      Place place,
      @Nullable Path base,
      boolean isEditable) {
    var matcher = DIRECTORY.matcher(written);
    var text = matcher.matches() ? matcher.group(1) : written;
    var extras = matcher.matches() && matcher.group(2) != null ? matcher.group(2) : "";
    var url = text.startsWith("file:");
    var path = url ? localDirectory(text) : null;
    if (path == null && !url && (base != null || Path.of(text).isAbsolute())) {
      path = base == null ? Path.of(text) : base.resolve(text);
    }
    if (path == null || !Files.isDirectory(path)) {
      findings.problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "the "
                      + (isEditable ? "editable " : "")
                      + "source directory `"
                      + text
                      + "` is not there")
              .at(place)
              .because(
                  path == null
                      ? "the text is not in a file, so a path in it leads nowhere"
                      : "there is no directory " + path.normalize())
              .hint("write its path as seen from the file that names it"));
      return;
    }
    sources(path.normalize(), extras, marker, written, rest, source, number, place, isEditable);
  }

  /// A source directory. A lock keeps the wheel that is built of it; the definition says where it
  /// lies.
  void sources(
      Path directory,
      String extras,
      String marker,
      String written,
      String rest,
      String source,
      int number,
      Place place,
      boolean isEditable) {
    if (!Files.exists(directory.resolve("pyproject.toml"))
        && !Files.exists(directory.resolve("setup.py"))) {
      findings.problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`" + written + "` is no source directory of a Python project")
              .at(place)
              .because("there is neither a pyproject.toml nor a setup.py in " + directory)
              .hint("name the directory that holds one of them"));
      return;
    }
    var url = directory.toAbsolutePath().toUri().toString();
    var name = SourceDirectory.name(directory);
    if (name.isEmpty() && !(extras + marker).isEmpty()) {
      findings.problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`" + written + "` has extras or a marker, and its project's name is not known")
              .at(place)
              .because("neither pyproject.toml nor setup.cfg names the project")
              .hint("write `NAME" + extras + " @ " + url + "`"));
      return;
    }
    var text = name.isEmpty() ? url : name.get() + extras + " @ " + url;
    findings.lines.add(
        new Line(
            text + (marker.isEmpty() ? "" : " ; " + marker) + rest,
            source,
            number,
            Kind.REQUIREMENT));
    findings.warnings.add(
        place.text()
            + ": "
            + (isEditable
                ? "`-e "
                    + written
                    + "` is not installed editable: it is built, as `"
                    + written
                    + "`"
                : "`" + written + "` is built")
            + " when the definition is locked; later changes in "
            + directory
            + " count only after `terroir environment lock --update`");
  }

  // The name in a wheel's file name ends at the first `-`, in a source archive's at the last.
  private static String project(Path archive) {
    var name = String.valueOf(archive.getFileName());
    var end = name.endsWith(".whl") ? name.indexOf('-') : name.lastIndexOf('-');
    return end < 0 ? name : name.substring(0, end);
  }
}

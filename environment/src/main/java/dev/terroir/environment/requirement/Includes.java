package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the files that `-r` and `-c` name, on this disk or by URL, and has them read. For one
/// thread.
final class Includes {
  private static final int MAX_DEPTH = 20;

  /// Files in all; keeps files that include each other twice from growing without end.
  private static final int MAX_FILES = 500;

  /// Reads the lines of what was found.
  interface Reading {
    void file(Path file, List<String> above, boolean isConstraints);

    void lines(
        List<LogicalLine> logical,
        String source,
        @Nullable Path file,
        List<String> above,
        boolean isConstraints);
  }

  private final RequirementsUrl.Fetch fetch;
  private final Findings findings;
  private final Reading reading;
  // With the first one.
  private int files = 1;

  // The file that is being read, when it was fetched.
  private @Nullable URI remote;

  Includes(RequirementsUrl.Fetch fetch, Findings findings, Reading reading) {
    this.fetch = fetch;
    this.findings = findings;
    this.reading = reading;
  }

  /// Whether what is being read was fetched, so that a path in it leads nowhere here.
  boolean isInFetched() {
    return remote != null;
  }

  /// Reads what a line includes, in its place.
  ///
  /// @param option `-r` or `-c`
  /// @param file the file that includes it, or null when there is none on this disk
  /// @param above the files that are being read
  void include(
      String option,
      String value,
      Place place,
      @Nullable Path file,
      List<String> above,
      boolean isConstraints) {
    var target = target(option, value, place, file);
    if (target == null) {
      return;
    }
    var current = remote == null ? String.valueOf(normalized(file)) : remote.toString();
    if (above.contains(target.toString()) || target.toString().equals(current)) {
      findings.problems.add(
          Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, "the files include each other in a circle")
              .at(place));
    } else if (above.size() >= MAX_DEPTH || files >= MAX_FILES) {
      findings.problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX,
                  "more than "
                      + (files >= MAX_FILES ? MAX_FILES + " files" : MAX_DEPTH + " levels")
                      + " are included")
              .at(place));
    } else {
      var deeper = new ArrayList<>(above);
      deeper.add(current);
      switch (target) {
        case Target.Local(var path) -> {
          if (Files.isRegularFile(path)) {
            files++;
            reading.file(path, deeper, isConstraints);
          } else {
            findings.problems.add(
                Problem.of(
                        EnvironmentCode.REQUIREMENT_NOT_CARRIED, "the included file is not there")
                    .at(place)
                    .at(Place.file(path)));
          }
        }
        case Target.Remote(var url) -> fetched(option, url, place, deeper, isConstraints);
      }
    }
  }

  /// What an include names.
  private sealed interface Target {
    record Local(Path path) implements Target {
      @Override
      public String toString() {
        return path.toString();
      }
    }

    record Remote(URI url) implements Target {
      @Override
      public String toString() {
        return url.toString();
      }
    }
  }

  private static @Nullable Path normalized(@Nullable Path file) {
    return file == null ? null : file.toAbsolutePath().normalize();
  }

  // Spec: pip joins what a fetched file includes to its URL, else to the folder of the file.
  private @Nullable Target target(String option, String value, Place place, @Nullable Path file) {
    var current = normalized(file);
    var base = current == null ? null : current.getParent();
    try {
      if (remote != null) {
        var url = remote.resolve(value);
        if (RequirementsUrl.isUrl(url.toString())) {
          return new Target.Remote(url);
        }
      } else if (base != null && RequirementsUrl.isUrl(value)) {
        return new Target.Remote(new URI(value));
      } else if (base != null && value.startsWith("file:")) {
        return new Target.Local(Path.of(URI.create(value)).normalize());
      } else if (base != null && !value.contains("://")) {
        return new Target.Local(base.resolve(value).normalize());
      }
    } catch (IllegalArgumentException | URISyntaxException | FileSystemNotFoundException e) {
      findings.problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX, "`" + value + "` is neither a path nor a URL")
              .at(place)
              .because(String.valueOf(e.getMessage())));
      return null;
    }
    var nowhere = current == null && remote == null;
    findings.problems.add(
        Problem.of(
                EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                "`" + option + " " + value + "` cannot be read from here")
            .at(place)
            .because(
                nowhere
                    ? "the text is not in a file, so a path in it leads nowhere"
                    : "included files are read from this machine's disk and by http and https")
            .hint(
                nowhere
                    ? "put the lines of that file in its place"
                    : "fetch it, put it beside this file and write its name here"));
    return null;
  }

  // What a URL gives today it may not give tomorrow, so the definition holds the lines themselves.
  private void fetched(
      String option, URI url, Place place, List<String> above, boolean isConstraints) {
    files++;
    var outer = remote;
    try {
      var bytes = fetch.bytes(url);
      findings.warnings.add(
          place.text()
              + ": `"
              + option
              + " "
              + url
              + "` was fetched, and the definition holds its lines as they are now (sha256 "
              + RequirementsUrl.sha256(bytes)
              + ")");
      remote = url;
      reading.lines(
          LogicalLine.split(RequirementsText.decode(bytes, url.toString())),
          url.toString(),
          null,
          above,
          isConstraints);
    } catch (EnvironmentException e) {
      for (var problem : e.problems()) {
        findings.problems.add(problem.where().contains(place) ? problem : problem.at(place));
      }
    } finally {
      remote = outer;
    }
  }
}

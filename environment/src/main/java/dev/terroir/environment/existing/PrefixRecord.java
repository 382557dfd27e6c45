package dev.terroir.environment.existing;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.requirement.Credentials;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// One record of `conda-meta`: a package that is installed. Immutable.
///
/// @param json the whole record, so that nothing is lost
/// @since 0.1
public record PrefixRecord(JsonObject json) {
  private static final Pattern TOKEN = Pattern.compile("/t/[^/]+/");

  /// Reads the records of a prefix, sorted by the package's name.
  ///
  /// @throws EnvironmentException code `conda-environment` with every record that is none
  public static List<PrefixRecord> readAll(Path prefix) {
    var folder = prefix.resolve("conda-meta");
    var records = new ArrayList<PrefixRecord>();
    var problems = new ArrayList<Problem>();
    try (var files = Files.list(folder)) {
      for (var file : files.filter(file -> file.toString().endsWith(".json")).sorted().toList()) {
        // mamba keeps a file of its own beside the records.
        if (String.valueOf(file.getFileName()).startsWith(".")) {
          continue;
        }
        try {
          var json = JsonReader.readObject(file);
          if (json.has("name") && json.has("version") && json.has("build")) {
            records.add(new PrefixRecord(json));
          } else if (json.has("name") || json.has("fn")) {
            throw new FoundationException(
                Problem.of(
                        EnvironmentCode.CONDA_ENVIRONMENT,
                        "the record has no `name`, `version` or `build`")
                    .at(Place.file(file)));
          }
        } catch (FoundationException e) {
          problems.add(
              Problem.of(
                      EnvironmentCode.CONDA_ENVIRONMENT,
                      "the record of an installed package cannot be read")
                  .at(
                      e.problem().where().isEmpty()
                          ? Place.file(file)
                          : e.problem().where().getFirst())
                  .because(e.problem().what()));
        }
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the records cannot be read", folder, e);
    }
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
    records.sort((a, b) -> a.name().compareTo(b.name()));
    return List.copyOf(records);
  }

  /// Its name.
  public String name() {
    return json.string("name");
  }

  /// Its version.
  public String version() {
    return json.string("version");
  }

  /// Its build string.
  public String build() {
    return json.string("build");
  }

  /// `name=version=build`, as `conda env export` writes it.
  public String spec() {
    return name() + "=" + version() + "=" + build();
  }

  /// Its files, relative to the prefix.
  public List<String> files() {
    return json.strings("files");
  }

  /// What the user asked for, as rattler records it; empty for a dependency.
  public List<String> requestedSpecs() {
    var specs = new ArrayList<>(json.strings("requested_specs"));
    json.optionalString("requested_spec")
        .filter(spec -> !spec.isBlank() && !spec.equals("None") && specs.isEmpty())
        .ifPresent(specs::add);
    return List.copyOf(specs);
  }

  /// URL of its archive, without credentials; empty when the record has none.
  public Optional<String> url() {
    return json.optionalString("url").filter(url -> !url.isBlank()).map(PrefixRecord::bare);
  }

  /// Its channel as the record has it, without its platform folder: a name or a URL.
  public String channel() {
    var channel = bare(json.optionalString("channel").orElse(""));
    var subdir = json.optionalString("subdir").orElse("");
    while (channel.endsWith("/")) {
      channel = channel.substring(0, channel.length() - 1);
    }
    return !subdir.isEmpty() && channel.endsWith("/" + subdir)
        ? channel.substring(0, channel.length() - subdir.length() - 1)
        : channel;
  }

  /// URL of its channel: that of its archive up to the platform folder, else [#channel].
  public String channelUrl() {
    var url = url().orElse("");
    var file = url.lastIndexOf('/');
    var folder = url.lastIndexOf('/', file - 1);
    return folder > 0 ? url.substring(0, folder) : channel();
  }

  private static String bare(String url) {
    return TOKEN.matcher(Credentials.without(url)).replaceFirst("/");
  }

  /// The record as text, nothing lost.
  public String text() {
    return JsonWriter.indented(json, 2) + "\n";
  }
}

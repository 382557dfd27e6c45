package dev.terroir.image.build;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.image.layer.Placement;
import dev.terroir.lock.CondaPackage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The post-link scripts of conda packages that are run in an image, as one instruction of a
/// Dockerfile, and what that instruction says while an engine runs it. Immutable.
///
/// The scripts run one after the other in the order in which the packages are installed, by bash
/// with `-e` as in local environments, in the prefix, with the variables that conda sets. There is
/// no conda in the image, so `ROOT_PREFIX` is the prefix itself.
///
/// Spec: conda-build, "Adding pre-link, post-link, and pre-unlink scripts".
///
/// @param packages in installing order
record LinkScripts(List<CondaPackage> packages) {
  private static final String FORMAT = "terroir-link-scripts/1";

  private static final String STARTED = "terroir-link-script-started";
  private static final String SAID = "terroir-link-script-message";
  private static final String FAILED = "terroir-link-script-failed";

  /// BuildKit begins each line with the step's number and a time.
  private static final String BUILDKIT = "(?:#\\d+ [0-9.]+ )?";

  private static final Pattern START = Pattern.compile(BUILDKIT + STARTED + " (\\S+)");
  private static final Pattern MESSAGE = Pattern.compile(BUILDKIT + SAID + " (\\S+) (.*)");
  private static final Pattern FAILURE = Pattern.compile(BUILDKIT + FAILED + " (\\S+) (\\d+)");

  private static final String PROGRAM =
      """
      PREFIX=%s ROOT_PREFIX=%s PATH=%s/bin:$PATH
      export PREFIX ROOT_PREFIX PATH PKG_NAME PKG_VERSION PKG_BUILDNUM
      cd "$PREFIX" || exit 1
      command -v bash >/dev/null || { echo 'there is no bash in the image'; exit 1; }
      while [ $# -gt 0 ]; do
        PKG_NAME=$1 PKG_VERSION=$2 PKG_BUILDNUM=$3
        shift 3
        echo "%s $PKG_NAME"
        bash -e "$PREFIX/bin/.$PKG_NAME-post-link.sh" </dev/null 2>&1
        status=$?
        if [ -f "$PREFIX/.messages.txt" ]; then
          while IFS= read -r line || [ -n "$line" ]; do
            printf '%%s\\n' "%s $PKG_NAME $line"
          done <"$PREFIX/.messages.txt"
          rm -f "$PREFIX/.messages.txt"
        fi
        if [ "$status" -ne 0 ]; then
          echo "%s $PKG_NAME $status"
          exit 1
        fi
      done
      """
          .formatted(Placement.PREFIX, Placement.PREFIX, Placement.PREFIX, STARTED, SAID, FAILED);

  LinkScripts {
    packages = List.copyOf(packages);
  }

  /// The titles of the packages.
  List<String> titles() {
    return packages.stream().map(CondaPackage::title).toList();
  }

  /// The hash of all that decides what the scripts see.
  ///
  /// @param base the digest of the base image's manifest
  /// @param config of the image below, which names all its layers
  Sha256 key(String base, byte[] config) {
    return Sha256.of(
        JsonWriter.canonical(
            JsonObject.builder()
                .put("format", FORMAT)
                .put("base", base)
                .put("config", Sha256.of(config).hex())
                .put("program", PROGRAM)
                .put("arguments", arguments())
                .build()));
  }

  private List<String> arguments() {
    var words = new ArrayList<String>();
    for (var item : packages) {
      words.add(item.name());
      words.add(item.version());
      words.add(String.valueOf(item.buildNumber()));
    }
    return words;
  }

  /// The Dockerfile that runs them.
  ///
  /// @param below the image's name in the engine's store
  String dockerfile(String below) {
    var words = new ArrayList<>(List.of("/bin/sh", "-c", PROGRAM, "link-scripts"));
    words.addAll(arguments());
    var json = new StringBuilder();
    for (var word : words) {
      json.append(json.isEmpty() ? "" : ", ").append(quoted(word));
    }
    return "FROM " + below + "\nRUN [" + json + "]\n";
  }

  private static String quoted(String word) {
    return '"' + word.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  /// The title of a package that a message names.
  private String title(String name) {
    return packages.stream()
        .filter(item -> item.name().equals(name))
        .findFirst()
        .map(CondaPackage::title)
        .orElse(name);
  }

  /// What the packages want a person to read, from the lines that an engine wrote.
  List<String> messages(List<String> lines) {
    var messages = new ArrayList<String>();
    for (var line : lines) {
      var matcher = MESSAGE.matcher(line);
      if (matcher.matches() && !matcher.group(2).isBlank()) {
        messages.add(title(matcher.group(1)) + " says: " + matcher.group(2).strip());
      }
    }
    return messages;
  }

  /// A script that failed.
  ///
  /// @param title of its package
  /// @param exitCode its exit status
  /// @param output what it wrote
  record Failure(String title, int exitCode, List<String> output) {}

  /// The script that failed, from the lines that an engine wrote.
  Optional<Failure> failure(List<String> lines) {
    var output = new ArrayList<String>();
    for (var line : lines) {
      if (START.matcher(line).matches()) {
        output.clear();
        continue;
      }
      var failure = FAILURE.matcher(line);
      if (failure.matches()) {
        return Optional.of(
            new Failure(
                title(failure.group(1)), Integer.parseInt(failure.group(2)), List.copyOf(output)));
      }
      var message = MESSAGE.matcher(line);
      output.add(message.matches() ? message.group(2) : line.replaceFirst("^" + BUILDKIT, ""));
    }
    return Optional.empty();
  }
}

package dev.terroir.lock.exchange;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The conformance data, where `-Dterroir.conformance` says it lies; without it the test is
/// skipped, loudly.
final class Conformance {
  private Conformance() {}

  /// The folder of the data.
  static Path root() {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty() || !Files.isDirectory(Path.of(root))) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty() && Files.isDirectory(Path.of(root)), "conformance data");
    return Path.of(root);
  }

  /// A real file.
  record Case(Path file, boolean loads, List<String> oddities) {}

  /// The real files of a kind.
  static List<Case> files(String kind) {
    var folder = root().resolve("files");
    return JsonReader.readObject(folder.resolve("manifest.json")).objects("files").stream()
        .filter(entry -> entry.string("kind").equals(kind))
        .map(entry ->
            new Case(
                folder.resolve(entry.string("path")),
                entry.optionalBoolean("loads").orElse(true),
                entry.strings("odd")))
        .filter(item -> Files.exists(item.file()))
        .toList();
  }

  /// The cases of a suite.
  static List<JsonObject> cases(String path) {
    return JsonReader.readObject(root().resolve(path)).objects("cases");
  }
}

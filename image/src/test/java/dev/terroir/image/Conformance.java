package dev.terroir.image;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The conformance data, where `-Dterroir.conformance` says it lies; without it the test is
/// skipped, loudly.
public final class Conformance {
  private Conformance() {}

  /// The folder of the data.
  public static Path root() {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty() || !Files.isDirectory(Path.of(root))) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty() && Files.isDirectory(Path.of(root)), "conformance data");
    return Path.of(root);
  }

  /// The cases of a suite.
  public static List<JsonObject> cases(String path) {
    return JsonReader.readObject(root().resolve(path)).objects("cases");
  }
}

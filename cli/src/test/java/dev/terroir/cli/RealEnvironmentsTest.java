package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Real environment files and locks, at the command line and without a network")
class RealEnvironmentsTest {
  private static final Pattern CODE = Pattern.compile("(?m)^error: .* \\[([a-z][a-z-]+)]$");

  /// What a real file may be refused for before the index is asked, and, last, because it is.
  private static final Set<String> REASONS =
      Set.of(
          "conda-not-on-index",
          "conda-specification",
          "checkout-failed",
          "python-not-found",
          "requirement-not-carried",
          "requirement-not-fetched",
          "requirement-not-lockable",
          "requirement-syntax",
          "secret-in-definition",
          "yaml-syntax",
          "index-unreachable");

  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder, List.of("UV_OFFLINE=1", "PIP_NO_INDEX=0", "PIP_FIND_LINKS="));
    terroir.run("workspace create -n team").succeeds();
    terroir.run("workspace update --conda-source pypi").succeeds();
  }

  private static List<Path> files(Set<String> kinds) {
    var root = System.getProperty("terroir.conformance", "");
    var isThere = !root.isEmpty() && Files.isDirectory(Path.of(root));
    if (!isThere) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(isThere, "conformance data");
    var files = Path.of(root, "files");
    return JsonReader.readObject(files.resolve("manifest.json")).objects("files").stream()
        .filter(entry -> kinds.contains(entry.string("kind")))
        .map((JsonObject entry) -> files.resolve(entry.string("path")))
        .filter(Files::exists)
        .toList();
  }

  private Terroir.Outcome create(Path file, Path to) {
    return terroir.run(
        "environment create --overwrite -n wild", "-f", file.toString(), "-d", to.toString());
  }

  private Terroir.Outcome lock(String name, String text) {
    var directory = terroir.project.resolve(name);
    create(terroir.write(name + ".yml", text), directory).succeeds();
    return terroir.run("environment lock", "-d", directory.toString());
  }

  private static List<String> codes(Terroir.Outcome outcome) {
    return CODE.matcher(outcome.err()).results().map(found -> found.group(1)).toList();
  }

  @Test
  void whatMayNotBeFetchedIsNoContradictionOfTheDefinition() {
    var outcome = lock("offline", "dependencies:\n- pip:\n  - alpha\n");
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(codes(outcome)).containsExactly("index-unreachable");
    assertThat(outcome.err())
        .contains("alpha", "hint: take back UV_OFFLINE")
        .doesNotContain("loosen");
  }

  @Test
  void aPythonThatIsTooOldIsNamedWithOneThatWouldDo() {
    var outcome = lock("old", "dependencies:\n- python=3.5\n- pip:\n  - alpha\n");
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(codes(outcome)).containsExactly("python-not-found");
    assertThat(outcome.err()).contains("3.5", "hint: ask for Python 3.6 or later");
  }

  @Test
  void everyRealEnvironmentFileLocksOrIsRefusedForAKnownReason() throws IOException {
    var counts = new TreeMap<String, Integer>();
    var odd = new ArrayList<String>();
    var number = 0;
    for (var file : files(Set.of("environment"))) {
      var directory = folder.resolve("wild-" + number++);
      var outcome = create(file, directory);
      if (outcome.code() == 0) {
        outcome = terroir.run("environment lock", "-d", directory.toString());
      }
      var codes = codes(outcome);
      counts.merge(codes.isEmpty() ? "locked" : codes.getFirst(), 1, Integer::sum);
      // One names a wheel by a path of its author's machine.
      var isForeignWheel = outcome.err().contains("Distribution not found at: file:");
      // Of a pinned project with an extra, uv does not say that it may not fetch it.
      var isUnfetchedExtra = outcome.err().matches("(?s).*no version of [a-z-]+\\[[a-z-]+]==.*");
      if (codes.isEmpty() != (outcome.code() == 0)
          || !REASONS.containsAll(codes) && !isForeignWheel && !isUnfetchedExtra) {
        odd.add(file + ": " + outcome.code() + " " + outcome.err());
      }
    }
    System.err.println("real environment files: " + counts);
    assertThat(odd).isEmpty();
    assertThat(counts).containsKeys("locked", "conda-not-on-index", "index-unreachable");
  }

  @Test
  void everyRealLockIsImportedOrRefusedForWhatItLacks() throws IOException {
    var imported = 0;
    var number = 0;
    for (var file : files(Set.of("explicit", "conda-lock", "pixi-lock"))) {
      // Without the project that it lies beside, whose build needs what is not here.
      var alone = Files.createDirectories(terroir.project.resolve("alone" + number));
      var copy = Files.copy(file, alone.resolve(String.valueOf(file.getFileName())));
      var outcome =
          terroir.run(
              "lock import --platform linux/amd64", "-n", "lock" + number++, "-f", copy.toString());
      if (outcome.code() == 0) {
        imported++;
      } else {
        assertThat(Set.copyOf(codes(outcome)))
            .as(file + outcome.err())
            // Repositories are elsewhere, too.
            .isSubsetOf("lock-not-importable", "checkout-failed")
            .hasSize(1);
      }
    }
    assertThat(imported).isGreaterThanOrEqualTo(10);
  }
}

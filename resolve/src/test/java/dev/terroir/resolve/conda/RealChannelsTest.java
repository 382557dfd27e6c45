package dev.terroir.resolve.conda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Requests over the indexes of real channels")
class RealChannelsTest {
  @TempDir static Path channels;
  private static Path root;

  @BeforeAll
  static void unpack() throws IOException {
    var given = System.getProperty("terroir.conformance", "");
    if (given.isEmpty()) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!given.isEmpty() && Files.isDirectory(Path.of(given)), "conformance data");
    root = Path.of(given);
    try (var walk = Files.walk(root.resolve("conda_channels"))) {
      for (var file : walk.filter(path -> path.endsWith("repodata.json.gz")).toList()) {
        var target =
            channels
                .resolve(root.resolve("conda_channels").relativize(file).getParent())
                .resolve("repodata.json");
        Files.createDirectories(target.getParent());
        try (var in = new GZIPInputStream(Files.newInputStream(file))) {
          Files.copy(in, target);
        }
      }
    }
  }

  @Test
  void aRequestIsSolvedExactlyWhenItCanBe() {
    checkAll("conda_solver/real_requests.json", 10);
  }

  @Test
  void theRequestsOfRealEnvironmentFilesAreSolved() {
    checkAll("conda_solver/locked_requests.json", 5);
  }

  private static void checkAll(String file, int step) {
    var cases = JsonReader.readObject(root.resolve(file)).objects("cases");
    for (int i = 0; i < cases.size(); i += step) {
      check(cases.get(i), file + " case " + i);
    }
  }

  private static void check(JsonObject one, String what) {
    var options =
        new CondaOptions(
            CondaOptions.Source.CHANNELS,
            CondaOptions.Restricted.WARN,
            one.optionalString("channel_priority").orElse("strict"),
            one.strings("virtual"),
            List.of(),
            List.of());
    var platform =
        one.strings("subdirs").contains("linux-aarch64")
            ? Platform.parse("linux/arm64")
            : Platform.parse("linux/amd64");
    var question =
        new CondaSolver.Question(
            one.strings("add").stream()
                .map(spec -> new CondaSolver.Spec(spec, Place.of(what)))
                .toList(),
            one.strings("channels").stream()
                .map(name -> channels.resolve(name).toString())
                .toList(),
            platform,
            Path.of("/"),
            false);
    var solver = Tools.solver(Tools.settings(Map.of()), options);
    if (!one.optionalBoolean("expect_satisfiable").orElse(true)) {
      assertThatThrownBy(() -> solver.solve(question, Progress.SILENT))
          .as(what)
          .isInstanceOfSatisfying(
              ResolveException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ResolveCode.UNSOLVABLE));
      return;
    }
    var part = solver.solve(question, Progress.SILENT);
    assertThat(missing(part)).as(what).isEmpty();
    for (var spec : question.specs()) {
      var name = CondaDependency.condaName(spec.text()).orElseThrow();
      assertThat(part.find(name)).as(what + ": " + name).isPresent();
      assertThat(part.find(name).orElseThrow().requiredBy())
          .as(what)
          .contains(LockedPackage.DEFINITION);
    }
    assertThat(part.packages())
        .as(what)
        .allSatisfy(item -> {
          assertThat(item.url()).startsWith(item.channel() + "/" + item.subdir() + "/");
          assertThat(item.requiredBy()).isNotEmpty();
        });
  }

  /// Names that a package needs and nothing brings.
  private static List<String> missing(CondaPart part) {
    var missing = new ArrayList<String>();
    for (CondaPackage item : part.packages()) {
      for (var spec : item.depends()) {
        var name = spec.split("[ \\[=<>]", 2)[0];
        if (!name.startsWith("__") && part.find(name).isEmpty()) {
          missing.add(item.title() + " needs " + spec);
        }
      }
    }
    return missing;
  }
}

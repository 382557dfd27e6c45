package dev.terroir.lock.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.LockedPackage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tomlj.Toml;

@DisplayName("pylock.toml (PEP 751): what is exported keeps its rules")
class PylockExportTest {
  private static List<JsonObject> cases(String path) {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty() || !Files.isDirectory(Path.of(root))) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty() && Files.isDirectory(Path.of(root)), "conformance data");
    return JsonReader.readObject(Path.of(root).resolve(path)).objects("cases");
  }

  @Test
  void theRulesJudgeEveryRecordedDocumentAsTheStandardDoes() {
    var cases = cases("pylock/validate.json");
    for (var item : cases) {
      var problems = PylockRules.problems(item.object("pylock"));
      assertThat(problems.isEmpty())
          .as(item + " has " + problems)
          .isEqualTo(item.optionalBoolean("expect_valid").orElseThrow());
    }
    System.err.println("pylock/validate: " + cases.size() + " cases");
  }

  @Test
  void everyRecordedFileNameIsJudgedAsTheStandardDoes() {
    for (var item : cases("pylock/paths.json")) {
      var path = item.string("path");
      assertThat(LockExport.isPylockName(String.valueOf(Path.of(path).getFileName())))
          .as(path)
          .isEqualTo(item.optionalBoolean("expect").orElseThrow());
    }
    assertThat(LockExport.isPylockName("pylock.a.b.toml")).isFalse();
    assertThat(LockExport.isPylockName("my-pylock.toml")).isFalse();
  }

  @Test
  void everyLockIsExportedAsAValidDocument(@TempDir Path folder) {
    qt().forAll(integers().between(0, 1_000_000))
        .checkAssert(seed -> {
          var lock = lock(new Random(seed));
          LockFile.write(lock, folder.resolve("lock.json"));
          assertThat(LockFile.read(folder.resolve("lock.json"))).isEqualTo(lock);
          var toml = Toml.parse(LockExport.pylock(lock));
          assertThat(toml.errors()).isEmpty();
          var json = JsonReader.parseObject(toml.toJson(), "pylock.toml");
          assertThat(PylockRules.problems(json)).as(LockExport.pylock(lock)).isEmpty();
          var packages = json.objects("packages");
          assertThat(packages).hasSameSizeAs(lock.packages());
          for (int i = 0; i < packages.size(); i++) {
            var item = lock.packages().get(i);
            assertThat(packages.get(i).string("name")).isEqualTo(item.name());
            assertThat(packages.get(i).toString()).contains(item.artifact().sha256());
          }
        });
  }

  private static Lock lock(Random random) {
    var packages = new ArrayList<LockedPackage>();
    for (int i = random.nextInt(5); i > 0; i--) {
      var name = "p-" + (char) ('a' + random.nextInt(26)) + i;
      var version =
          List.of("1.0", "1!2.0", "0.1rc1", "1.0+local.1", "2024.1.post2").get(random.nextInt(5));
      var stem = name.replace('-', '_') + "-" + version;
      var kind = List.of("wheel", "sdist", "archive").get(random.nextInt(3));
      var file = stem + (kind.equals("wheel") ? "-py3-none-any.whl" : ".tar.gz");
      var place = random.nextBoolean() ? "https://files.example/a%20b/" : "file:///a%20b/\u00e9/";
      packages.add(
          new LockedPackage(
              name,
              version,
              new LockedPackage.Artifact(
                  kind,
                  place + file.replace("+", "%2B"),
                  file,
                  Sha256.of(file).hex(),
                  random.nextInt(3) - 1),
              random.nextBoolean() ? "https://index.example/simple" : null,
              List.of("(definition)")));
    }
    return new Lock(
        "0".repeat(32),
        Platform.LINUX_AMD64,
        "3.11",
        List.of("a ; python_version < \"3.12\""),
        List.of("--extra-index-url https://host/simple"),
        Map.of("azureml-core", "x"),
        packages,
        Map.of("uv", "1"));
  }
}

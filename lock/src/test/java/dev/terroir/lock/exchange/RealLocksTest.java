package dev.terroir.lock.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.lock.LockException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Locks of other tools, as they are found in public repositories")
class RealLocksTest {
  /// The cases that are refused, each with a part of the reason.
  private static final Map<String, String> REFUSED =
      Map.of(
          "test-data/conda-lock/forward-compatible-lock.yml", "the lock is of version 1000",
          "test-data/lock_parse_fails/v7/duplicate_platform_definition.yml",
              "`DUPLICATE` is described twice",
          "test-data/lock_parse_fails/v7/invalid_platform_subdir.yml",
              "`linux-XX` is no platform of conda",
          "libmamba/tests/data/env_lockfile/bad_version-lock.json", "the lock is of version 0.0.0",
          "libmamba/tests/data/env_lockfile/bad_version-lock.yaml", "`-1` is no version of a lock");

  private static LockDocument read(String text, String source) {
    return ForeignLocks.parse(text, source, _ -> {});
  }

  private static void roundTrips(LockDocument document, String source) {
    var written = ForeignLocks.write(document);
    assertThat(read(written, source + ", written")).as(source).isEqualTo(document);
    // What was written is written again to the byte.
    assertThat(ForeignLocks.write(read(written, source))).as(source).isEqualTo(written);
  }

  @Test
  void theCasesOfOtherToolsParseAndRoundTripOrAreRefused() {
    for (var item : Conformance.cases("conda/lock_files.json")) {
      var path = item.string("path");
      var reason = REFUSED.get(path);
      if (reason != null || !item.optionalBoolean("expect_valid").orElse(true)) {
        assertThatThrownBy(() -> read(item.string("text"), path))
            .as(path)
            .isInstanceOf(LockException.class)
            .hasMessageContaining(reason == null ? "a reason for the table" : reason)
            .satisfies(failure ->
                assertThat(((TerroirException) failure).problem().where().getFirst().text())
                    .startsWith(path + ":"));
        continue;
      }
      var document = read(item.string("text"), path);
      roundTrips(document, path);
      expected(item, document, path);
    }
  }

  /// Compares with what the tool's own tests found in the file.
  private static void expected(JsonObject item, LockDocument document, String path) {
    switch (item.get("expect_packages").orElse(JsonValue.NULL)) {
      case JsonValue.JsonNumber(var text) -> {
        var distinct =
            document.format() == LockDocument.Format.PIXI
                ? distinct(document) + document.unused().size()
                : document.size();
        assertThat(distinct).as(path).isEqualTo(Integer.parseInt(text));
      }
      case JsonValue.JsonArray(var elements)
          when elements.isEmpty() || elements.getFirst() instanceof JsonValue.JsonString ->
          assertThat(rows(document)).as(path).hasSize(elements.size());
      case JsonValue.JsonArray(var elements) -> {
        var wanted = new ArrayList<Map<String, String>>();
        for (var element : elements) {
          var row = new TreeMap<>(strings((JsonObject) element));
          row.putIfAbsent("category", "main");
          wanted.add(row);
        }
        assertThat(rows(document)).as(path).containsExactlyInAnyOrderElementsOf(wanted);
      }
      case JsonValue _ -> {}
    }
  }

  private static Map<String, String> strings(JsonObject object) {
    return JsonObject.builder().put("row", object).build().stringMap("row");
  }

  private static int distinct(LockDocument document) {
    return (int)
        document.environments().stream()
            .flatMap(environment -> environment.packages().values().stream())
            .flatMap(List::stream)
            .map(LockDocument.Use::entry)
            .distinct()
            .count();
  }

  private static List<Map<String, String>> rows(LockDocument document) {
    var rows = new ArrayList<Map<String, String>>();
    for (var environment : document.environments()) {
      environment
          .packages()
          .forEach((platform, uses) -> {
            for (var use : uses) {
              var row = new TreeMap<String, String>();
              row.put("category", environment.name());
              row.put("platform", platform);
              row.put("name", use.entry().name());
              row.put("url", use.entry().location());
              switch (use.entry()) {
                case LockEntry.Conda conda -> {
                  row.put("manager", "conda");
                  row.put("version", conda.version());
                }
                case LockEntry.Pypi pypi -> {
                  row.put("manager", "pip");
                  row.put("version", String.valueOf(pypi.version()));
                }
                case LockEntry.Source _ -> {}
              }
              rows.add(row);
            }
          });
    }
    return rows;
  }

  @Test
  void theFilesOfPublicRepositoriesParseAndRoundTrip() {
    var count = 0;
    for (var kind : List.of("explicit", "conda-lock", "pixi-lock")) {
      for (var item : Conformance.files(kind)) {
        var document = ForeignLocks.read(item.file(), _ -> {});
        roundTrips(document, item.file().toString());
        count++;
      }
    }
    for (var item : Conformance.cases("env_yaml/explicit.json")) {
      var document = read(item.string("text"), item.string("name"));
      roundTrips(document, item.string("name"));
      item.optionalObject("expect")
          .ifPresent(expect -> {
            assertThat(document.platforms().getFirst().subdir())
                .isEqualTo(expect.string("platform"));
            assertThat(ForeignLocks.write(document).replace("#sha256:", "#").lines())
                .containsSubsequence(expect.strings("packages"));
          });
      count++;
    }
    for (var item : Conformance.cases("env_yaml/mamba_files.json")) {
      if (item.string("name").endsWith(".txt")) {
        assertThatThrownBy(() -> read(item.string("text"), item.string("name")))
            .hasMessageContaining("lists what is wanted");
      }
    }
    assertThat(count).isGreaterThan(40);
  }

  @Test
  void everyEnvironmentAndPlatformBecomesALockOrSaysWhyNot() {
    var made = 0;
    for (var kind : List.of("explicit", "conda-lock", "pixi-lock")) {
      for (var item : Conformance.files(kind)) {
        var document = ForeignLocks.read(item.file(), _ -> {});
        for (var environment : document.environments()) {
          for (var platform : document.platforms()) {
            try {
              made += becomesALock(document, environment.name(), platform, item.file());
            } catch (LockException e) {
              for (var problem : e.problems()) {
                assertThat(problem.what())
                    .containsPattern(
                        "no digest|no SHA-256|no environments are made|no project of Python|a"
                            + " folder that is not|no commit|no version|Windows|no `python`|no"
                            + " file");
              }
            }
          }
        }
      }
    }
    assertThat(made).isGreaterThan(60);
  }

  private static int becomesALock(
      LockDocument document, String environment, LockDocument.PlatformEntry platform, Path file) {
    var choice = LockExchange.choose(document, file.toString(), environment, platform.name());
    var builds =
        new NamedBuilds(
            document.uses(environment, platform.name()).stream()
                .map(LockDocument.Use::entry)
                .filter(entry ->
                    entry instanceof LockEntry.Source
                        || (entry instanceof LockEntry.Pypi item && PypiEntries.isSource(item)))
                .map(LockEntry::name)
                .findFirst()
                .orElse("none"));
    var imported = LockExchange.toLock(document, choice, file.toAbsolutePath().getParent(), builds);
    var lock = imported.of("0".repeat(32));
    assertThat(imported.dependencies().condaPackages()).hasSize(lock.conda().packages().size());
    assertThat(imported.dependencies().pipPackages()).hasSize(lock.packages().size());
    assertThat(lock.platform()).isEqualTo(Subdirs.platform(platform.subdir()).orElseThrow());
    // A lock goes through every format and comes back as itself, as far as the format tells.
    for (var format :
        List.of(
            LockDocument.Format.EXPLICIT,
            LockDocument.Format.PIXI,
            LockDocument.Format.CONDA_LOCK)) {
      var text = ForeignLocks.write(LockExchange.ofLock(lock), format);
      var again = ForeignLocks.parse(text, format + " of " + file, _ -> {});
      var back =
          LockExchange.toLock(
                  again,
                  LockExchange.choose(again, file.toString(), null, null),
                  file.getParent(),
                  builds)
              .of("0".repeat(32));
      assertThat(back.platform()).isEqualTo(lock.platform());
      assertThat(back.everything()).hasSize(lock.everything().size());
      if (format == LockDocument.Format.PIXI) {
        assertThat(back.conda().packages()).isEqualTo(lock.conda().packages());
      }
      var difference = dev.terroir.lock.LockDifference.between(lock, back);
      assertThat(difference.isEmpty()).as(difference.toString()).isTrue();
    }
    return 1;
  }

  @Test
  void aSubdirIsTheFolderOfAPlatform() {
    assertThat(Subdirs.of(Platform.LINUX_ARM64)).isEqualTo("linux-aarch64");
    assertThat(Subdirs.platform("linux-64")).contains(Platform.LINUX_AMD64);
    assertThat(Subdirs.platform("win-64")).isEmpty();
  }
}

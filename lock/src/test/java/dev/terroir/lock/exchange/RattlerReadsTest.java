package dev.terroir.lock.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.process.Command;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What is written for pixi and conda is what rattler reads")
class RattlerReadsTest {
  private static final Path VENV = Path.of("target", "rattler").toAbsolutePath();

  private static final String READ =
      """
      import json, sys
      from rattler import LockFile
      lock = LockFile.from_path(sys.argv[1])
      out = {}
      for name, environment in lock.environments():
          for platform in environment.platforms():
              rows = []
              for item in environment.packages(platform) or []:
                  rows.append([item.name, str(item.location)])
              out[name + " " + str(getattr(platform, "name", platform))] = sorted(rows)
      print(json.dumps(out))
      """;

  @TempDir Path folder;

  /// py-rattler, put under `target` once.
  @BeforeAll
  static void rattler() {
    var python = VENV.resolve("bin/python");
    // One that was interrupted is filled again.
    if (!Files.exists(python) || !run(python.toString(), "-c", "import rattler").isSuccess()) {
      run("python3", "-m", "venv", VENV.toString());
      run(VENV.resolve("bin/pip").toString(), "install", "-q", "py-rattler==0.28.0");
    }
    var result = run(python.toString(), "-c", "import rattler");
    if (!result.isSuccess()) {
      System.err.println("SKIPPED: no py-rattler: " + result.error().strip());
    }
    assumeTrue(result.isSuccess(), "py-rattler");
  }

  private static Command.Result run(String... words) {
    return new Command(List.of(words), new TreeMap<>(System.getenv()), null, Duration.ofMinutes(5))
        .run();
  }

  /// What rattler finds in a lock: name and location by environment and platform.
  private Map<String, JsonValue> found(String text) throws IOException {
    var file = Files.writeString(folder.resolve("pixi.lock"), text);
    var result = run(VENV.resolve("bin/python").toString(), "-c", READ, file.toString());
    assertThat(result.isSuccess()).as(result.error()).isTrue();
    return JsonReader.parseObject(result.output(), "rattler").members();
  }

  @Test
  void everyPixiLockSaysTheSameToRattlerWhenItIsWrittenAgain() throws IOException {
    var count = 0;
    for (var item : Conformance.files("pixi-lock")) {
      var original = Files.readString(item.file());
      var file = Files.writeString(folder.resolve("pixi.lock"), original);
      if (!run(VENV.resolve("bin/python").toString(), "-c", READ, file.toString()).isSuccess()) {
        continue;
      }
      var written = ForeignLocks.write(ForeignLocks.read(item.file(), _ -> {}));
      assertThat(found(written)).as(item.file().toString()).isEqualTo(found(original));
      count++;
    }
    assertThat(count).isGreaterThan(8);
  }

  @Test
  void locksOfOtherToolsBecomePixiLocksThatRattlerReads() throws IOException {
    for (var kind : List.of("explicit", "conda-lock")) {
      for (var item : Conformance.files(kind)) {
        var document = ForeignLocks.read(item.file(), _ -> {});
        var names = new TreeSet<String>();
        document.environments().stream()
            .flatMap(environment -> environment.packages().values().stream())
            .flatMap(List::stream)
            .forEach(use -> names.add(use.entry().name()));
        var found = found(ForeignLocks.write(document, LockDocument.Format.PIXI));
        var read = new TreeSet<String>();
        for (var rows : found.values()) {
          for (var row : ((JsonValue.JsonArray) rows).elements()) {
            var cells = ((JsonValue.JsonArray) row).elements();
            read.add(((JsonValue.JsonString) cells.getFirst()).value());
          }
        }
        assertThat(read).as(item.file().toString()).isEqualTo(names);
      }
    }
  }

  @Test
  void aLockBecomesAPixiLockAndACondaLockThatRattlerReads() throws IOException {
    var locks = new ArrayList<Lock>();
    for (var kind : List.of("pixi-lock", "conda-lock")) {
      for (var item : Conformance.files(kind)) {
        var document = ForeignLocks.read(item.file(), _ -> {});
        for (var environment : document.environments()) {
          for (var platform : environment.packages().keySet()) {
            try {
              var choice = LockExchange.choose(document, "the.lock", environment.name(), platform);
              locks.add(
                  LockExchange.toLock(document, choice, folder, new NamedBuilds("none"))
                      .of("0".repeat(32)));
              break;
            } catch (LockException e) {
              // What cannot become a lock is told by another test.
            }
          }
        }
      }
    }
    assertThat(locks).hasSizeGreaterThan(8);
    for (var lock : locks) {
      // rattler takes conda-lock's file for its own first versions.
      for (var format : List.of(LockDocument.Format.PIXI, LockDocument.Format.CONDA_LOCK)) {
        var found = found(ForeignLocks.write(LockExchange.ofLock(lock), format));
        if (lock.everything().isEmpty()) {
          continue;
        }
        var rows = (JsonValue.JsonArray) found.values().iterator().next();
        assertThat(rows.elements()).as(format.id()).hasSize(lock.everything().size());
      }
    }
  }
}

package dev.terroir.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Local environments: a lock becomes a directory that Python runs from")
class PrefixesTest {
  @TempDir Path folder;
  private Settings settings;
  private Path wheel;
  private Prefixes prefixes;

  @BeforeEach
  void begin() throws IOException {
    settings = Wheel.settings(folder);
    wheel = Wheel.write(folder.resolve("wheels"));
    var home = TerroirHome.of(settings);
    prefixes =
        new Prefixes(home, () -> Uv.open(settings, home, Progress.SILENT), CondaOptions.DEFAULT);
  }

  @Test
  void aLockIsMadeOnceAndFoundEverAfter() throws IOException {
    var lock = Wheel.lock(wheel);
    assertThat(prefixes.find(lock.digest().hex())).isEmpty();
    var made = prefixes.realise(lock, Progress.SILENT);
    assertThat(made.isCached()).isFalse();
    assertThat(made.directory()).isEqualTo(prefixes.directory(lock.digest().hex()));
    assertThat(Wheel.output(made.python().toString(), "-c", "import alpha; print(alpha.VERSION)"))
        .isEqualTo("1.0");
    // Neither the wheel nor a uv is needed any more.
    Files.delete(wheel);
    var found =
        new Prefixes(
                TerroirHome.of(settings),
                () -> {
                  throw new AssertionError("uv was opened");
                },
                CondaOptions.DEFAULT)
            .realise(lock, Progress.SILENT);
    assertThat(found.isCached()).isTrue();
    assertThat(found.python()).isEqualTo(made.python());
  }

  @ParameterizedTest(name = "without {0}")
  @ValueSource(strings = {".terroir-prefix.json", "bin/python", "RECORD", "lib"})
  void whatMissesAPartIsMadeAnew(String part) throws IOException {
    var lock = Wheel.lock(wheel);
    var prefix = prefixes.realise(lock, Progress.SILENT).prefix().orElseThrow();
    try (var walk = Files.walk(prefix)) {
      walk.filter(file -> file.endsWith(part)).toList().forEach(Trees::delete);
    }
    assertThat(prefixes.find(lock.digest().hex())).isEmpty();
    var again = prefixes.realise(lock, Progress.SILENT);
    assertThat(again.isCached()).isFalse();
    assertThat(Wheel.output(again.python().toString(), "-c", "import alpha; print('here')"))
        .isEqualTo("here");
  }

  @Test
  void aMarkerThatIsCutOffDoesNotCount() throws IOException {
    var lock = Wheel.lock(wheel);
    var prefix = prefixes.realise(lock, Progress.SILENT).prefix().orElseThrow();
    Files.writeString(prefix.resolve(".terroir-prefix.json"), "{\"format\": ");
    assertThat(prefixes.find(lock.digest().hex())).isEmpty();
    assertThat(prefixes.realise(lock, Progress.SILENT).isCached()).isFalse();
  }

  @Test
  void anArchiveOfAnotherHashIsRefusedAndNothingCompleteIsLeft() {
    var lock = Wheel.lock(wheel, Sha256.of("another").hex(), Platform.current());
    assertThatThrownBy(() -> prefixes.realise(lock, Progress.SILENT))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e -> assertThat(e.problem().code().id()).isEqualTo("hash-mismatch"));
    assertThat(prefixes.find(lock.digest().hex())).isEmpty();
  }

  @Test
  void whatAKilledInstallationLeftIsEndedFirst() throws Exception {
    var lock = Wheel.lock(wheel);
    var directory = prefixes.directory(lock.digest().hex());
    Files.createDirectories(directory.resolve("lib"));
    Files.writeString(directory.resolve("lib/half"), "x");
    var builder = new ProcessBuilder("sleep", "600");
    builder.environment().put("TERROIR_WORKING_ON", directory.toString());
    var leftover = builder.start();
    try {
      prefixes.realise(lock, Progress.SILENT);
      assertThat(leftover.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(directory.resolve("lib/half")).doesNotExist();
    } finally {
      leftover.destroyForcibly();
    }
  }

  @Test
  void manyThatNeedTheSameOneMakeItOnce() throws Exception {
    var lock = Wheel.lock(wheel);
    try (var threads = Executors.newFixedThreadPool(4)) {
      var tasks =
          IntStream.range(0, 4)
              .<Callable<LocalPython>>mapToObj(_ -> () -> prefixes.realise(lock, Progress.SILENT))
              .toList();
      var made = 0;
      for (var result : threads.invokeAll(tasks)) {
        made += result.get().isCached() ? 0 : 1;
      }
      assertThat(made).isEqualTo(1);
    }
  }

  @Test
  void aLockForAnotherMachineIsRefused() throws IOException {
    var other =
        Platform.parse(
            Platform.current().toString().equals("linux/amd64") ? "linux/arm64" : "linux/amd64");
    var lock = Wheel.lock(wheel, Sha256.of(wheel).hex(), other);
    assertThatThrownBy(() -> prefixes.realise(lock, Progress.SILENT))
        .isInstanceOfSatisfying(
            PrefixException.class,
            e -> assertThat(e.problem().code()).isEqualTo(PrefixCode.WRONG_PLATFORM))
        .hasMessageContaining(other.toString());
    assertThat(prefixes.directory(lock.digest().hex())).doesNotExist();
  }

  @Test
  void aUserManagedInterpreterIsUsedAsItIs() throws IOException {
    var own = Files.createDirectories(folder.resolve("own/bin")).resolve("mypython");
    Files.writeString(own, "#!/bin/sh\n");
    assertThatThrownBy(() -> Prefixes.userManaged(own.toString(), settings))
        .isInstanceOf(PrefixException.class)
        .hasMessageContaining("not there or not executable");
    own.toFile().setExecutable(true);
    var byPath = Prefixes.userManaged(own.toString(), settings);
    assertThat(byPath.python()).isEqualTo(own);
    assertThat(byPath.prefix()).isEmpty();
    var onPath =
        Prefixes.userManaged("mypython", Settings.of(Map.of("PATH", own.getParent().toString())));
    assertThat(onPath.python()).isEqualTo(own);
  }

  @Test
  void whatActivatePrintsMakesAShellUseIt() throws Exception {
    var python = prefixes.realise(Wheel.lock(wheel), Progress.SILENT);
    var script =
        python.activation() + "command -v python; echo \"$VIRTUAL_ENV\"; python -c 'import alpha'";
    var shell = new ProcessBuilder(List.of("sh", "-ec", script));
    shell.environment().put("PYTHONPATH", "/nowhere");
    var process = shell.start();
    assertThat(new String(process.getInputStream().readAllBytes()).lines())
        .containsExactly(python.python().toString(), String.valueOf(python.directory()));
    assertThat(process.waitFor()).isZero();
  }
}

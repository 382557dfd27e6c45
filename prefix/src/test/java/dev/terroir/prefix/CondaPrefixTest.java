package dev.terroir.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.Resolver;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Local environments of conda packages, with pip's on top")
class CondaPrefixTest {
  @TempDir static Path channel;
  @TempDir Path folder;
  private Settings settings;
  private TerroirHome home;
  private Path wheel;

  @BeforeAll
  static void makeChannel() throws IOException {
    var python = SampleChannel.python();
    if (python.isEmpty()) {
      System.err.println("SKIPPED: no python3.11 on PATH");
    }
    assumeTrue(python.isPresent(), "python3.11");
    SampleChannel.standard(channel, python.get());
  }

  @BeforeEach
  void begin() throws IOException {
    settings = Wheel.settings(folder);
    home = TerroirHome.of(settings);
    wheel = Wheel.write(folder.resolve("wheels"));
  }

  private Prefixes prefixes(CondaOptions options) {
    return new Prefixes(home, () -> Uv.open(settings, home, Progress.SILENT), options);
  }

  private Lock lock(String dependencies) {
    return lockOf(channel, dependencies);
  }

  private Lock lockOf(Path channel, String dependencies) {
    var text = "channels:\n- " + channel.toUri() + "\n- nodefaults\ndependencies:\n" + dependencies;
    var environment = Environment.of("e", CondaDependencies.parse(text, "environment.yml"));
    return new Resolver(
            Uv.open(settings, home, Progress.SILENT), Replacements.DEFAULT, CondaOptions.DEFAULT)
        .resolve(
            environment, new Resolver.Target(Platform.current(), null, folder), Progress.SILENT);
  }

  private static String run(LocalPython python, String... arguments) {
    var command = new ArrayList<>(List.of(arguments));
    var variables = python.activated(Settings.system().variables());
    var result = new Command(command, variables, null, Duration.ofMinutes(1)).run();
    assertThat(result.exitCode()).as(result.error()).isZero();
    return result.output().strip();
  }

  @Test
  void pythonEntryPointsProgramsAndPipsPackagesRunTogether() {
    var lock =
        lock("- python=3.11\n- greeter\n- placed\n- linked\n- pip:\n  - " + wheel.toUri() + "\n");
    assertThat(lock.pythonVersion()).isEqualTo("3.11");
    assertThat(lock.packages()).hasSize(1);
    var made = prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT);
    var prefix = made.directory().toString();
    assertThat(run(made, prefix + "/bin/python", "-c", "import alpha, sys; print(sys.prefix)"))
        .isEqualTo(prefix);
    assertThat(run(made, prefix + "/bin/greet")).contains("hello from 2.0 in " + prefix);
    assertThat(run(made, prefix + "/bin/placed")).contains(prefix);
    assertThat(made.directory().resolve("share/linked-folder")).isSymbolicLink();
    assertThat(made.directory().resolve("conda-meta/history")).content().contains("greeter");
    assertThat(prefixes(CondaOptions.DEFAULT).find(lock.digest().hex())).isPresent();
    assertThat(run(made, prefix + "/bin/python", "-m", "pip", "check")).contains("No broken");
  }

  @Test
  void activationScriptsAndVariablesReachAProcess() {
    var made =
        prefixes(CondaOptions.DEFAULT).realise(lock("- python\n- activated\n"), Progress.SILENT);
    assertThat(run(made, "/bin/sh", "-c", "echo $ACTIVATED $ACTIVATED_BY $CONDA_PREFIX"))
        .isEqualTo(made.directory() + " variables " + made.directory());
    assertThat(made.activated(Settings.system().variables())).doesNotContainKey("VIRTUAL_ENV");
    var shell =
        new Command(
                List.of("/bin/sh", "-c", made.activation() + "command -v python; echo $ACTIVATED"),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(1))
            .run();
    assertThat(shell.output())
        .isEqualTo(made.directory() + "/bin/python\n" + made.directory() + "\n");
  }

  @Test
  void linkScriptsRunOnlyWhenTheyAreAllowed() throws IOException {
    var lock = lock("- posted\n");
    assertThat(lock.pythonVersion()).isEmpty();
    var warnings = new ArrayList<String>();
    var made = prefixes(CondaOptions.DEFAULT).realise(lock, Warnings.to(warnings));
    var trace = made.directory().resolve("share/post-link-ran.txt");
    assertThat(trace).doesNotExist();
    assertThat(warnings).anyMatch(text -> text.contains("posted"));
    Trees.delete(made.directory());
    var allowing =
        new CondaOptions(
            CondaOptions.Source.CHANNELS,
            CondaOptions.Restricted.WARN,
            "",
            List.of(),
            List.of("posted"),
            List.of());
    prefixes(allowing).realise(lock, Progress.SILENT);
    assertThat(trace).content().isEqualTo(made.directory() + "\n");
  }

  @Test
  void whatMissesAPackageIsMadeAnew() throws IOException {
    var lock = lock("- python\n- greeter\n");
    var made = prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT);
    Files.delete(made.directory().resolve("conda-meta/greeter-2.0-pyh0_0.json"));
    Files.delete(made.directory().resolve("bin/greet"));
    assertThat(prefixes(CondaOptions.DEFAULT).find(lock.digest().hex())).isEmpty();
    var again = prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT);
    assertThat(again.isCached()).isFalse();
    assertThat(run(again, again.directory() + "/bin/greet")).contains("hello");
  }

  @Test
  void tenAtOnceMakeItOnce() throws Exception {
    var lock = lock("- python\n- greeter\n");
    try (var threads = Executors.newFixedThreadPool(10)) {
      var all =
          threads.invokeAll(
              IntStream.range(0, 10)
                  .<Callable<LocalPython>>mapToObj(
                      _ -> () -> prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT))
                  .toList());
      var fresh = 0;
      for (var one : all) {
        fresh += one.get().isCached() ? 0 : 1;
      }
      assertThat(fresh).isEqualTo(1);
    }
  }

  @Test
  void anArchiveThatIsNotWhatTheLockSaysIsRefused() throws IOException {
    var own = SampleChannel.small(folder.resolve("own"));
    var lock = lockOf(own.directory(), "- generic\n- linked\n");
    var archive = own.find("generic-1.0-0.conda");
    var bytes = Files.readAllBytes(archive);
    bytes[bytes.length / 2] ^= 1;
    Files.write(archive, bytes);
    assertThatThrownBy(() -> prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e -> {
              assertThat(e.problem().code())
                  .isIn(ResolveCode.HASH_MISMATCH, ResolveCode.CONDA_ARCHIVE);
              assertThat(e.problem().render()).contains("generic");
            });
    assertThat(prefixes(CondaOptions.DEFAULT).find(lock.digest().hex())).isEmpty();
    assertThat(prefixes(CondaOptions.DEFAULT).directory(lock.digest().hex())).doesNotExist();
    Files.delete(archive);
    assertThatThrownBy(() -> prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT))
        .hasMessageContaining("generic 1.0");
  }

  @Test
  void aPackageThatWritesElsewhereIsRefusedBeforeAnythingIsLinked() throws IOException {
    var own = CondaChannel.at(folder.resolve("bad"));
    own.add(CondaSample.of("up", "1.0").text("../../outside", "x"));
    own.add(CondaSample.of("absolute", "1.0").text(folder.resolve("outside").toString(), "x"));
    own.add(CondaSample.of("through", "1.0").noarchPython().text("site-packages/../../../x", "x"));
    own.add(CondaSample.fakePython("3.11.7"));
    own.add(CondaSample.of("good", "1.0").text("share/..good/a..b", "x"));
    own.index();
    for (var name : List.of("up", "absolute", "through")) {
      var lock = lockOf(own.directory(), "- " + name + "\n- good\n");
      assertThatThrownBy(() -> prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT))
          .as(name)
          .isInstanceOfSatisfying(
              ResolveException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ResolveCode.CONDA_ARCHIVE);
                assertThat(e.problem().what()).contains(name + " 1.0");
              });
      assertThat(prefixes(CondaOptions.DEFAULT).directory(lock.digest().hex())).doesNotExist();
    }
    assertThat(folder.resolve("outside")).doesNotExist();
    var good =
        prefixes(CondaOptions.DEFAULT)
            .realise(lockOf(own.directory(), "- good\n"), Progress.SILENT);
    assertThat(good.directory().resolve("share/..good/a..b")).content().isEqualTo("x");
  }

  @Test
  void aLinkThatLeadsOutIsRefusedAndNothingIsLeft() throws IOException {
    var own = CondaChannel.at(folder.resolve("links"));
    var outside = folder.resolve("outside").toString();
    own.add(CondaSample.of("absolute", "1.0").symlink("share/way", outside));
    own.add(CondaSample.of("up", "1.0").symlink("share/way", "../.."));
    own.add(CondaSample.of("bent", "1.0").symlink("share/way", "down/../.."));
    own.add(CondaSample.of("pure", "1.0").noarchPython().symlink("site-packages/w", "../../../.."));
    own.add(
        CondaSample.of("inside", "1.0")
            .noarchPython()
            .text("site-packages/inside/a.txt", "x")
            .symlink("site-packages/inside/top", "../../../../share")
            .symlink("share/same", "./inside.txt")
            .symlink("share/deep/above", "../../lib/./"));
    own.add(CondaSample.fakePython("3.11.7"));
    own.index();
    var why =
        Map.of(
            "absolute", "it is a link to `" + outside + "`, which is absolute",
            "up", "it is a link to `../..`, which leads out of it",
            "bent", "it is a link to `down/../..`, which leads out of it",
            "pure", "it is a link to `../../../..`, which leads out of it");
    for (var name : why.keySet()) {
      var lock = lockOf(own.directory(), "- python\n- " + name + "\n");
      assertThatThrownBy(() -> prefixes(CondaOptions.DEFAULT).realise(lock, Progress.SILENT))
          .as(name)
          .isInstanceOfSatisfying(
              ResolveException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ResolveCode.CONDA_ARCHIVE);
                assertThat(e.problem().what()).contains("package " + name + "-1.0");
                assertThat(e.problem().why()).containsExactly(why.get(name));
                assertThat(e.problem().render())
                    .contains(name.equals("pure") ? "`site-packages/w`" : "`share/way`");
              });
      assertThat(prefixes(CondaOptions.DEFAULT).directory(lock.digest().hex())).doesNotExist();
    }
    var made =
        prefixes(CondaOptions.DEFAULT)
            .realise(lockOf(own.directory(), "- inside\n- python\n"), Progress.SILENT)
            .directory();
    assertThat(made.resolve("share/same")).isSymbolicLink();
    assertThat(made.resolve("lib/python3.11/site-packages/inside/top").toRealPath())
        .isEqualTo(made.resolve("share").toRealPath());
  }
}

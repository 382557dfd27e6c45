package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.lock.LockFile;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaServer;
import dev.terroir.samples.Misbehaviour;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Definitions of conda and pip packages, from the file to a run and a service")
class CondaTest {
  @TempDir static Path standing;
  private static CondaChannel channel;
  @TempDir Path folder;
  private Terroir terroir;

  @BeforeAll
  static void makeChannel() throws IOException {
    var python = SampleChannel.python();
    if (python.isEmpty()) {
      System.err.println("SKIPPED: no python3.11 on PATH");
    }
    assumeTrue(python.isPresent(), "python3.11");
    channel = SampleChannel.standard(standing.resolve("sample"), python.get());
  }

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder, List.of(Settings.TERROIR_RATTLER + "=" + Terroir.rattler()));
  }

  /// Makes and registers an environment of an environment.yml.
  private void environment(String name, String... dependencies) {
    terroir.write(
        name + ".yml",
        "name: "
            + name
            + "\nchannels:\n- "
            + channel.url()
            + "\n- nodefaults\ndependencies:\n- "
            + String.join("\n- ", dependencies)
            + "\n");
    terroir
        .run(
            "environment create --name "
                + name
                + " --file "
                + terroir.project.resolve(name + ".yml")
                + " --directory "
                + terroir.project.resolve(name))
        .succeeds();
    terroir.run("environment register -d " + terroir.project.resolve(name)).succeeds();
  }

  private String greeting(String name) {
    var prefix = terroir.run("environment path -n " + name).succeeds().out().strip();
    return new Command(List.of(prefix + "/bin/greet"), Map.of(), null, Duration.ofMinutes(1))
        .run()
        .output();
  }

  @Test
  void aScriptRunsWithPackagesOfBothKinds() {
    terroir.run("workspace create -n team").succeeds();
    environment("both", "python=3.11", "greeter=1", "activated", "pip:\n  - alpha");
    terroir.write(
        "train.py",
        """
        import alpha, greeter, os, sys
        print(alpha.VERSION, greeter.VERSION, os.environ["ACTIVATED_BY"], sys.prefix)
        """);
    var run =
        terroir
            .run("run submit-script -e test --environment both --output json train.py")
            .succeeds()
            .json();
    assertThat(run.string("status")).isEqualTo("Completed");
    var prefix = terroir.run("environment path -n both").out().strip();
    assertThat(terroir.run("run logs -r " + run.string("runId")).out())
        .contains("2.0 1.0 variables " + prefix);
    var shown = terroir.run("lock show -n both").succeeds().out();
    assertThat(shown).contains("\"greeter\"", "\"alpha\"");
    assertThat(greeting("both")).contains("hello from 1.0");
  }

  @Test
  void aLockIsKeptAndTheSamePrefixServesAgain() {
    terroir.run("workspace create -n team").succeeds();
    environment("small", "python", "libfoo");
    var first = terroir.run("environment lock -n small").succeeds().json();
    assertThat(first.longValue("condaPackages")).isEqualTo(2);
    var again = terroir.run("environment lock -n small").succeeds().json();
    assertThat(again.string("digest")).isEqualTo(first.string("digest"));
    assertThat(terroir.run("environment install -n small").succeeds().json().string("path"))
        .isEqualTo(terroir.run("environment install -n small").succeeds().json().string("path"));
  }

  @Test
  void aBadSpecSaysWhereItStands() {
    terroir.run("workspace create -n team").succeeds();
    environment("bad", "python=3.11", "libfoo==", "foo[version");
    var outcome = terroir.run("environment lock -n bad");
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err()).contains("match-spec", "foo[version");
  }

  @Test
  void aKillAtAnyInstantLeavesWhatTheNextCommandUnderstands() throws Exception {
    terroir.run("workspace create -n team").succeeds();
    var random = new Random(20261125);
    for (int i = 0; i < 8; i++) {
      environment("kill" + i, "python", "greeter", "linked", "baz=" + (1 + i % 2) + ".0");
      var process = terroir.start("environment install -n kill" + i);
      if (!process.waitFor(300 + random.nextInt(2500), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
      terroir.run("environment install -n kill" + i).succeeds();
      assertThat(greeting("kill" + i)).contains("hello from 2.0");
    }
    try (var walk = Files.walk(terroir.home)) {
      for (var file :
          walk.filter(path -> path.toString().contains("/locks/"))
              .filter(path -> path.toString().endsWith(".json"))
              .filter(path -> !path.getFileName().toString().startsWith("."))
              .toList()) {
        assertThat(LockFile.read(file).conda().packages()).isNotEmpty();
      }
    }
  }

  @Test
  void tenProcessesMayInstallTheSameAtOnce() throws Exception {
    terroir.run("workspace create -n team").succeeds();
    environment("ten", "python", "greeter", "scripted", "linked");
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 10; i++) {
      processes.add(terroir.start("environment install -n ten"));
    }
    for (var process : processes) {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    assertThat(greeting("ten")).contains("hello from 2.0");
  }

  private String image(String name, String tag) {
    return "image build -d "
        + terroir.project.resolve(name)
        + " --no-bytecode --base "
        + SmallBase.make(folder.resolve("base"), "3.11")
        + " --to oci:"
        + folder.resolve("images")
        + ":"
        + tag;
  }

  @Test
  void anImageTakesPackagesFromAServerThatWantsCredentials() throws IOException {
    try (var server = CondaServer.serving(standing).withPathToken("tk-42-secret")) {
      var base = server.url().toString().replaceAll("/$", "");
      Files.writeString(
          folder.resolve("condarc"),
          "custom_channels:\n  sample: '"
              + base.replaceFirst("(http://[^/]+)", "$1/t/tk-42-secret")
              + "'\n");
      terroir =
          new Terroir(
              folder,
              List.of(
                  Settings.TERROIR_RATTLER + "=" + Terroir.rattler(),
                  "CONDARC=" + folder.resolve("condarc")));
      terroir.run("workspace create -n team").succeeds();
      terroir.write(
          "t.yml", "channels: [sample, nodefaults]\ndependencies: [libfoo, linked, 'posted']\n");
      terroir
          .run(
              "environment create --name t --file "
                  + terroir.project.resolve("t.yml")
                  + " --directory "
                  + terroir.project.resolve("t"))
          .succeeds();
      var built = terroir.run(image("t", "one")).succeeds();
      assertThat(built.out() + built.err()).doesNotContain("tk-42-secret");
      assertThat(built.out()).contains("libfoo 2.0");
      server.misbehave("sample/linux-64/placed-1.0-0.conda", new Misbehaviour.Status(404));
      terroir.write(
          "t/conda_dependencies.yml", "channels: [sample, nodefaults]\ndependencies: [placed]\n");
      var missing = terroir.run(image("t", "two"));
      assertThat(missing.code()).isEqualTo(4);
      assertThat(missing.err())
          .contains("placed 1.0", "404", "sample/linux-64/placed-1.0-0.conda")
          .doesNotContain("tk-42-secret");
      server.misbehave("sample/linux-64/placed-1.0-0.conda", new Misbehaviour.Corrupted());
      assertThat(terroir.run(image("t", "two")).err())
          .contains("placed 1.0", "archive-mismatch")
          .doesNotContain("tk-42-secret");
      assertThat(terroir.run("environment install -d " + terroir.project.resolve("t")).err())
          .doesNotContain("tk-42-secret");
      server.behave();
      terroir.run(image("t", "two")).succeeds();
    }
    try (var walk = Files.walk(folder)) {
      for (var file : walk.filter(Files::isRegularFile).toList()) {
        if (!file.equals(folder.resolve("condarc")) && Files.size(file) < 1 << 20) {
          assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
              .as(file.toString())
              .doesNotContain("tk-42-secret");
        }
      }
    }
  }

  @Test
  void killsDuringABuildAndTenBuildsAtOnceGiveTheSameImage() throws Exception {
    terroir.run("workspace create -n team").succeeds();
    environment("img", "python", "greeter", "linked", "scripted", "pip:\n  - alpha");
    terroir.run("environment lock -n img").succeeds();
    var command = image("img", "killed");
    var random = new Random(20261126);
    for (int i = 0; i < 8; i++) {
      var process = terroir.start(command);
      if (!process.waitFor(200 + random.nextInt(2500), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
    var digest = terroir.run(command).succeeds().json().string("digest");
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 10; i++) {
      processes.add(terroir.start(command.replace(":killed", ":ten")));
    }
    for (var process : processes) {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    var again = terroir.run(command.replace(":killed", ":ten")).succeeds().json();
    assertThat(again.string("digest")).isEqualTo(digest);
    assertThat(terroir.run("cache verify").succeeds().out()).isNotEmpty();
  }

  @Test
  void aServiceScoresInAnEnvironmentOfBothKinds() {
    terroir.run("workspace create -n team").succeeds();
    environment("serve", "python=3.11", "greeter=1", "pip:\n  - azureml-defaults\n  - alpha");
    terroir.write("model.txt", "m");
    terroir.run("model register -n m -p " + terroir.project.resolve("model.txt")).succeeds();
    terroir.write(
        "app/score.py",
        """
        import alpha, greeter, os
        def init():
            pass
        def run(data):
            return [alpha.VERSION, greeter.VERSION, os.environ["CONDA_PREFIX"] != ""]
        """);
    try {
      terroir
          .run(
              "model deploy -n conda-service -m m:1 --es score.py -e serve:1 --sd "
                  + terroir.project.resolve("app"))
          .succeeds();
      assertThat(terroir.run("service run -n conda-service -d", "{}").succeeds().out())
          .contains("2.0", "1.0", "true");
    } finally {
      terroir.run("service delete -n conda-service");
    }
  }
}

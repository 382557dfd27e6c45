package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("When the surroundings fail: a clear error, and nothing is lost")
class HostileSurroundingsTest {
  private static final String SECRET = "s3cr3t-of-hostile-surroundings";

  @TempDir Path folder;

  @Nested
  @DisplayName("an index")
  class Index {
    private LoopbackIndex index() throws IOException {
      return new LoopbackIndex(WheelHouse.make(folder.resolve("served")));
    }

    @Test
    void thatDoesNotAnswerIsNamed() {
      var terroir =
          new Terroir(
              folder,
              List.of(
                  "PIP_NO_INDEX=0",
                  "PIP_FIND_LINKS=",
                  "PIP_INDEX_URL=http://127.0.0.1:9/simple",
                  "UV_HTTP_RETRIES=0"));
      terroir.environment("demo", "alpha");
      var outcome = terroir.run("environment lock -d " + terroir.directory());
      assertThat(outcome.code()).isEqualTo(4);
      assertThat(outcome.err()).contains("index-unreachable", "127.0.0.1:9");
    }

    @Test
    void thatRefusesTheCredentialsIsToldWithoutThem() throws IOException {
      try (var index = index()) {
        index.credentials = "user:right";
        var terroir = new Terroir(folder, index.settings("user:" + SECRET + "@"));
        terroir.environment("demo", "alpha");
        var outcome = terroir.run("environment lock -d " + terroir.directory());
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(outcome.err()).contains("index-credentials").doesNotContain(SECRET);
      }
    }

    @Test
    void thatCutsADownloadLeavesNothingHalf() throws IOException {
      try (var index = index()) {
        var terroir = new Terroir(folder, index.settings(""));
        terroir.environment("demo", "alpha");
        index.cutsWheels = true;
        var lock = terroir.run("environment lock -d " + terroir.directory());
        assertThat(lock.code()).as(lock.err()).isEqualTo(4);
        index.cutsWheels = false;
        terroir.run("environment lock -d " + terroir.directory()).succeeds();

        Trees.delete(folder.resolve("uv-cache"));
        index.cutsWheels = true;
        var install = terroir.run("environment install -d " + terroir.directory());
        assertThat(install.code()).as(install.err()).isEqualTo(4);
        assertThat(install.err()).contains("error: ").doesNotContain("\tat ");
        assertThat(terroir.run("environment path -d " + terroir.directory()).code()).isEqualTo(2);
        index.cutsWheels = false;
        terroir.run("environment install -d " + terroir.directory()).succeeds();
      }
    }

    @Test
    void thatDeliversAnotherArchiveThanLockedIsRefused() throws IOException {
      try (var index = index()) {
        var terroir = new Terroir(folder, index.settings(""));
        terroir.environment("demo", "alpha");
        terroir.run("environment lock -d " + terroir.directory()).succeeds();
        Trees.delete(folder.resolve("uv-cache"));
        index.changesWheels = true;
        var install = terroir.run("environment install -d " + terroir.directory());
        assertThat(install.code()).as(install.err()).isEqualTo(4);
        assertThat(install.err()).contains("hash-mismatch");
        assertThat(terroir.run("environment path -d " + terroir.directory()).code()).isEqualTo(2);
      }
    }

    @Test
    void getsThePasswordThatNetrcHolds() throws Exception {
      try (var index = index()) {
        index.credentials = "user:" + SECRET;
        var netrc = folder.resolve("netrc");
        Files.writeString(netrc, "machine 127.0.0.1 login user password " + SECRET + "\n");
        var settings = new java.util.ArrayList<>(index.settings(""));
        settings.add("NETRC=" + netrc);
        locksAndTellsNoSecret(new Terroir(folder, settings), index);
      }
    }

    @Test
    void getsThePasswordThatTheKeyringHolds() throws Exception {
      try (var index = index()) {
        index.credentials = "user:" + SECRET;
        var keyring = Files.createDirectories(folder.resolve("bin")).resolve("keyring");
        Files.writeString(
            keyring,
            "#!/bin/sh\n[ \"$1\" = get ] && [ \"$3\" = user ] && echo " + SECRET + "\nexit 0\n");
        keyring.toFile().setExecutable(true);
        var settings = new java.util.ArrayList<>(index.settings("user@"));
        settings.add("PIP_KEYRING_PROVIDER=subprocess");
        settings.add("PATH=" + keyring.getParent() + ":" + System.getenv("PATH"));
        locksAndTellsNoSecret(new Terroir(folder, settings), index);
      }
    }

    @Test
    void thatSaysNoSizesIsAskedForThem() throws IOException {
      try (var index = index()) {
        index.credentials = "user:" + SECRET;
        var terroir = new Terroir(folder, index.settings("user:" + SECRET + "@"));
        terroir.environment("demo", "alpha");
        var locked = terroir.run("environment lock -d " + terroir.directory()).succeeds().json();
        var size = 0L;
        try (var wheels = Files.list(folder.resolve("served"))) {
          for (var wheel : wheels.filter(file -> file.toString().contains("alpha-")).toList()) {
            size = Math.max(size, Files.size(wheel));
          }
        }
        assertThat(locked.longValue("sizeBytes")).isGreaterThanOrEqualTo(size).isPositive();
      }
    }

    private void locksAndTellsNoSecret(Terroir terroir, LoopbackIndex index) throws IOException {
      terroir.environment("demo", "alpha");
      var outcome = terroir.run("environment install --verbose -d " + terroir.directory());
      assertThat(outcome.succeeds().out() + outcome.err()).doesNotContain(SECRET);
      assertThat(index.authorised).hasPositiveValue();
      try (var walk = Files.walk(terroir.home)) {
        for (var file : walk.filter(Files::isRegularFile).toList()) {
          assertThat(new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.UTF_8))
              .as(file.toString())
              .doesNotContain(SECRET);
        }
      }
    }
  }

  @Test
  void aPythonWithoutPipCannotFetchUvAndSaysSo() throws IOException {
    var python = Files.createDirectories(folder.resolve("bin")).resolve("python3");
    Files.writeString(python, "#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n");
    python.toFile().setExecutable(true);
    var terroir =
        new Terroir(folder, List.of("PATH=" + python.getParent(), Settings.TERROIR_UV + "="));
    terroir.write("environment/conda_dependencies.yml", "dependencies:\n- pip: [alpha]\n");
    terroir.write("environment/azureml_environment.json", "{\"name\": \"demo\"}");
    var outcome = terroir.run("environment lock -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err()).contains("uv-not-found", "No module named pip", "TERROIR_UV");
  }

  @Test
  void aDatabaseOfALaterTerroirIsLeftAlone() throws Exception {
    var terroir = new Terroir(folder);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    var file = terroir.home.resolve("data/workspaces/default/workspace.db");
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        var statement = connection.createStatement()) {
      statement.execute("PRAGMA user_version = 99");
    }
    var before = Files.readAllBytes(file);
    var outcome = terroir.run("environment register -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err())
        .contains("database-too-new", "its schema is number 99", file.toString());
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
  }

  @Test
  void registrationsOfOneNameByManyProcessesAllCount() throws Exception {
    var terroir = new Terroir(folder);
    terroir.environment("demo", "alpha");
    var processes = new java.util.ArrayList<Process>();
    for (int i = 0; i < 4; i++) {
      terroir.write(
          "d" + i + "/conda_dependencies.yml", "channels: [c" + i + "]\ndependencies: [python]\n");
      terroir.write("d" + i + "/azureml_environment.json", "{\"name\": \"raced\"}");
      processes.add(terroir.start("environment register -d d" + i));
    }
    for (var process : processes) {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    var channels = new java.util.TreeSet<String>();
    for (int version = 1; version <= 4; version++) {
      var shown = terroir.run("environment show -n raced -v " + version).succeeds().out();
      channels.add(shown.replaceAll("(?s).*\"(c[0-3])\".*", "$1"));
    }
    assertThat(channels).containsExactly("c0", "c1", "c2", "c3");
  }

  @Test
  void aDiskThatIsFullLosesNothing() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name")),
        "SKIPPED: only root can mount a small disk to fill");
    var disk = Files.createDirectories(folder.resolve("disk"));
    assumeTrue(
        exitCode("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()) == 0,
        "SKIPPED: no small disk can be mounted here");
    try {
      var terroir = new Terroir(folder, List.of("TERROIR_HOME=" + disk.resolve("home")));
      terroir.environment("demo", "alpha");
      terroir.run("environment register -d " + terroir.directory()).succeeds();
      var filler = disk.resolve("filler");
      try (var out = Files.newOutputStream(filler)) {
        while (true) {
          out.write(new byte[1024]);
        }
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("No space left");
      }
      terroir.environment("demo", "alpha", "beta");
      for (var words :
          List.of(
              "environment register -d " + terroir.directory(),
              "environment lock -d " + terroir.directory(),
              "model register -n m -p " + terroir.write("model.bin", "x".repeat(200_000)))) {
        var outcome = terroir.run(words);
        assertThat(outcome.code()).as(words + "\n" + outcome.err()).isEqualTo(4);
        assertThat(outcome.err()).containsIgnoringCase("full").doesNotContain("\tat ");
      }
      Files.delete(filler);
      assertThat(terroir.run("environment show -n demo").succeeds().json().string("version"))
          .isEqualTo("1");
      var registered = terroir.run("environment register -d " + terroir.directory()).succeeds();
      assertThat(registered.json().string("version")).isEqualTo("2");
      assertThat(terroir.run("model list").succeeds().out().strip()).isEqualTo("[]");
    } finally {
      exitCode("umount", "-l", disk.toString());
    }
  }

  private static int exitCode(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @Test
  void aHomeThatMayNotBeWrittenIsAClearError() throws Exception {
    // Root writes everywhere unless that power is taken from it.
    var asAnybody = List.of("setpriv", "--bounding-set", "-dac_override,-dac_read_search");
    var isRoot = "root".equals(System.getProperty("user.name"));
    assumeTrue(
        !isRoot || exitCode("setpriv", "--bounding-set", "-dac_override", "true") == 0,
        "SKIPPED: root writes everywhere and setpriv is not here");
    var closed = Files.createDirectories(folder.resolve("closed"));
    closed.toFile().setWritable(false);
    var terroir = new Terroir(folder, List.of("TERROIR_HOME=" + closed.resolve("home")));
    terroir.write("environment/conda_dependencies.yml", "dependencies:\n- pip: [alpha]\n");
    terroir.write("environment/azureml_environment.json", "{\"name\": \"demo\"}");
    for (var words :
        List.of(
            "environment register -d environment",
            "environment lock -d environment",
            "environment scaffold -n x -d " + closed.resolve("x"))) {
      var outcome = terroir.process(isRoot ? asAnybody : List.of(), words);
      assertThat(outcome.code()).as(words + "\n" + outcome.err()).isEqualTo(4);
      assertThat(outcome.err())
          .contains("file-access", "permission", closed.toString())
          .doesNotContain("\tat ");
    }
    closed.toFile().setWritable(true);
    try (var files = Files.list(closed)) {
      assertThat(files).isEmpty();
    }
  }
}

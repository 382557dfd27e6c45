package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.process.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir lock export: what it writes is what uv and pip install")
class LockExportTest {
  @TempDir Path folder;
  private Terroir terroir;
  private Path python;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
    terroir.environment("demo", "beta");
    run(Terroir.uv().toString(), "venv", "--quiet", folder.resolve("venv").toString());
    python = folder.resolve("venv/bin/python");
  }

  private Command.Result run(String... words) {
    var variables = new TreeMap<>(terroir.settings.variables());
    variables.put("NO_COLOR", "1");
    return new Command(List.of(words), variables, folder, Duration.ofMinutes(5)).run();
  }

  private String export(String format, String name) {
    var file = terroir.project.resolve(name);
    var outcome =
        terroir.run(
            "lock export --format " + format + " -o " + file + " -d " + terroir.directory());
    assertThat(outcome.succeeds().err()).doesNotContain("take only");
    assertThat(Files.exists(file)).isTrue();
    return file.toString();
  }

  @Test
  void uvInstallsBothForms() {
    for (var file : List.of(export("pylock", "pylock.toml"), export("requirements", "lock.txt"))) {
      var result =
          run(
              Terroir.uv().toString(),
              "pip",
              "install",
              "--dry-run",
              "--no-index",
              "--find-links",
              folder.resolve("wheels").toString(),
              "--python",
              python.toString(),
              "--requirements",
              file);
      assertThat(result.isSuccess()).as(result.error()).isTrue();
      assertThat(result.error()).contains("alpha==1.0", "beta==1.0");
    }
  }

  @Test
  void pipInstallsTheRequirementsWithTheirHashesAndThePylockWhereItCan() {
    var requirements = export("requirements", "lock.txt");
    var hashed =
        run(
            "python3",
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--ignore-installed",
            "--require-hashes",
            "--no-index",
            "--find-links",
            folder.resolve("wheels").toString(),
            "-r",
            requirements);
    assertThat(hashed.isSuccess()).as(hashed.output() + hashed.error()).isTrue();
    assertThat(hashed.output()).contains("alpha-1.0", "beta-1.0");

    var pylock = export("pylock", "pylock.toml");
    var result =
        run("python3", "-m", "pip", "install", "--dry-run", "--ignore-installed", "-r", pylock);
    if (!result.isSuccess()) {
      System.err.println("SKIPPED: this pip reads no pylock.toml: " + result.error().strip());
    }
    assumeTrue(result.isSuccess(), "a pip that reads pylock.toml");
    assertThat(result.output()).contains("alpha-1.0", "beta-1.0");
  }

  @Test
  void aNameThatInstallersDoNotTakeIsTold() {
    var file = terroir.project.resolve("my.lock.toml");
    assertThat(
            terroir.run("lock export -o " + file + " -d " + terroir.directory()).succeeds().err())
        .contains("`pylock.NAME.toml`", "my.lock.toml");
  }
}

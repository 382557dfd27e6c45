package dev.terroir.resolve.tool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("PATH with pyenv's own interpreters")
class PyenvPathTest {
  @TempDir Path root;

  @BeforeEach
  void install() throws IOException {
    Files.createDirectory(root.resolve("shims"));
    for (var version : new String[] {"3.9.18", "3.11.7", "3.12.1"}) {
      Files.createDirectories(root.resolve("versions").resolve(version).resolve("bin"));
    }
  }

  private String programs(String version) {
    return root.resolve("versions").resolve(version).resolve("bin").toString();
  }

  @Test
  void theSelectedVersionThenTheNewestComeBeforeTheShims() throws IOException {
    Files.writeString(root.resolve("version"), "3.11.7\n");
    var path = PyenvPath.of("/usr/local/bin:" + root.resolve("shims") + ":/usr/bin", "");
    assertThat(path.split(":"))
        .containsExactly(
            "/usr/local/bin",
            programs("3.11.7"),
            programs("3.12.1"),
            programs("3.9.18"),
            root.resolve("shims").toString(),
            "/usr/bin");
  }

  @Test
  void theVariableSelectsMoreThanTheFile() throws IOException {
    Files.writeString(root.resolve("version"), "3.11.7\n");
    assertThat(PyenvPath.of(root.resolve("shims").toString(), "3.9.18:3.12.1").split(":"))
        .startsWith(programs("3.9.18"), programs("3.12.1"), programs("3.11.7"));
  }

  @Test
  void aVersionThatIsNotInstalledAndAnEmptyPathDoNoHarm() throws IOException {
    Files.writeString(root.resolve("version"), "system\n3.10\n");
    assertThat(PyenvPath.of(root.resolve("shims").toString(), "").split(":"))
        .startsWith(programs("3.12.1"));
    assertThat(PyenvPath.of("", "")).isEmpty();
    assertThat(PyenvPath.of("/a/shims:/b", "")).isEqualTo("/a/shims:/b");
  }
}

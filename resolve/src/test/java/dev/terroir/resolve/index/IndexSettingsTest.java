package dev.terroir.resolve.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("pip's index settings, translated for uv")
class IndexSettingsTest {
  @TempDir Path home;

  private IndexSettings read(Map<String, String> variables) {
    var all = new HashMap<>(variables);
    all.put("HOME", home.toString());
    all.putIfAbsent("XDG_CONFIG_DIRS", home.resolve("none").toString());
    return IndexSettings.read(Settings.of(all), Optional.empty());
  }

  @Test
  void variablesWinOverFilesAndTheUsersFileOverTheOldOne() throws IOException {
    Files.createDirectories(home.resolve(".pip"));
    Files.writeString(
        home.resolve(".pip/pip.conf"), "[global]\nindex-url = https://old.example/simple\n");
    assertThat(read(Map.of()).uvVariables())
        .containsEntry("UV_INDEX_URL", "https://old.example/simple");
    Files.createDirectories(home.resolve(".config/pip"));
    Files.writeString(
        home.resolve(".config/pip/pip.conf"),
        """
        [global]
        index-url: https://user.example/simple
        extra-index-url =
            https://one.example/simple
            https://two.example/simple
        trusted-host = user.example
        [freeze]
        timeout = 10
        """);
    assertThat(read(Map.of()).uvVariables())
        .containsEntry("UV_INDEX_URL", "https://user.example/simple")
        .containsEntry(
            "UV_EXTRA_INDEX_URL", "https://one.example/simple https://two.example/simple")
        .containsEntry("UV_INSECURE_HOST", "user.example")
        .doesNotContainKey("UV_HTTP_TIMEOUT");
    assertThat(read(Map.of("PIP_INDEX_URL", "https://variable.example/simple")).uvVariables())
        .containsEntry("UV_INDEX_URL", "https://variable.example/simple");
  }

  @Test
  void uvsOwnSettingsWin() {
    var variables =
        read(Map.of(
                "PIP_INDEX_URL", "https://pip.example", "UV_DEFAULT_INDEX", "https://uv.example"))
            .uvVariables();
    assertThat(variables)
        .containsEntry("UV_DEFAULT_INDEX", "https://uv.example")
        .doesNotContainKey("UV_INDEX_URL");
  }

  @Test
  void foldersThatAreNotThereAreLeftOut() {
    assertThat(read(Map.of("PIP_FIND_LINKS", "/no/such/folder " + home)).uvVariables())
        .containsEntry("UV_FIND_LINKS", home.toString());
  }

  @Test
  void anExplicitFileOrNoneAtAll() throws IOException {
    var file = Files.writeString(home.resolve("my.conf"), "[install]\nno-index = true\n");
    assertThat(read(Map.of("PIP_CONFIG_FILE", file.toString())).uvOptions())
        .containsExactly("--no-index");
    assertThat(read(Map.of("PIP_CONFIG_FILE", "/dev/null")).files()).isEmpty();
  }
}

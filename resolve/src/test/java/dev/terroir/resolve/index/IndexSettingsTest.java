package dev.terroir.resolve.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.home.Settings;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
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

  private Map<String, String> readFile(String text) throws IOException {
    var file = Files.writeString(home.resolve("wild.conf"), text);
    return read(Map.of("PIP_CONFIG_FILE", file.toString())).uvVariables();
  }

  @Test
  void indentedOptionsAreOptionsOfTheirOwn() throws IOException {
    assertThat(
            readFile(
                """
                [global]
                    index-url = https://one.example/simple
                    # the others
                    Extra_Index_URL = https://two.example/simple

                        https://three.example/simple
                  [install]
                \t--timeout = 7
                """))
        .containsEntry("UV_INDEX_URL", "https://one.example/simple")
        .containsEntry(
            "UV_EXTRA_INDEX_URL", "https://two.example/simple https://three.example/simple")
        .containsEntry("UV_HTTP_TIMEOUT", "7");
  }

  @Test
  void theSectionOfInstallWinsWhereverItStandsAndOtherCommandsHaveTheirOwn() throws IOException {
    assertThat(
            readFile(
                """
                [install]
                index-url = https://install.example/simple
                [global]
                index-url = https://global.example/simple
                extra-index-url =
                [download]
                index-url = https://download.example/simple
                """))
        .containsEntry("UV_INDEX_URL", "https://install.example/simple")
        .doesNotContainKey("UV_EXTRA_INDEX_URL");
  }

  @Test
  void aByteOrderMarkAndLinesOfWindowsAreRead() throws IOException {
    assertThat(
            readFile(
                "\uFEFF[global]\r\nindex-url = https://a.example/simple\r\npre = y\r\nclient-cert ="
                    + " /my.pem\r\n"))
        .containsEntry("UV_INDEX_URL", "https://a.example/simple")
        .containsEntry("UV_PRERELEASE", "allow")
        .containsEntry("SSL_CLIENT_CERT", "/my.pem");
  }

  @Test
  void anExplicitFileStandsInThePlaceOfTheUsersOwn() throws IOException {
    Files.createDirectories(home.resolve(".config/pip"));
    Files.writeString(
        home.resolve(".config/pip/pip.conf"), "[global]\nindex-url = https://user.example\n");
    assertThat(readFile("[global]\ntimeout = 3\n")).doesNotContainKey("UV_INDEX_URL");
    assertThat(read(Map.of("PIP_CONFIG_FILE", "/no/such/file")).uvVariables())
        .containsEntry("UV_INDEX_URL", "https://user.example");
  }

  @Test
  void whatPipRefusesIsRefusedWithItsLineAndWithoutSecrets() throws IOException {
    var secret = "index-url = https://user:secret@a.example/simple\n";
    for (var text :
        List.of(
            secret,
            "[global]\n" + secret + secret,
            "[global]\n" + secret + "[global]\ntimeout = 3\n",
            "[global]\n" + secret + "no-index\n")) {
      assertThatThrownBy(() -> readFile(text))
          .isInstanceOfSatisfying(
              ResolveException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(FoundationCode.BAD_SETTING);
                assertThat(e.problem().where().getFirst().text())
                    .endsWith("wild.conf:" + problemLine(text));
                assertThat(e.problem().toString()).doesNotContain("secret");
              });
    }
  }

  private static long problemLine(String text) {
    return text.contains("timeout") ? 3 : text.lines().count();
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    var file =
        Files.write(home.resolve("latin.conf"), new byte[] {'[', 'g', ']', '\n', (byte) 0xe9});
    assertThatThrownBy(() -> read(Map.of("PIP_CONFIG_FILE", file.toString())))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e -> assertThat(e.problem().why().getFirst()).contains("UTF-8"));
  }
}

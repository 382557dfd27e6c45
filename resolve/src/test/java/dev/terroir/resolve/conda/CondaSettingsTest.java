package dev.terroir.resolve.conda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("conda's settings: .condarc at all its places, and CONDA_* variables")
class CondaSettingsTest {
  @TempDir Path home;

  private CondaSettings read(Map<String, String> variables) {
    var all = new TreeMap<>(variables);
    all.put("HOME", home.toString());
    return CondaSettings.read(Settings.of(all));
  }

  private void write(String file, String text) throws IOException {
    var path = home.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  void nothingIsSetOnANewMachine() {
    var settings = read(Map.of());
    assertThat(settings.channels()).isEmpty();
    assertThat(settings.channelAlias()).isEqualTo("https://conda.anaconda.org");
    assertThat(settings.channelPriority()).isEqualTo("strict");
    assertThat(settings.isOffline()).isFalse();
  }

  @Test
  void aStrongerFileComesFirstInListsAndWinsElsewhere() throws IOException {
    write(".config/conda/condarc.d/10.yml", "channels: [weak]\nchannel_priority: disabled\n");
    write(".conda/.condarc", "channels: [middle, weak]\noffline: true\n");
    write(".condarc", "channels:\n  - strong\nchannel_priority: flexible\n");
    write("env/.condarc", "channel_alias: https://example.com/conda/\n");
    var settings = read(Map.of("CONDA_PREFIX", home.resolve("env").toString()));
    assertThat(settings.channels()).containsExactly("strong", "middle", "weak");
    assertThat(settings.channelPriority()).isEqualTo("flexible");
    assertThat(settings.channelAlias()).isEqualTo("https://example.com/conda");
    assertThat(settings.isOffline()).isTrue();
    assertThat(settings.files()).hasSize(4);
  }

  @Test
  void variablesWinOverFiles() throws IOException {
    write(".condarc", "channels: [a]\nchannel_priority: true\noffline: yes\n");
    var settings =
        read(
            Map.of(
                "CONDA_CHANNELS", "b,c",
                "CONDA_CHANNEL_PRIORITY", "strict",
                "CONDA_OFFLINE", "false",
                "CONDA_REMOTE_READ_TIMEOUT_SECS", "2.5"));
    assertThat(settings.channels()).containsExactly("b", "c", "a");
    assertThat(settings.channelPriority()).isEqualTo("strict");
    assertThat(settings.isOffline()).isFalse();
    assertThat(settings.timeoutSeconds()).contains(2L);
  }

  @Test
  void variablesInsideValuesAreReplaced() throws IOException {
    write(
        ".condarc",
        "channel_alias: https://${PLACE}/x\nproxy_servers:\n  https: http://p:$PORT\n"
            + "ssl_verify: /etc/own.pem\n");
    var settings = read(Map.of("PLACE", "example.org", "PORT", "81"));
    assertThat(settings.channelAlias()).isEqualTo("https://example.org/x");
    assertThat(settings.variables())
        .containsEntry("HTTPS_PROXY", "http://p:81")
        .containsEntry("SSL_CERT_FILE", "/etc/own.pem");
  }

  @Test
  void noProxyIsWrittenInManyWays() throws IOException {
    for (var word : List.of("none", "", "''", "false", "'False'", "~")) {
      write(".condarc", "proxy_servers:\n  http: http://proxy.example:8080\n  https: " + word);
      assertThat(read(Map.of()).variables())
          .as(word)
          .containsEntry("HTTP_PROXY", "http://proxy.example:8080")
          .doesNotContainKey("HTTPS_PROXY");
    }
  }

  @Test
  void theWordsForYesAndNoAreThoseOfYaml() throws IOException {
    write(".condarc", "ssl_verify: No\nchannel_priority: off\n");
    assertThat(read(Map.of()).wantsUncheckedCertificates()).isTrue();
    assertThat(read(Map.of()).channelPriority()).isEqualTo("disabled");
    write(".condarc", "ssl_verify: yes\nchannel_priority: on\n");
    assertThat(read(Map.of()).wantsUncheckedCertificates()).isFalse();
    assertThat(read(Map.of()).channelPriority()).isEqualTo("flexible");
  }

  @Test
  void aFileThatIsNoMappingIsAnErrorWithItsPlace() throws IOException {
    write(".condarc", "channels:\n  - a\n b: [\n");
    assertThatThrownBy(() -> read(Map.of()))
        .isInstanceOfSatisfying(
            EnvironmentException.class, e -> assertThat(e.problem().render()).contains(".condarc"));
  }

  @Test
  void whatIsFinalStays() throws IOException {
    write(".conda/.condarc", "channels:  #!final\n  - ours\nchannel_priority: flexible #! final\n");
    write(".condarc", "channels: [theirs]\nchannel_priority: disabled\noffline: true\n");
    var settings = read(Map.of("CONDA_CHANNELS", "other", "CONDA_OFFLINE", "no"));
    assertThat(settings.channels()).containsExactly("ours");
    assertThat(settings.channelPriority()).isEqualTo("flexible");
    assertThat(settings.isOffline()).isFalse();
  }

  @Test
  void linesMarkedTopAndBottomStandThereWhateverStrongerFilesHold() throws IOException {
    write(
        ".conda/.condarc",
        "channels:\n- first  #!top\n- weak\n- 'last'  #!bottom\n- both  #!bottom\n"
            + "default_channels:\n- other  #!top\n");
    write(
        ".condarc",
        "channels:\n  - strong\n  - \"second\" #! top\n  - both #!top\n  - low  #!bottom # why\n");
    var settings = read(Map.of("CONDA_CHANNELS", "last,typed"));
    assertThat(settings.channels())
        .containsExactly("first", "second", "typed", "strong", "weak", "low", "last", "both");
    assertThat(settings.defaultChannels()).containsExactly("other");
  }

  @Test
  void realFilesAreRead() {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty()) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty(), "conformance data");
    var files = Path.of(root, "files");
    var count = 0;
    for (var entry : JsonReader.readObject(files.resolve("manifest.json")).objects("files")) {
      if (entry.string("kind").equals("condarc")) {
        count++;
        var file = files.resolve(entry.string("path"));
        var settings = read(Map.of("CONDARC", file.toString()));
        assertThat(settings.files()).as(entry.string("path")).contains(file);
        assertThat(new Channels(settings, home).of(List.of())).isNotEmpty();
      }
    }
    assertThat(count).isPositive();
  }
}

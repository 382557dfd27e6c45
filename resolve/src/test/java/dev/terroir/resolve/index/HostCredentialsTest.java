package dev.terroir.resolve.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The user's credentials for the hosts of indexes")
class HostCredentialsTest {
  @TempDir Path home;

  private HostCredentials read(Map<String, String> variables) {
    var all = new HashMap<>(variables);
    all.put("HOME", home.toString());
    all.put("XDG_CONFIG_DIRS", home.resolve("none").toString());
    all.putIfAbsent("PIP_CONFIG_FILE", "/dev/null");
    return HostCredentials.of(IndexSettings.read(Settings.of(all), Optional.empty()));
  }

  private static String found(HostCredentials credentials, String uri) {
    return credentials.find(URI.create(uri)).map(c -> c.user() + ":" + c.password()).orElse("none");
  }

  @Test
  void theUserPartOfAnIndexUrlIsForItsSchemeHostAndPort() {
    var credentials =
        read(
            Map.of(
                "PIP_INDEX_URL", "https://ada:s%40crt@a.example/simple",
                "PIP_EXTRA_INDEX_URL", "https://b.example/x https://bob:b@b.example:8443/y"));
    assertThat(found(credentials, "https://a.example/files/x.whl")).isEqualTo("ada:s@crt");
    assertThat(found(credentials, "https://A.example:443/x.whl")).isEqualTo("ada:s@crt");
    assertThat(found(credentials, "https://b.example:8443/x.whl")).isEqualTo("bob:b");
    for (var other :
        new String[] {
          "http://a.example/x.whl",
          "https://a.example:8443/x.whl",
          "https://sub.a.example/x.whl",
          "https://a.example.evil.example/x.whl",
          "https://b.example/x.whl"
        }) {
      assertThat(found(credentials, other)).as(other).isEqualTo("none");
    }
  }

  @Test
  void ofTwoIndexesOnOneHostTheNearerOneSpeaks() {
    var credentials =
        read(
            Map.of(
                "UV_INDEX",
                "one=https://u:1@a.example/team1/simple two=https://u:2@a.example/team2/simple"));
    assertThat(found(credentials, "https://a.example/team1/files/x.whl")).isEqualTo("u:1");
    assertThat(found(credentials, "https://a.example/team2/files/x.whl")).isEqualTo("u:2");
  }

  @Test
  void namedIndexesGetTheirVariables() throws IOException {
    var toml = home.resolve(".config/uv/uv.toml");
    Files.createDirectories(toml.getParent());
    Files.writeString(toml, "[[index]]\nname = \"in-house\"\nurl = \"https://c.example/simple\"\n");
    assertThat(
            found(
                read(Map.of("UV_INDEX_IN_HOUSE_USERNAME", "u", "UV_INDEX_IN_HOUSE_PASSWORD", "p")),
                "https://c.example/x.whl"))
        .isEqualTo("u:p");
    assertThat(found(read(Map.of()), "https://c.example/x.whl")).isEqualTo("none");
  }

  @Test
  void netrcIsReadAsPythonReadsIt() throws IOException {
    Files.writeString(
        home.resolve(".netrc"),
        """
        # machine no.example login no password no
        machine a.example login ada password #1"x\\ y
        macdef init
        machine m.example login no password no

        machine b.example
          login "bob smith"
          account ignored
          password b
        """);
    var credentials = read(Map.of());
    assertThat(found(credentials, "https://a.example/x")).isEqualTo("ada:#1\"x y");
    assertThat(found(credentials, "http://b.example:81/x")).isEqualTo("bob smith:b");
    assertThat(found(credentials, "https://m.example/x")).isEqualTo("none");
    assertThat(found(credentials, "https://no.example/x")).isEqualTo("none");
    var other = Files.writeString(home.resolve("other"), "default login d password e\n");
    assertThat(found(read(Map.of("NETRC", other.toString())), "https://z.example/"))
        .isEqualTo("d:e");
  }

  @Test
  void theKeyringIsAskedOnlyWhereItIsEnabledAndOnlyOnce() throws IOException {
    var bin = Files.createDirectories(home.resolve("bin"));
    var program = bin.resolve("keyring");
    Files.writeString(
        program,
        """
        #!/bin/sh
        echo "$@" >> '%s'
        [ "$1" = get ] && [ "$3" = ada ] && [ "$2" = https://a.example/simple ] && { echo kept; exit; }
        [ "$1" = --mode ] && [ "$4" = b.example ] && { echo bob; echo hidden; exit; }
        exit 1
        """
            .formatted(home.resolve("asked")));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    var path = bin + ":" + System.getenv("PATH");
    var uri = URI.create("https://a.example/x.whl");
    var index = "https://ada@a.example/simple";
    assertThat(read(Map.of("PIP_INDEX_URL", index, "PATH", path)).ask(uri)).isEmpty();
    var credentials =
        read(Map.of("PIP_INDEX_URL", index, "PATH", path, "PIP_KEYRING_PROVIDER", "subprocess"));
    assertThat(credentials.find(uri)).isEmpty();
    assertThat(credentials.ask(uri)).contains(new HostCredentials.Credential("ada", "kept"));
    assertThat(credentials.ask(uri).toString()).doesNotContain("kept");
    assertThat(credentials.ask(URI.create("https://b.example/x")))
        .contains(new HostCredentials.Credential("bob", "hidden"));
    assertThat(credentials.ask(URI.create("https://c.example/x"))).isEmpty();
    assertThat(Files.readAllLines(home.resolve("asked")))
        .containsExactly(
            "get https://a.example/simple ada",
            "--mode creds get b.example",
            "--mode creds get c.example");
  }
}

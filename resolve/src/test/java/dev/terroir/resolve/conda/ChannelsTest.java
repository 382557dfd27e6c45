package dev.terroir.resolve.conda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.index.HostCredentials;
import dev.terroir.resolve.index.IndexSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Channels: names, and the URLs that they stand for")
class ChannelsTest {
  @TempDir Path home;

  private Settings settings(String condarc) throws IOException {
    Files.writeString(home.resolve(".condarc"), condarc);
    return Settings.of(Map.of("HOME", home.toString()));
  }

  private Channels channels(String condarc) throws IOException {
    return new Channels(CondaSettings.read(settings(condarc)), home);
  }

  private List<String> urls(String condarc, String... names) throws IOException {
    return Channels.urls(channels(condarc).of(List.of(names)));
  }

  @Test
  void aNameLiesBelowTheAlias() throws IOException {
    assertThat(urls("", "conda-forge", "pytorch/label/dev", "bioconda/linux-64", "nodefaults"))
        .containsExactly(
            "https://conda.anaconda.org/conda-forge",
            "https://conda.anaconda.org/pytorch/label/dev",
            "https://conda.anaconda.org/bioconda");
    assertThat(urls("channel_alias: http://u:p@host:8/get/\n", "a"))
        .containsExactly("http://host:8/get/a");
  }

  @Test
  void customChannelsAndMultichannelsComeFirst() throws IOException {
    var condarc =
        """
        default_channels: [https://mirror.example/main]
        custom_channels:
          internal: https://conda.example/t/tk-1234/
        custom_multichannels:
          both: [conda-forge, internal]
        """;
    assertThat(urls(condarc, "internal/label/x"))
        .containsExactly("https://conda.example/internal/label/x");
    var both = channels(condarc).resolve("both");
    assertThat(both.name()).isEqualTo("both");
    assertThat(both.urls())
        .containsExactly(
            "https://conda.anaconda.org/conda-forge", "https://conda.example/internal");
    assertThat(urls(condarc, "defaults")).containsExactly("https://mirror.example/main");
    assertThat(urls("", "pkgs/r")).containsExactly("https://repo.anaconda.com/pkgs/r");
  }

  @Test
  void urlsAndPathsStayWithoutTheirSecrets() throws IOException {
    assertThat(urls("", "https://user:secret@h.example/x/linux-64/", "/srv/channel", "./own"))
        .containsExactly(
            "https://h.example/x",
            "file:///srv/channel",
            "file://" + home.toRealPath().resolve("own"));
    assertThat(urls("", "https://h.example/t/abc-12/x")).containsExactly("https://h.example/x");
    assertThat(urls("", "file:/srv/a b")).containsExactly("file:///srv/a%20b");
  }

  @Test
  void theUsersOwnChannelsFollowUnlessTheyAreNotWanted() throws IOException {
    assertThat(urls("channels: [b, a]\n", "a"))
        .containsExactly("https://conda.anaconda.org/a", "https://conda.anaconda.org/b");
    assertThat(urls("channels: [b]\n", "a", "nodefaults"))
        .containsExactly("https://conda.anaconda.org/a");
    assertThat(urls(""))
        .containsExactly("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r");
  }

  @Test
  void aDeniedChannelIsRefused() throws IOException {
    var denied = channels("denylist_channels: [defaults]\n");
    assertThatThrownBy(() -> denied.of(List.of("conda-forge", "pkgs/main")))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ResolveCode.CHANNEL_DENIED));
    var allowed = channels("allowlist_channels: [conda-forge]\n");
    assertThat(allowed.of(List.of("conda-forge"))).hasSize(1);
    assertThatThrownBy(() -> allowed.of(List.of("bioconda"))).isInstanceOf(ResolveException.class);
  }

  @Test
  void aSpecsChannelIsNamedAsTheSettingsHaveIt() throws IOException {
    var channels = channels("channel_alias: http://host\n");
    assertThat(channels.withUrl("conda-forge::numpy=1.2"))
        .isEqualTo("http://host/conda-forge::numpy=1.2");
    assertThat(channels.withUrl("conda-forge/linux-64::numpy"))
        .isEqualTo("http://host/conda-forge/linux-64::numpy");
    assertThat(channels.withUrl("defaults::numpy")).isEqualTo("defaults::numpy");
    assertThat(channels.withUrl("numpy[md5=ab, build=x]")).isEqualTo("numpy[md5=ab, build=x]");
    assertThat(channels.named("conda-forge::numpy").orElseThrow().urls())
        .containsExactly("http://host/conda-forge");
    assertThat(channels.named("numpy")).isEmpty();
  }

  @Test
  void aChannelInBracketsIsTheSameChannel() throws IOException {
    var channels = channels("custom_channels: {own: 'http://host/conda'}\n");
    assertThat(channels.withUrl("numpy[channel=own]")).isEqualTo("http://host/conda/own::numpy");
    assertThat(channels.withUrl("numpy >=1[build='py*', channel=\"own/noarch\"]"))
        .isEqualTo("http://host/conda/own/noarch::numpy >=1[build='py*']");
    assertThat(channels.withUrl("numpy[ channel='own' , md5=ab]"))
        .isEqualTo("http://host/conda/own::numpy[ md5=ab]");
    assertThat(channels.withUrl("x::numpy[channel=own]")).endsWith("/x::numpy[channel=own]");
    assertThat(channels.withUrl("numpy[channel=defaults]")).isEqualTo("defaults::numpy");
    assertThat(channels.named("numpy[version='>=1', channel=own]").orElseThrow().urls())
        .containsExactly("http://host/conda/own");
    assertThat(channels.named("numpy[subchannel=own]")).isEmpty();
  }

  @Test
  void anEmptyListOfDefaultsIsNoDefaults() throws IOException {
    assertThat(channels("default_channels: []\n").of(List.of())).isEmpty();
    assertThat(urls("default_channels: []\n", "a", "defaults"))
        .containsExactly("https://conda.anaconda.org/a");
    assertThat(urls("default_channels:\n"))
        .containsExactly("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r");
  }

  @Test
  void localIsWhatCondaBuildMadeAndNoChannelOfThatName() throws IOException {
    assertThat(urls("channels: ['', a]\n", "local"))
        .containsExactly("https://conda.anaconda.org/a");
    var built = Files.createDirectories(home.resolve("conda-bld"));
    var root = Files.createDirectories(home.resolve("croot"));
    assertThat(urls("croot: " + root + "\n", "local", "~/own"))
        .containsExactly("file://" + root, "file://" + built, "file://" + home.resolve("own"));
  }

  @Test
  void ofCustomChannelsTheLongestNameCounts() throws IOException {
    var condarc =
        """
        custom_channels:
          org: http://one.example
          org/team: http://two.example/conda/
        """;
    assertThat(urls(condarc, "org", "org/team", "org/team/label/dev", "org/teams", "organ"))
        .containsExactly(
            "http://one.example/org",
            "http://two.example/conda/org/team",
            "http://two.example/conda/org/team/label/dev",
            "http://one.example/org/teams",
            "https://conda.anaconda.org/organ");
  }

  @Test
  void channelsWithTermsAreKnown() {
    assertThat(
            List.of(
                "https://repo.anaconda.com/pkgs/main",
                "https://conda.anaconda.org/anaconda",
                "https://conda.anaconda.org/main/label/x"))
        .allMatch(Channels::isRestricted);
    assertThat(
            List.of("https://conda.anaconda.org/conda-forge", "file:///anaconda", "http://h/main"))
        .noneMatch(Channels::isRestricted);
  }

  @Test
  void credentialsAreForTheirPlaceOnly() throws IOException {
    Files.writeString(home.resolve(".netrc"), "machine n.example login a password b\n");
    Files.createDirectories(home.resolve(".rattler"));
    Files.writeString(
        home.resolve(".rattler/credentials.json"),
        """
        {"*.store.example": {"BearerToken": "tok"},
         "ct.example": {"CondaToken": "ctok"},
         "basic.example": {"BasicHTTP": {"username": "u", "password": "p"}}}
        """);
    var settings =
        settings("channels: ['https://me:pw@h.example/x', 'https://h.example/t/secret-1/y']\n");
    var access =
        ChannelAccess.of(
            CondaSettings.read(settings),
            settings,
            HostCredentials.of(IndexSettings.read(settings, Optional.empty())));
    assertThat(access.authorization(URI.create("https://h.example/x/noarch/a.conda")))
        .contains("Basic bWU6cHc=");
    assertThat(access.authorization(URI.create("https://h.example/z/a.conda"))).isEmpty();
    assertThat(access.authorization(URI.create("http://h.example/x/a.conda"))).isEmpty();
    assertThat(access.address(URI.create("https://h.example/y/noarch/a.conda")))
        .hasToString("https://h.example/t/secret-1/y/noarch/a.conda");
    assertThat(access.authorization(URI.create("https://n.example/c/a.conda")))
        .contains("Basic YTpi");
    assertThat(access.authorization(URI.create("https://q.store.example/c")))
        .contains("Bearer tok");
    assertThat(access.authorization(URI.create("https://basic.example/c"))).contains("Basic dTpw");
    assertThat(access.address(URI.create("https://ct.example/c/a.conda")))
        .hasToString("https://ct.example/t/ctok/c/a.conda");
    assertThat(access).hasToString("(channel credentials)");
  }

  @Test
  void tokensOfAnacondaLoginStandInAddressesAsCondaPutsThem() throws IOException {
    var data = Files.createDirectories(home.resolve(".local/share/binstar"));
    var configuration = Files.createDirectories(home.resolve(".config/binstar"));
    Files.writeString(data.resolve("https%3A%2F%2Fapi.anaconda.org.token"), "aa-1");
    Files.writeString(configuration.resolve("https%3A%2F%2Fown.example%2Fapi.token"), "bb-2\n");
    Files.writeString(configuration.resolve("https%3A%2F%2Fodd.example.token"), "../x y");
    Files.writeString(configuration.resolve("%zz.token"), "cc-3");
    for (var wanted : List.of("true", "false")) {
      var settings = settings("add_anaconda_token: " + wanted + "\n");
      var access =
          ChannelAccess.of(
              CondaSettings.read(settings),
              settings,
              HostCredentials.of(IndexSettings.read(settings, Optional.empty())));
      var isWanted = wanted.equals("true");
      assertThat(access.address(URI.create("https://conda.anaconda.org/me/noarch/a.conda")))
          .hasToString(
              "https://conda.anaconda.org/" + (isWanted ? "t/aa-1/" : "") + "me/noarch/a.conda");
      assertThat(access.address(URI.create("https://own.example/conda/me/noarch/a.conda")))
          .hasToString(
              "https://own.example/conda/" + (isWanted ? "t/bb-2/" : "") + "me/noarch/a.conda");
      for (var other :
          List.of(
              "https://conda.anaconda.org.example/me/a.conda",
              "http://conda.anaconda.org/me/a.conda",
              "https://odd.example/me/a.conda")) {
        assertThat(access.address(URI.create(other))).hasToString(other);
      }
    }
  }

  @Test
  void aNameThatStandsForItselfIsRefused() throws IOException {
    var nested = "custom_multichannels:\n  a: [b, x]\n  b: [y]\n";
    assertThat(channels(nested).resolve("a").urls())
        .containsExactly("https://conda.anaconda.org/y", "https://conda.anaconda.org/x");
    var circle = channels("custom_multichannels:\n  a: [b]\n  b: [c]\n  c: [a]\n");
    assertThatThrownBy(() -> circle.of(List.of("a")))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e -> assertThat(e.problem().render()).contains("a → b → c → a", ".condarc"));
  }
}

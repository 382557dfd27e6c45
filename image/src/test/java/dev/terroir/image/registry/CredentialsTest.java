package dev.terroir.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Credentials of registries (containers-auth.json, docker login)")
class CredentialsTest {
  private static final String SECRET = "canary-secret";

  @TempDir Path home;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void set() {
    environment.put("PATH", home.resolve("bin") + ":/usr/bin:/bin");
    environment.put("XDG_RUNTIME_DIR", home.resolve("run").toString());
  }

  private CredentialFiles files() {
    return new CredentialFiles(Settings.of(environment), home);
  }

  private void write(String path, String text) throws IOException {
    var file = home.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text.replace('\'', '"'));
  }

  private static String auth(String user) {
    return Base64.getEncoder()
        .encodeToString((user + ":" + SECRET).getBytes(StandardCharsets.UTF_8));
  }

  private static String entry(String key, String user) {
    return "{'auths':{'" + key + "':{'auth':'" + auth(user) + "'}}}";
  }

  private void helper(String name, String script) throws IOException {
    var file = home.resolve("bin/docker-credential-" + name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  private String user(String registry, String repository) {
    return files().find(registry, repository).map(Credentials::user).orElse("");
  }

  @Test
  void podmansFilesGoBeforeDockers() throws IOException {
    assertThat(files().find("r.example", "a")).isEmpty();
    write(".docker/config.json", entry("r.example", "docker"));
    assertThat(user("r.example", "a")).isEqualTo("docker");
    write(".config/containers/auth.json", entry("r.example", "config"));
    assertThat(user("r.example", "a")).isEqualTo("config");
    write("run/containers/auth.json", entry("r.example", "run"));
    assertThat(user("r.example", "a")).isEqualTo("run");
    write("own.json", entry("other.example", "own"));
    environment.put("REGISTRY_AUTH_FILE", home.resolve("own.json").toString());
    assertThat(user("r.example", "a")).as("that file alone").isEmpty();
    assertThat(user("other.example", "a")).isEqualTo("own");
    assertThat(files().find("other.example", "a")).contains(Credentials.of("own", SECRET));
  }

  @Test
  void withoutADirectoryOfTheSessionThatOfTheUserIsLookedAt() throws IOException {
    environment.remove("XDG_RUNTIME_DIR");
    assertThat(files().files())
        .startsWith(
            Path.of("/run/containers", "" + Files.getAttribute(home, "unix:uid"), "auth.json"));
  }

  @Test
  void ofAKeyThatIsAnAddressTheHostCounts() throws IOException {
    write(".docker/config.json", entry("https://r.example/some/path", "address"));
    assertThat(user("r.example", "a")).isEqualTo("address");
    write(".docker/config.json", entry("http://r.example/", "plain"));
    assertThat(user("r.example", "a")).isEqualTo("plain");
    write(".docker/config.json", entry("r.example/some", "part"));
    assertThat(user("r.example", "a")).isEmpty();
  }

  // What `skopeo login --get-login` makes of the same files.
  @Test
  void anEntryWithoutAColonIsNoneAndAUserMayBeEmpty() throws IOException {
    var none = Base64.getEncoder().encodeToString("token".getBytes(StandardCharsets.UTF_8));
    write(".docker/config.json", "{'auths':{'r.example':{'auth':'" + none + "'}}}");
    assertThat(files().find("r.example", "a")).isEmpty();
    write(".docker/config.json", entry("r.example", ""));
    assertThat(files().find("r.example", "a")).contains(Credentials.of("", SECRET));
  }

  @Test
  void whatElseStandsInSuchFilesIsPassedOver() throws IOException {
    write(".config/containers/auth.json", "{'auths':null,'credHelpers':null,'credsStore':''}");
    write(
        ".docker/config.json",
        "{'auths':{'r.example':{'auth':'%s','email':'a@b'},'x.example':{}},'credHelpers':{},'HttpHeaders':{'User-Agent':'Docker-Client/19.03.1"
                .formatted(auth("kept"))
            + " (linux)'},'detachKeys':'ctrl-e,e','currentContext':'default','proxies':{'default':{'noProxy':'x'}}}");
    assertThat(user("r.example", "a")).isEqualTo("kept");
    assertThat(files().find("x.example", "a")).isEmpty();
  }

  @Test
  void theMostSpecificKeyWins() throws IOException {
    write(
        ".docker/config.json",
        "{'auths':{'r.example':{'auth':'%s'},'r.example/team':{'auth':'%s'},'https://r.example/v2/':{'auth':'%s'},'r.example:5000':{'auth':'%s'}}}"
            .formatted(auth("all"), auth("team"), auth("url"), auth("port")));
    assertThat(user("r.example", "team/app")).isEqualTo("team");
    assertThat(user("r.example", "teams/app")).as("components, not prefixes").isEqualTo("all");
    assertThat(user("r.example:5000", "team/app")).isEqualTo("port");
    assertThat(user("evil-r.example", "team/app")).isEmpty();
    assertThat(user("r.example.evil", "a")).isEmpty();
  }

  @Test
  void dockerHubIsKnownByItsOldAddress() throws IOException {
    write(".docker/config.json", entry("https://index.docker.io/v1/", "hub"));
    assertThat(user("docker.io", "library/debian")).isEqualTo("hub");
  }

  @Test
  void aTokenOfIdentityIsNoPassword() throws IOException {
    write(
        ".docker/config.json",
        "{'auths':{'r.example':{'auth':'','identitytoken':'" + SECRET + "'}}}");
    assertThat(files().find("r.example", "a")).contains(new Credentials("", SECRET, true));
  }

  @Test
  void helpersAreAskedForTheirRegistryAndForAll() throws IOException {
    helper(
        "one",
        "read server; echo"
            + " \"{\\\"ServerURL\\\":\\\"$server\\\",\\\"Username\\\":\\\"one-$server\\\",\\\"Secret\\\":\\\""
            + SECRET
            + "\\\"}\"\n");
    helper(
        "all",
        "read server; if [ $server = unknown.example ]; then echo 'credentials not found in native"
            + " keychain'; exit 1; fi; echo '{\"Username\":\"<token>\",\"Secret\":\""
            + SECRET
            + "\"}'\n");
    write(
        ".docker/config.json",
        "{'auths':{'r.example':{},'kept.example':{'auth':'"
            + auth("kept")
            + "'}},'credHelpers':{'h.example':'one'},'credsStore':'all'}");
    assertThat(user("h.example", "a")).isEqualTo("one-h.example");
    assertThat(user("kept.example", "a")).isEqualTo("kept");
    assertThat(files().find("r.example", "a")).contains(new Credentials("", SECRET, true));
    assertThat(files().find("unknown.example", "a")).isEmpty();
  }

  @Test
  @Timeout(60)
  void aHelperThatLeavesAKeyChainRunningIsNotWaitedForUntilThatEnds() throws IOException {
    var answer = "{\\\"Username\\\":\\\"one\\\",\\\"Secret\\\":\\\"x\\\"}";
    helper("one", "sleep 300 & echo $! > " + home.resolve("pid") + "; echo \"" + answer + "\"\n");
    write(".docker/config.json", "{'credHelpers':{'h.example':'one'}}");

    assertThat(user("h.example", "a")).isEqualTo("one");
    var pid = Long.parseLong(Files.readString(home.resolve("pid")).strip());
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  @Test
  void aHelperThatIsNoneIsToldWithoutSecrets() throws IOException {
    helper("bad", "echo " + SECRET + "; exit 3\n");
    helper("odd", "echo " + SECRET + "\n");
    for (var name : List.of("bad", "odd", "missing", "../../evil", "a b", "")) {
      write(".docker/config.json", "{'credHelpers':{'h.example':'" + name + "'}}");
      assertThatThrownBy(() -> files().find("h.example", "a"))
          .as(name)
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_DENIED);
                assertThat(e.problem().render()).doesNotContain(SECRET);
                assertThat(e.getCause()).isNull();
              });
    }
  }

  @Test
  void aDamagedEntryIsToldWithoutItsText() throws IOException {
    write(".docker/config.json", "{'auths':{'r.example':{'auth':'" + SECRET + "'}}}");
    assertThatThrownBy(() -> files().find("r.example", "a"))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().render()).contains("r.example").doesNotContain(SECRET));
  }

  @Test
  void theFirstSourceThatKnowsWins() {
    var source =
        CredentialSource.first(
            List.of(
                CredentialSource.of(Map.of("a.example", Credentials.of("given", SECRET))),
                (_, _) -> Optional.of(Credentials.of("other", SECRET))));
    assertThat(source.find("a.example", "x").orElseThrow().user()).isEqualTo("given");
    assertThat(source.find("b.example", "x").orElseThrow().user()).isEqualTo("other");
    assertThat(source.find("b.example", "x").orElseThrow()).hasToString("credentials of `other`");
  }

  @Test
  void challengesAreReadWithTheirParameters() {
    var challenges =
        Challenge.parse(
            List.of(
                "Bearer realm=\"https://auth.example/token\",service=\"r, \\\"x\\\"\","
                    + " scope=\"repository:a:pull,push\", Basic realm=plain",
                "Negotiate"));
    assertThat(challenges).hasSize(3);
    assertThat(challenges.get(0).scheme()).isEqualTo("bearer");
    assertThat(challenges.get(0).parameter("realm")).contains("https://auth.example/token");
    assertThat(challenges.get(0).parameter("service")).contains("r, \"x\"");
    assertThat(challenges.get(0).parameter("scope")).contains("repository:a:pull,push");
    assertThat(challenges.get(1)).isEqualTo(new Challenge("basic", Map.of("realm", "plain")));
    assertThat(challenges.get(2).scheme()).isEqualTo("negotiate");
  }

  @Test
  void anyHeaderIsReadToItsEnd() {
    var random = new Random(3);
    var alphabet = "Bearer =\",\\ realm\t";
    for (int round = 0; round < 5000; round++) {
      var text = new StringBuilder();
      for (int i = random.nextInt(30); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      var challenges = Challenge.parse(List.of(text.toString()));
      assertThat(challenges)
          .as("round %d: %s", round, text)
          .allSatisfy(challenge -> assertThat(challenge.scheme()).isNotEmpty());
    }
  }
}

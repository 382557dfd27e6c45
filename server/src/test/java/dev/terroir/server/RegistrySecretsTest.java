package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.registry.CredentialFiles;
import dev.terroir.image.registry.Credentials;
import dev.terroir.server.work.JobCredentials;
import dev.terroir.workspace.Workspace;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Secrets of registries beside the logins of the server's user")
class RegistrySecretsTest {
  private static final String SECRET = "canary-of-the-secret";

  @TempDir Path folder;

  private static String auth(String user) {
    return Base64.getEncoder().encodeToString((user + ":x").getBytes(StandardCharsets.UTF_8));
  }

  /// The server's user has logged in by Docker, in all the ways in which keys are written.
  private Settings settings() throws Exception {
    var home = Files.createDirectories(folder.resolve("user"));
    Files.createDirectories(home.resolve(".docker"));
    Files.writeString(
        home.resolve(".docker/config.json"),
        """
        {"auths": {
           "https://r.example/v1/": {"auth": "LOGIN"},
           "r.example/team": {"auth": "LOGIN"},
           "r.example:5000": {"auth": "LOGIN"},
           "https://index.docker.io/v1/": {"auth": "LOGIN"},
           "other.example": {"auth": "LOGIN"}},
         "credHelpers": {"r.example": "none", "index.docker.io": "none"},
         "credsStore": "none"}
        """
            .replace("LOGIN", auth("login")));
    var variables = new TreeMap<>(Served.settings(folder).variables());
    variables.keySet().removeAll(java.util.List.of("REGISTRY_AUTH_FILE", "DOCKER_CONFIG"));
    variables.put("HOME", home.toString());
    variables.put("XDG_RUNTIME_DIR", folder.resolve("run").toString());
    variables.put("XDG_CONFIG_HOME", folder.resolve("config").toString());
    return Settings.of(variables);
  }

  /// They have also logged in by podman, whose files go before Docker's.
  private void podman() throws Exception {
    Files.createDirectories(folder.resolve("run/containers"));
    Files.writeString(
        folder.resolve("run/containers/auth.json"),
        """
        {"auths": {"entry.example": {"auth": "LOGIN"}, "part.example/team": {"auth": "LOGIN"},
           "deep.example": {"auth": "LOGIN"}, "empty.example": {}},
         "credHelpers": {"helper.example": "podman"}}
        """
            .replace("LOGIN", auth("podman")));
    Files.writeString(
        folder.resolve("user/.docker/config.json"),
        """
        {"auths": {"helper.example": {"auth": "LOGIN"}, "deep.example/team": {"auth": "LOGIN"},
           "empty.example": {"auth": "LOGIN"}, "alone.example": {"auth": "LOGIN"}},
         "credHelpers": {"entry.example": "docker", "part.example": "docker",
           "helper.example": "docker", "other.example": "docker"}}
        """
            .replace("LOGIN", auth("docker")));
    for (var name : new String[] {"podman", "docker"}) {
      var helper =
          Files.createDirectories(folder.resolve("bin")).resolve("docker-credential-" + name);
      Files.writeString(
          helper, "#!/bin/sh\necho '{\"Username\":\"helper of " + name + "\",\"Secret\":\"x\"}'\n");
      Files.setPosixFilePermissions(helper, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void whatPodmanKnowsOfARegistryGoesBeforeWhatDockerKnowsAsInTheFilesThemselves()
      throws Exception {
    var settings = settings();
    podman();
    settings = settings.with("PATH", folder.resolve("bin") + ":/usr/bin:/bin");
    try (var workspace =
            Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT);
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1.2.3", new PrintStream(new ByteArrayOutputStream())),
                settings)) {
      var context = server.context();
      context.secrets().put("registry/r.example", "owner:" + SECRET);
      try (var work = new JobCredentials(context).open(Progress.SILENT)) {
        var of = work.workspace().settings();
        var home = folder.resolve("user");
        for (var name :
            new String[] {
              "entry.example/a", "part.example/team", "deep.example/team", "empty.example/a",
              "helper.example/a", "other.example/a", "alone.example/a", "unknown.example/a"
            }) {
          var parts = name.split("/");
          assertThat(user(of, parts[0], parts[1]))
              .as(name)
              .isEqualTo(
                  new CredentialFiles(settings, home)
                      .find(parts[0], parts[1])
                      .map(Credentials::user));
        }
        assertThat(user(of, "entry.example", "a")).contains("podman");
        assertThat(user(of, "helper.example", "a")).contains("helper of podman");
        assertThat(user(of, "other.example", "a")).contains("helper of docker");
        assertThat(user(of, "deep.example", "team")).contains("podman");
      }
    }
  }

  private static Optional<String> user(Settings settings, String registry, String repository) {
    return new CredentialFiles(settings, Path.of("/nowhere"))
        .find(registry, repository)
        .map(Credentials::user);
  }

  @Test
  void aSecretGoesBeforeEveryLoginForItsRegistryAndNoOther() throws Exception {
    var settings = settings();
    var log = new ByteArrayOutputStream();
    try (var workspace =
            Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT);
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1.2.3", new PrintStream(log, true, StandardCharsets.UTF_8)),
                settings)) {
      var context = server.context();
      context.secrets().put("registry/r.example", "owner:" + SECRET);
      context.secrets().put("registry/docker.io", "hub:" + SECRET);
      Path file;
      try (var work = new JobCredentials(context).open(Progress.SILENT)) {
        var of = work.workspace().settings();
        file = Path.of(of.get("REGISTRY_AUTH_FILE").orElseThrow());
        assertThat(Files.getPosixFilePermissions(file))
            .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(user(of, "r.example", "a")).contains("owner");
        assertThat(user(of, "r.example", "team/app")).contains("owner");
        assertThat(user(of, "docker.io", "library/debian")).contains("hub");
        assertThat(user(of, "r.example:5000", "a")).contains("login");
        assertThat(user(of, "other.example", "a")).contains("login");
        assertThat(new CredentialFiles(of, folder).find("r.example", "a").toString())
            .doesNotContain(SECRET);
      }
      assertThat(file).doesNotExist();
      assertThat(log.toString(StandardCharsets.UTF_8)).doesNotContain(SECRET);
    }
  }
}

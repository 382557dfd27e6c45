package dev.terroir.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.SampleImage;
import dev.terroir.image.Tool;
import dev.terroir.image.layout.DockerArchive;
import dev.terroir.image.layout.OciArchive;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.transfer.Copy;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Debian's docker-registry and skopeo, as they are")
class DebianRegistryTest {
  /// The bcrypt hash of `open sesame`.
  private static final String HTPASSWD =
      "terroir:$2y$05$q.uMl5JpFsKQbS5n3S9.vudeT2i5.oW8gBc9/BcpzZ9NFDP9.Kv0O";

  @TempDir Path temporary;
  private final List<Process> running = new ArrayList<>();

  @AfterEach
  void stop() throws InterruptedException {
    for (var process : running) {
      process.destroyForcibly().waitFor();
    }
  }

  /// @return host and port
  private String start(boolean withPassword) throws IOException, InterruptedException {
    return start(withPassword, "");
  }

  /// @param tls what the part `http` of its configuration says of TLS
  private String start(boolean withPassword, String tls) throws IOException, InterruptedException {
    var program = Tool.named("docker-registry").program();
    int port;
    try (var socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    var folder = temporary.resolve("registry-" + port);
    Files.createDirectories(folder);
    var config =
        """
        version: 0.1
        log: {level: warn}
        storage:
          filesystem: {rootdirectory: %s}
          delete: {enabled: true}
        http: {addr: "127.0.0.1:%d", secret: terroir-test%s}
        """
            .formatted(folder.resolve("data"), port, tls);
    if (withPassword) {
      Files.writeString(folder.resolve("htpasswd"), HTPASSWD + "\n");
      config += "auth: {htpasswd: {realm: test, path: " + folder.resolve("htpasswd") + "}}\n";
    }
    Files.writeString(folder.resolve("config.yml"), config);
    serve(program, folder, port);
    return "127.0.0.1:" + port;
  }

  private void serve(Path program, Path folder, int port) throws IOException, InterruptedException {
    running.add(
        new ProcessBuilder(program.toString(), "serve", folder.resolve("config.yml").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start());
    for (int i = 0; i < 200; i++) {
      try (var _ = new Socket("127.0.0.1", port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    throw new AssertionError(Files.readString(folder.resolve("log")));
  }

  private static RegistryOptions anonymous() {
    return RegistryOptions.of(CredentialSource.none());
  }

  private static Copy copy() {
    return Copy.with(Progress.SILENT);
  }

  @Test
  void anImageIsPushedPulledAndSeenBySkopeo() throws Exception {
    var address = start(false);
    var skopeo = Tool.named("skopeo");
    var image = SampleImage.of(Platform.current(), 21, 4, 3_000_000);
    var layout = new OciLayout(temporary.resolve("layout"));
    image.putInto(layout.target(), "app");
    try (var registries = new Registries(anonymous().withChunkBytes(1_000_000))) {
      var reference = ImageReference.parse(address + "/team/app:1.0");
      var report =
          copy()
              .run(
                  layout.source("app"),
                  registries.target(reference, List.of()),
                  null,
                  List.of("1.0", "latest"));
      assertThat(report.sentBytes()).isEqualTo(image.sizeBytes());
      assertThat(
              copy()
                  .run(
                      layout.source("app"),
                      registries.target(reference, List.of()),
                      null,
                      List.of("2"))
                  .sentBytes())
          .isZero();
      var other = registries.target(ImageReference.parse(address + "/team/other"), List.of());
      assertThat(copy().run(registries.source(reference), other, null, List.of("1.0")).sentBytes())
          .as("mounted")
          .isZero();
      assertThat(registries.tags(reference)).containsExactlyInAnyOrder("1.0", "latest", "2");
      var back = new OciLayout(temporary.resolve("back"));
      copy().run(registries.source(reference), back.target(), Platform.current(), List.of("x"));
      assertThat(back.verify()).isEmpty();
      assertThat(back.find("x")).contains(image.root());

      var sbom = SampleImage.artifact(image.root(), "application/spdx+json", "{\"a\":1}");
      var target = registries.target(reference, List.of());
      sbom.blobs()
          .forEach((blob, bytes) -> target.put(blob, () -> new ByteArrayInputStream(bytes)));
      target.putReferrer(image.root(), sbom.root(), sbom.documents().get(sbom.root()));
      assertThat(registries.referrers(reference, image.root().digest(), "application/spdx+json"))
          .as("by the tag: this registry has no API for it")
          .containsExactly(sbom.root());
    }
    var inspected =
        skopeo.run("inspect", "--tls-verify=false", "docker://" + address + "/team/other:1.0");
    assertThat(JsonReader.parseObject(inspected, "skopeo").string("Digest"))
        .isEqualTo(image.root().digest().toString());
  }

  @Test
  void whatWasPushedFromHereIsTakenOverByOtherRepositories() throws Exception {
    var address = start(false);
    var image = SampleImage.of(Platform.current(), 22, 4, 3_000_000);
    var layout = new OciLayout(temporary.resolve("layout"));
    image.putInto(layout.target(), "app");
    var settings = dev.terroir.foundation.home.Settings.of(java.util.Map.of());
    var folder = temporary.resolve("pushed");
    for (var repository : List.of("one", "two", "three")) {
      // Another process each time: only the folder is common.
      try (var registries = new Registries(anonymous(), settings, new PushedBlobs(folder))) {
        var target = registries.target(ImageReference.parse(address + "/" + repository), List.of());
        var sent = copy().run(layout.source("app"), target, null, List.of("1")).sentBytes();
        if (repository.equals("one")) {
          assertThat(sent).isEqualTo(image.sizeBytes());
        } else {
          assertThat(sent).as("the configuration only").isLessThan(10_000);
        }
      }
    }
    // A registry that was emptied is not believed to hold anything.
    running.removeLast().destroyForcibly().waitFor();
    var port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
    var served = temporary.resolve("registry-" + port);
    Trees.delete(served.resolve("data"));
    serve(Tool.named("docker-registry").program(), served, port);
    try (var registries = new Registries(anonymous(), settings, new PushedBlobs(folder))) {
      var target = registries.target(ImageReference.parse(address + "/four"), List.of());
      assertThat(copy().run(layout.source("app"), target, null, List.of("1")).sentBytes())
          .isEqualTo(image.sizeBytes());
    }
  }

  @Test
  void anIndexIsPushedWithAllItsPlatforms() throws Exception {
    var address = start(false);
    var image = SampleImage.multiPlatform(31);
    var layout = new OciLayout(temporary.resolve("layout"));
    image.putInto(layout.target(), "both");
    try (var registries = new Registries(anonymous())) {
      var reference = ImageReference.parse(address + "/both:1");
      copy()
          .run(layout.source("both"), registries.target(reference, List.of()), null, List.of("1"));
      assertThat(registries.source(reference).root()).isEqualTo(image.root());
      var arm = new OciLayout(temporary.resolve("arm"));
      copy().run(registries.source(reference), arm.target(), Platform.LINUX_ARM64, List.of("x"));
      assertThat(arm.verify()).isEmpty();
    }
  }

  @Test
  void passwordsAreReadWhereLoginsKeepThem() throws Exception {
    var address = start(true);
    var image = SampleImage.of(Platform.current(), 41, 1, 1000);
    var reference = ImageReference.parse(address + "/private/app:1");
    try (var registries = new Registries(anonymous())) {
      assertThatThrownBy(() -> image.putInto(registries.target(reference, List.of()), "1"))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_DENIED));
    }
    var auth = temporary.resolve("auth.json");
    Files.writeString(
        auth,
        "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}"
            .formatted(
                address, Base64.getEncoder().encodeToString("terroir:open sesame".getBytes())));
    var files =
        new CredentialFiles(Settings.of(Map.of("REGISTRY_AUTH_FILE", auth.toString())), temporary);
    try (var registries = new Registries(RegistryOptions.of(files))) {
      image.putInto(registries.target(reference, List.of()), "1");
      assertThat(registries.source(reference).root()).isEqualTo(image.root());
      assertThatThrownBy(() -> registries.source(reference.withTag("2")).root())
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.IMAGE_NOT_FOUND));
    }
  }

  @Test
  void loginsOfPodmanAndDockerAndTheirHelpersOpenItInTheirOrder() throws Exception {
    var address = start(true);
    var image = SampleImage.of(Platform.current(), 42, 1, 1000);
    var reference = ImageReference.parse(address + "/private/app:1");
    var right = Base64.getEncoder().encodeToString("terroir:open sesame".getBytes());
    var wrong = Base64.getEncoder().encodeToString("terroir:canary-wrong".getBytes());
    var helper = Files.createDirectories(temporary.resolve("bin")).resolve("docker-credential-own");
    Files.writeString(
        helper,
        "#!/bin/sh\nread server; [ $server = "
            + address
            + " ] || { echo 'credentials not found in native keychain'; exit 1; }\n"
            + "echo '{\"Username\": \"terroir\", \"Secret\": \"open sesame\"}'\n");
    assertThat(helper.toFile().setExecutable(true)).isTrue();
    var podman = "run/containers/auth.json";
    var docker = ".docker/config.json";
    var entry = "{\"auths\": {\"" + address + "\": {\"auth\": \"%s\"}}%s}";
    var own = ", \"credHelpers\": {\"" + address + "\": \"own\"}";
    var store = "{\"auths\": {\"" + address + "\": {}}, \"credsStore\": \"own\"}";

    assertThat(opens(reference, image, Map.of(docker, entry.formatted(right, "")))).isTrue();
    assertThat(
            opens(
                reference,
                image,
                Map.of(podman, entry.formatted(right, ""), docker, entry.formatted(wrong, ""))))
        .isTrue();
    assertThat(
            opens(
                reference,
                image,
                Map.of(podman, entry.formatted(wrong, ""), docker, entry.formatted(right, ""))))
        .isFalse();
    assertThat(opens(reference, image, Map.of(docker, entry.formatted(wrong, own)))).isTrue();
    assertThat(opens(reference, image, Map.of(docker, store))).isTrue();
    assertThat(opens(reference, image, Map.of(docker, store.replace("own", "missing")))).isFalse();
    assertThat(opens(reference, image, Map.of())).isFalse();
  }

  /// Whether logins open a registry; nothing that is told holds a secret.
  ///
  /// @param logins by their files below the user's home
  private boolean opens(ImageReference reference, SampleImage image, Map<String, String> logins)
      throws IOException {
    var home = Files.createTempDirectory(temporary, "home");
    for (var login : logins.entrySet()) {
      var file = home.resolve(login.getKey());
      Files.createDirectories(file.getParent());
      Files.writeString(file, login.getValue());
    }
    var settings =
        Settings.of(
            Map.of(
                "PATH",
                temporary.resolve("bin") + ":/usr/bin:/bin",
                "XDG_RUNTIME_DIR",
                home.resolve("run").toString()));
    var files = new CredentialFiles(settings, home);
    try (var registries = new Registries(RegistryOptions.of(files))) {
      image.putInto(registries.target(reference, List.of()), "1");
      return registries.source(reference).root().equals(image.root());
    } catch (ImageException e) {
      assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_DENIED);
      assertThat(e.problem().render()).doesNotContain("sesame", "canary", "dGVycm9pcjp");
      return false;
    }
  }

  @Test
  void aRegistryOnThisMachineMayHaveTls() throws Exception {
    var openssl = Tool.named("openssl");
    var key = temporary.resolve("key.pem");
    var certificate = temporary.resolve("certificate.pem");
    openssl.run(
        ("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
                + " -addext subjectAltName=IP:127.0.0.1,DNS:localhost")
            .concat(" -keyout " + key + " -out " + certificate)
            .split(" "));
    var address =
        start(true, ", tls: {certificate: \"%s\", key: \"%s\"}".formatted(certificate, key));
    var image = SampleImage.of(Platform.current(), 71, 2, 100_000);
    var reference = ImageReference.parse(address + "/private/app:1");
    var login =
        RegistryOptions.of(
            CredentialSource.of(Map.of(address, Credentials.of("terroir", "open sesame"))));
    var trusting = Settings.of(Map.of("SSL_CERT_FILE", certificate.toString()));

    try (var registries = new Registries(login, trusting, null)) {
      image.putInto(registries.target(reference, List.of()), "1");
      assertThat(registries.source(reference).root()).isEqualTo(image.root());
    }
    var local = ImageReference.parse("localhost" + address.substring(9) + "/private/app:1");
    try (var registries = new Registries(anonymous(), trusting, null)) {
      assertThatThrownBy(() -> registries.source(local).root())
          .as("known by any name of this machine, and still asking for a password")
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_DENIED));
    }
    try (var registries = new Registries(login)) {
      assertThatThrownBy(() -> registries.source(reference).root())
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_UNREACHABLE);
                assertThat(e.problem().why())
                    .anyMatch(why -> why.contains("nobody here vouches for"));
                assertThat(e.problem().hints()).first().asString().contains("SSL_CERT_FILE");
              });
    }
    assertThat(running.getLast().isAlive()).isTrue();
  }

  @Test
  void aRegistryThatDiesInMidPushIsToldAndTheNextPushGoesOn() throws Exception {
    var address = start(false);
    var image = SampleImage.of(Platform.current(), 51, 3, 6_000_000);
    var reference = ImageReference.parse(address + "/app:1");
    var options = anonymous().withPatience(2, Duration.ofSeconds(2), _ -> {});
    try (var registries = new Registries(options)) {
      var target = registries.target(reference, List.of());
      var blobs = new ArrayList<>(image.blobs().keySet());
      target.put(
          blobs.getFirst(), () -> new ByteArrayInputStream(image.blobs().get(blobs.getFirst())));
      assertThatThrownBy(() ->
              target.put(
                  blobs.get(1),
                  () -> {
                    running.getFirst().destroyForcibly();
                    return new ByteArrayInputStream(image.blobs().get(blobs.get(1)));
                  }))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_UNREACHABLE));
    }
    running.getFirst().waitFor();
    var port = Integer.parseInt(address.split(":")[1]);
    serve(Tool.named("docker-registry").program(), temporary.resolve("registry-" + port), port);
    var layout = new OciLayout(temporary.resolve("layout"));
    image.putInto(layout.target(), "app");
    try (var registries = new Registries(options)) {
      var report =
          copy()
              .run(
                  layout.source("app"),
                  registries.target(reference, List.of()),
                  null,
                  List.of("1"));
      assertThat(report.blobsSent()).as("the first layer is there").isEqualTo(3);
      assertThat(registries.source(reference).root()).isEqualTo(image.root());
    }
  }

  @Test
  void skopeoAndWeReadEachOthersLayoutsAndArchives() throws Exception {
    var skopeo = Tool.named("skopeo");
    var image = SampleImage.of(Platform.current(), 61, 3, 50_000);
    var layout = new OciLayout(temporary.resolve("layout"));
    image.putInto(layout.target(), "app");
    var ours = temporary.resolve("ours.tar");
    try (var target = OciArchive.target(ours, "app:1")) {
      copy().run(layout.source("app"), target, null, List.of());
    }
    var saved = temporary.resolve("saved.tar");
    try (var target = DockerArchive.target(saved, List.of(ImageReference.parse("team/app:1")))) {
      copy().run(layout.source("app"), target, null, List.of());
    }
    int i = 0;
    for (var from :
        List.of(
            "oci:" + layout.directory() + ":app",
            "oci-archive:" + ours + ":app:1",
            "docker-archive:" + saved)) {
      var to = temporary.resolve("skopeo-" + i++);
      skopeo.run("--insecure-policy", "copy", from, "oci:" + to + ":x");
      var read = new OciLayout(to);
      assertThat(read.verify()).isEmpty();
      assertThat(Copy.config(read.source("x"), manifest(read)).diffIds()).hasSize(3);
    }
    for (var kind : List.of("oci-archive", "docker-archive")) {
      var file = temporary.resolve("theirs-" + kind + ".tar");
      skopeo.run(
          "--insecure-policy",
          "copy",
          "oci:" + layout.directory() + ":app",
          kind + ":" + file + ":team/app:1");
      var source =
          kind.equals("oci-archive")
              ? OciArchive.source(file, null)
              : DockerArchive.source(file, ImageReference.parse("team/app:1"));
      var back = new OciLayout(temporary.resolve("from-" + kind));
      try (source) {
        copy().run(source, back.target(), Platform.current(), List.of("x"));
      }
      assertThat(back.verify()).isEmpty();
      assertThat(Copy.config(back.source("x"), manifest(back)).diffIds())
          .isEqualTo(Copy.config(layout.source("app"), manifest(layout)).diffIds());
    }
  }

  private static dev.terroir.image.oci.Manifest manifest(OciLayout layout) {
    try (var source = layout.source(null)) {
      return dev.terroir.image.oci.Manifest.read(source.manifest(source.root()), "manifest");
    }
  }
}

package dev.terroir.image.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.OwnStore;
import dev.terroir.image.SampleImage;
import dev.terroir.image.Tool;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.Registries;
import dev.terroir.image.registry.RegistryOptions;
import dev.terroir.image.transfer.Copy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Podman, buildah, skopeo and Terroir's own client push and pull")
class RegistryClientsTest {
  @TempDir Path temporary;
  private WritableRegistry registry;
  private OciLayout layout;

  @BeforeEach
  void start() {
    layout = new OciLayout(temporary.resolve("layout"));
    registry = WritableRegistry.over(layout.directory());
  }

  @AfterEach
  void stop() {
    registry.close();
    assertThat(layout.verify()).isEmpty();
  }

  /// Runs a tool that has a store of its own.
  private String run(String program, String... arguments) throws IOException {
    var environment = new HashMap<>(System.getenv());
    environment.putAll(OwnStore.variables(temporary, "vfs"));
    var words = new ArrayList<>(List.of(Tool.named(program).program().toString()));
    words.addAll(List.of(arguments));
    var result = new Command(words, environment, null, Duration.ofMinutes(2)).run();
    assertThat(result.isSuccess()).as(words + result.error() + result.output()).isTrue();
    return result.output().strip();
  }

  private String name(String tag) {
    return registry.address() + "/team/app:" + tag;
  }

  @Test
  void skopeoCopiesThereAndBackEveryPlatformOfAnIndex() throws IOException {
    var from = new OciLayout(temporary.resolve("from"));
    var image = SampleImage.multiPlatform(7);
    image.putInto(from.target(), "x");
    run(
        "skopeo",
        "--insecure-policy",
        "copy",
        "--all",
        "--dest-tls-verify=false",
        "oci:" + from.directory() + ":x",
        "docker://" + name("1"));
    assertThat(layout.find("team/app:1").orElseThrow().digest()).isEqualTo(image.root().digest());
    var back = temporary.resolve("back");
    run(
        "skopeo",
        "--insecure-policy",
        "copy",
        "--all",
        "--src-tls-verify=false",
        "docker://" + name("1"),
        "oci:" + back + ":x");
    assertThat(new OciLayout(back).find("x").orElseThrow().digest())
        .isEqualTo(image.root().digest());
    assertThat(new OciLayout(back).verify()).isEmpty();
    run("skopeo", "delete", "--tls-verify=false", "docker://" + name("1"));
    assertThat(layout.names()).isEmpty();
  }

  @Test
  void buildahPushesAndPodmanPullsAndPushes() throws IOException {
    Tool.named("podman");
    var container = run("buildah", "from", "scratch");
    Files.writeString(temporary.resolve("hello"), "hello");
    run("buildah", "copy", container, temporary.resolve("hello").toString(), "/hello");
    run("buildah", "config", "--cmd", "/hello", container);
    run("buildah", "commit", container, "made:1");
    run("buildah", "push", "--tls-verify=false", "made:1", "docker://" + name("oci"));
    run(
        "buildah",
        "push",
        "--tls-verify=false",
        "--format",
        "v2s2",
        "made:1",
        "docker://" + name("docker"));
    for (var tag : List.of("oci", "docker")) {
      run("podman", "pull", "--tls-verify=false", name(tag));
      run("podman", "push", "--tls-verify=false", name(tag), name(tag + "-again"));
      assertThat(run("podman", "image", "inspect", "--format", "{{.Config.Cmd}}", name(tag)))
          .isEqualTo("[/hello]");
    }
    assertThat(layout.names().keySet())
        .containsExactlyInAnyOrder(
            "team/app:oci", "team/app:docker", "team/app:oci-again", "team/app:docker-again");
    assertThat(
            run(
                "skopeo",
                "list-tags",
                "--tls-verify=false",
                "docker://" + name("x").split(":x")[0]))
        .contains("docker-again");
  }

  @Test
  void ourOwnClientPushesInChunksMountsAndListsReferrers() {
    var from = new OciLayout(temporary.resolve("from"));
    var image = SampleImage.of(Platform.current(), 3, 3, 700_000);
    image.putInto(from.target(), "x");
    var reference = ImageReference.parse(name("1"));
    try (var registries =
        new Registries(RegistryOptions.of(CredentialSource.none()).withChunkBytes(200_000))) {
      var copy = Copy.with(Progress.SILENT);
      var report =
          copy.run(
              from.source("x"),
              registries.target(reference, List.of()),
              null,
              List.of("1", "-odd-but-fine".substring(1) + "--", "_2..3"));
      assertThat(report.sentBytes()).isEqualTo(image.sizeBytes());
      var other = ImageReference.parse(registry.address() + "/team/other");
      assertThat(
              copy.run(
                      registries.source(reference),
                      registries.target(other, List.of()),
                      null,
                      List.of("1"))
                  .sentBytes())
          .as("what is there is mounted")
          .isZero();
      assertThat(registries.tags(reference)).containsExactly("1", "_2..3", "odd-but-fine--");
      var sbom = SampleImage.artifact(image.root(), "application/spdx+json", "{\"a\":1}");
      try (var target = registries.target(reference, List.of())) {
        sbom.blobs()
            .forEach(
                (blob, bytes) -> target.put(blob, () -> new java.io.ByteArrayInputStream(bytes)));
        target.putReferrer(image.root(), sbom.root(), sbom.documents().get(sbom.root()));
      }
      assertThat(registries.referrers(reference, image.root().digest(), "application/spdx+json"))
          .singleElement()
          .satisfies(found -> assertThat(found.digest()).isEqualTo(sbom.root().digest()));
      var back = new OciLayout(temporary.resolve("back"));
      copy.run(registries.source(reference), back.target(), Platform.current(), List.of("x"));
      assertThat(back.verify()).isEmpty();
      assertThat(back.find("x").orElseThrow().digest()).isEqualTo(image.root().digest());
    }
  }
}

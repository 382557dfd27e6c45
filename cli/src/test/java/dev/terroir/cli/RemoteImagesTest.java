package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.serve.RegistryEndpoint;
import dev.terroir.image.serve.ServedRepository;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Images of a workspace on a server, built there and here")
class RemoteImagesTest {
  @TempDir Path folder;

  private RemoteTeam team;
  private Terroir terroir;

  @BeforeEach
  void serve() throws IOException {
    team = new RemoteTeam(folder);
    var base = SmallBase.make(folder.resolve("base"), Terroir.python());
    team.workspace.update(
        before -> before.withDefaultBase(DefaultBases.Kind.CPU_PYTHON, base, folder));
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    terroir = team.as(Role.CONTRIBUTOR, variables.toArray(String[]::new));
    terroir.environment("demo", "alpha");
  }

  @AfterEach
  void end() {
    team.close();
  }

  private Terroir.Outcome build(String options) {
    return terroir.run(("environment build " + options).strip() + " -d", terroir.directory());
  }

  private static Manifest manifest(OciLayout layout, String tag) {
    try (var source = layout.source(tag)) {
      return Manifest.read(source.manifest(source.root()), tag);
    }
  }

  @Test
  void goWhereTheCallerSays() {
    var layout = new OciLayout(folder.resolve("copy"));
    var built =
        build("--to oci:" + layout.directory() + ":demo --to oci:" + folder.resolve("two") + ":x")
            .succeeds()
            .json();
    assertThat(layout.find("demo").orElseThrow().digest())
        .hasToString(built.string("digest"))
        .isEqualTo(new OciLayout(folder.resolve("two")).find("x").orElseThrow().digest());
    for (var layer : manifest(layout, "demo").layers()) {
      assertThat(layout.blobs().find(layer.digest())).as(layer.toString()).isPresent();
    }
    assertThat(built.string("image"))
        .isEqualTo(built.string("repository") + "@" + built.string("digest"));
    // One that is there is copied as well.
    var again = build("--if-needed --to oci:" + folder.resolve("three") + ":x").succeeds().json();
    assertThat(again.optionalBoolean("isCached")).contains(true);
    assertThat(new OciLayout(folder.resolve("three")).find("x")).isPresent();
    var nowhere = build("--to nowhere://x");
    assertThat(nowhere.code()).isEqualTo(2);
  }

  @Test
  void areMadeAsTheOptionsSay() {
    var plain = build("").succeeds().json();
    assertThat(plain.optionalBoolean("bytecode")).contains(true);
    var zstd = build("--compression zstd --no-bytecode").succeeds().json();
    assertThat(zstd.optionalBoolean("bytecode")).contains(false);
    assertThat(zstd.string("digest")).isNotEqualTo(plain.string("digest"));
    var registry = new OciLayout(folder.resolve("there/team/registry"));
    assertThat(manifest(registry, zstd.string("digest")).layers().getLast().mediaType())
        .isEqualTo(MediaType.LAYER_ZSTD);
    assertThat(
            build("--if-needed --compression zstd --no-bytecode")
                .succeeds()
                .json()
                .optionalBoolean("isCached"))
        .contains(true);
    // What is there is of another kind.
    var gzip = build("--if-needed --compression gzip").succeeds().json();
    assertThat(gzip.optionalBoolean("isCached")).contains(false);
    assertThat(gzip.string("digest")).isEqualTo(plain.string("digest"));
    var wrong = build("--compression brotli");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("brotli");
  }

  @Test
  void standOnABaseOfARegistryAndNotOfTheCallersFiles() {
    var layout = new OciLayout(folder.resolve("base"));
    var digest = layout.find("small").orElseThrow().digest();
    try (var registry =
        RegistryEndpoint.start(asked ->
            asked.equals("team/base")
                ? Optional.of(new ServedRepository(layout, "team/base"))
                : Optional.empty())) {
      var base = registry.address() + "/team/base@" + digest;
      var built = build("--base " + base).succeeds().json();
      assertThat(built.object("base").string("reference")).isEqualTo("docker://" + base);
    }
    var mine = build("--base oci:" + folder.resolve("base") + ":small");
    assertThat(mine.code()).isEqualTo(2);
    assertThat(mine.err()).contains("[not-over-http]", "an image of a registry");
  }

  @Test
  void forAPlatformThatTheBaseIsNotForEndAsOnTheServersMachine() {
    var outcome = build("--platform linux/arm64");
    var local =
        team.there.run(
            "environment build --platform linux/arm64 --workspace "
                + folder.resolve("there/team")
                + " -d",
            terroir.directory());
    assertThat(outcome.code()).isEqualTo(local.code()).isNotZero();
    assertThat(outcome.err()).contains("arm64", "[wrong-image-platform]");
    assertThat(local.err()).contains("[wrong-image-platform]");
    assertThat(build("--platform windows").code()).isEqualTo(2);
  }

  @Test
  void comeIntoTheEngineOfThisMachineAndStayThereUnlessTheyArePushed() {
    var engine = Engine.of(Engine.Kind.PODMAN, terroir.settings);
    assumeTrue(engine.isPresent(), "podman is not there or does not answer");
    var local = buildLocal("--use-docker");
    assertThat(engine.get().exists(local.string("imageId"))).isTrue();
    assertThat(local.optionalBoolean("isPushed")).contains(false);
    assertThat(team.workspace.directory().resolve("registry")).doesNotExist();
    var lock = terroir.run("lock show -d", terroir.directory()).succeeds().json();
    assertThat(lock.string("definitionHash")).isEqualTo(local.string("hash"));

    var pushed = buildLocal("--use-docker --push-image");
    assertThat(pushed.string("digest")).isEqualTo(local.string("digest"));
    assertThat(pushed.optionalBoolean("isPushed")).contains(true);
    assertThat(
            terroir
                .run("environment image -d", terroir.directory())
                .succeeds()
                .json()
                .optionalBoolean("imageExistsInRegistry"))
        .contains(true);
    assertThat(terroir.home.resolve("data/workspaces")).doesNotExist();
    assertThat(
            terroir
                .home
                .resolve("cache/images")
                .toFile()
                .list((_, name) -> name.startsWith(".remote-")))
        .as("what was between")
        .isNullOrEmpty();
  }

  private JsonObject buildLocal(String options) {
    return terroir
        .run("environment build-local " + options + " -d", terroir.directory())
        .succeeds()
        .json();
  }
}

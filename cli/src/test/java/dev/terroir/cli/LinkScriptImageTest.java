package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.build.ImageContent;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Link scripts of conda packages in images (conda-build, \"post-link scripts\")")
class LinkScriptImageTest {
  private static final String HASH = "0123456789abcdef0123456789abcdef";
  private static final String RAN = "dev.terroir.conda.link-scripts-run";
  private static final String SKIPPED = "dev.terroir.conda.link-scripts-skipped";

  @TempDir static Path shared;
  private static CondaChannel channel;

  @TempDir Path folder;
  private Podman podman;
  private Map<String, String> engine;

  @BeforeAll
  static void makePackages() throws IOException {
    channel =
        CondaChannel.at(shared.resolve("channel"))
            .add(
                CondaSample.of("first", "1.0")
                    .build("h1_3", 3)
                    .text("share/first.txt", "first\n")
                    .postLink(
                        """
                        #!/bin/bash
                        set -u
                        echo "$PREFIX $ROOT_PREFIX $PKG_NAME $PKG_VERSION $PKG_BUILDNUM" \
                          >> "$PREFIX/share/ran.txt"
                        echo "${PATH%%:*}" >> "$PREFIX/share/ran.txt"
                        rm "$PREFIX/share/first.txt"
                        date +%s%N > "$PREFIX/share/moment.txt"
                        chmod 600 "$PREFIX/share/moment.txt"
                        echo "read the licence" >> "$PREFIX/.messages.txt"
                        """))
            .add(
                CondaSample.of("second", "1.0")
                    .depends("first")
                    .text("share/second.txt", "second\n")
                    .postLink("echo \"$PKG_NAME\" >> \"$PREFIX/share/ran.txt\"\n"))
            .add(
                CondaSample.of("broken", "1.0")
                    .text("share/broken.txt", "broken\n")
                    .postLink(
                        """
                        echo "looking for the licence server"
                        echo "no licence, says the script" >> "$PREFIX/.messages.txt"
                        exit 7
                        """))
            .add(
                CondaSample.of("steady", "1.0")
                    .text("share/steady/below.txt", "below\n")
                    .text("share/steady/gone.txt", "gone\n")
                    .postLink(
                        """
                        cd "$PREFIX/share/steady"
                        echo same > z.txt
                        ln z.txt a.txt
                        ln -s z.txt b.txt
                        mkdir -m 2750 c
                        rm gone.txt
                        touch /tmp/used
                        """))
            .index();
  }

  @BeforeEach
  void startStore() throws IOException {
    var store = Files.createDirectories(folder.resolve("podman"));
    podman = new Podman(store, "overlay");
    engine = OwnStore.variables(store, "overlay");
  }

  private static Lock lock(String... files) throws IOException {
    var packages = new ArrayList<CondaPackage>();
    for (var name : files) {
      packages.add(CondaImageTest.locked(channel.find(name), shared.resolve("scratch")));
    }
    return new Lock(
        HASH,
        Platform.LINUX_AMD64,
        "",
        List.of(),
        List.of(),
        Map.of(),
        List.of(),
        new CondaPart(List.of("second"), List.of(), "strict", List.of(), packages, Map.of()),
        Map.of());
  }

  private ImageBuilder.Outcome build(
      Lock what, List<String> allowed, Map<String, String> variables, String tag) {
    var terroir = new Terroir(folder);
    var all = new TreeMap<>(terroir.settings.variables());
    all.putAll(variables);
    var settings = Settings.of(all);
    var home = TerroirHome.of(settings);
    try (var builder =
            new ImageBuilder(settings, home, () -> Uv.open(settings, home, Progress.SILENT));
        var places = new ImagePlaces(settings);
        var source = places.source(ImageLocation.parse(DebianBase.location()));
        var open = builder.base(DebianBase.location(), Platform.LINUX_AMD64, source)) {
      var destination = places.target(ImageLocation.parse(location(tag)));
      try (var _ = destination.target()) {
        return builder.build(
            new ImageBuilder.Request(
                HASH,
                what,
                "",
                "azureml/linked",
                new ImageBuilder.Options(false, null),
                Map.of(),
                allowed),
            open,
            List.of(destination),
            Progress.SILENT);
      }
    }
  }

  @Test
  void whatTheyLeaveDoesNotTellWhichEngineRanThem() throws IOException {
    var lock = lock("steady-1.0-0.conda");
    var buildah = new TreeMap<>(engine);
    buildah.put(Settings.TERROIR_ENGINE, "buildah");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/buildah")), "buildah");
    var first = build(lock, List.of("steady"), engine, "podman").image();
    Trees.delete(folder.resolve("home"));
    var second = build(lock, List.of("steady"), buildah, "buildah");
    assertThat(second.newLayers()).isGreaterThan(1);
    assertThat(second.image().manifest()).isEqualTo(first.manifest());
    var seen =
        podman.in(
            podman.pull(location("buildah")),
            "/bin/sh",
            "-c",
            "cd /opt/env/share/steady; stat -c '%n %h %a %F' * /tmp /tmp/used");
    assertThat(seen.output().lines())
        .as(seen.error())
        .containsExactly(
            "a.txt 2 644 regular file",
            "b.txt 1 777 symbolic link",
            "below.txt 1 644 regular file",
            "c 2 2750 directory",
            "z.txt 2 644 regular file",
            "/tmp 1 1777 directory",
            "/tmp/used 1 644 regular empty file");
  }

  @Test
  void aWorkspaceAllowsThemByName() throws IOException {
    var variables = new ArrayList<String>();
    engine.forEach((name, value) -> variables.add(name + "=" + value));
    variables.add(Settings.TERROIR_RATTLER + "=" + Terroir.rattler());
    var terroir = new Terroir(folder, variables);
    terroir.run("workspace create -n team").succeeds();
    terroir.write(
        "t.yml",
        "channels: ['" + channel.url() + "', nodefaults]\ndependencies: [steady, first]\n");
    terroir
        .run(
            "environment create --name t --file "
                + terroir.project.resolve("t.yml")
                + " --directory "
                + terroir.project.resolve("t"))
        .succeeds();
    terroir.run("environment register -d " + terroir.project.resolve("t")).succeeds();
    var build = "environment build -n t --if-needed --base " + DebianBase.location();
    var skipping = terroir.run(build).succeeds();
    assertThat(skipping.err()).contains("link scripts of first 1.0 h1_3, steady 1.0 0");
    terroir.run("workspace update --link-scripts first").succeeds();
    var running = terroir.run(build).succeeds();
    assertThat(running.err())
        .contains("first 1.0 h1_3 says: read the licence")
        .contains("link scripts of steady 1.0 0 were not run");
    assertThat(running.json().string("digest")).isNotEqualTo(skipping.json().string("digest"));
    assertThat(terroir.run(build).succeeds().json().string("digest"))
        .isEqualTo(running.json().string("digest"));
  }

  @Test
  void aBuildWithoutAWorkspaceAllowsThemByNameToo() throws IOException {
    var variables = new ArrayList<String>();
    engine.forEach((name, value) -> variables.add(name + "=" + value));
    variables.add(Settings.TERROIR_RATTLER + "=" + Terroir.rattler());
    var terroir = new Terroir(folder, variables);
    var file =
        terroir.write(
            "t.yml",
            "channels: ['" + channel.url() + "', nodefaults]\ndependencies: [steady, first]\n");
    var build = "image build -f " + file + " --base " + DebianBase.location() + " --to ";
    assertThat(terroir.run(build + location("none")).succeeds().err())
        .contains("link scripts of first 1.0 h1_3, steady 1.0 0 were not run")
        .contains("--allow-link-scripts");
    assertThat(
            terroir.run(build + location("one") + " --allow-link-scripts first").succeeds().err())
        .contains("first 1.0 h1_3 says: read the licence")
        .contains("link scripts of steady 1.0 0 were not run");
    terroir
        .run(build + location("all") + " --allow-link-scripts first --allow-link-scripts steady")
        .succeeds();
    assertThat(config("all").object("config").stringMap("Labels"))
        .containsEntry(RAN, "steady 1.0 0, first 1.0 h1_3")
        .doesNotContainKey(SKIPPED);
  }

  private String location(String tag) {
    return "oci:" + folder.resolve("layout") + ":" + tag;
  }

  private JsonObject config(String tag) {
    try (var places = new ImagePlaces(new Terroir(folder).settings);
        var source = places.source(ImageLocation.parse(location(tag)))) {
      return ImageContent.read(source, Platform.LINUX_AMD64).config().json();
    }
  }

  private static List<String> digests(BuiltImage image) {
    return image.layers().stream().map(layer -> layer.blob().digest().toString()).toList();
  }

  @Test
  void thoseThatAreAllowedRunOnceInInstallingOrderWithWhatCondaSets() throws IOException {
    var lock = lock("second-1.0-0.conda", "first-1.0-h1_3.conda");
    var without = build(lock, List.of(), engine, "without").image();
    var made = build(lock, List.of("second", "first", "absent"), engine, "with");

    assertThat(made.newLayers()).isEqualTo(1);
    assertThat(made.image().warnings()).containsExactly("first 1.0 h1_3 says: read the licence");
    assertThat(config("with").object("config").stringMap("Labels"))
        .containsEntry(RAN, "first 1.0 h1_3, second 1.0 0")
        .doesNotContainKey(SKIPPED);
    assertThat(config("with").objects("history").getLast().string("created_by"))
        .isEqualTo("terroir, link scripts: first 1.0 h1_3, second 1.0 0");
    // All else is what it is without scripts.
    assertThat(digests(made.image())).startsWith(digests(without).toArray(String[]::new));
    assertThat(made.image().layers()).hasSize(without.layers().size() + 1);

    var seen =
        podman.in(
            podman.pull(location("with")),
            "/bin/sh",
            "-c",
            """
            cat /opt/env/share/ran.txt
            ls -A /opt/env /opt/env/share
            stat -c '%a %u %Y' /opt/env/share/moment.txt
            stat -c '%a' /tmp
            """);
    assertThat(seen.output().lines())
        .as(seen.error())
        .containsExactly(
            "/opt/env /opt/env first 1.0 3",
            "/opt/env/bin",
            "second",
            "/opt/env:",
            "bin",
            "conda-meta",
            "share",
            "",
            "/opt/env/share:",
            "moment.txt",
            "ran.txt",
            "second.txt",
            "600 0 315619200",
            "1777");
    // Each run writes another moment, so an equal layer is the one of before.
    var again = build(lock, List.of("first", "second"), Map.of("PATH", "/nowhere"), "again");
    assertThat(again.image().manifest()).isEqualTo(made.image().manifest());
    Files.walk(folder.resolve("home/cache/images/built"))
        .filter(Files::isRegularFile)
        .forEach(Trees::delete);
    var anew = build(lock, List.of("first", "second"), Map.of("PATH", "/nowhere"), "anew");
    assertThat(anew.isCached()).isFalse();
    assertThat(anew.image().manifest()).isEqualTo(made.image().manifest());
    // Nothing stays in the engine's store but what the test took there.
    assertThat(podman.run("images", "--all", "--format", "{{.Repository}}").lines())
        .noneMatch(name -> name.contains("terroir"));
  }

  @Test
  void othersAreSkippedAndNamed() throws IOException {
    var lock = lock("first-1.0-h1_3.conda", "second-1.0-0.conda");
    var image = build(lock, List.of("first"), engine, "some").image();
    assertThat(config("some").object("config").stringMap("Labels"))
        .containsEntry(RAN, "first 1.0 h1_3")
        .containsEntry(SKIPPED, "second 1.0 0");
    assertThat(image.warnings())
        .anySatisfy(line -> assertThat(line).contains("link scripts of second 1.0 0 were not run"));
    assertThat(podman.in(podman.pull(location("some")), "cat", "/opt/env/share/ran.txt").output())
        .doesNotContain("second");
  }

  @Test
  void oneThatFailsEndsTheBuildWithWhatItWrote() throws IOException {
    var lock = lock("broken-1.0-0.conda", "first-1.0-h1_3.conda", "second-1.0-0.conda");
    var error =
        catchThrowableOfType(
            ResolveException.class,
            () -> build(lock, List.of("broken", "first", "second"), engine, "broken"));
    assertThat(error.problem().code()).isEqualTo(ResolveCode.LINK_SCRIPT);
    assertThat(error.problem().what()).contains("`broken 1.0 0`");
    assertThat(error.problem().why().toString())
        .contains("exit code 7")
        .contains("looking for the licence server")
        .contains("no licence, says the script")
        .doesNotContain("terroir-link-script");
  }

  @Test
  void withoutAnEngineTheyCannotRun() throws IOException {
    var lock = lock("first-1.0-h1_3.conda");
    assertThatThrownBy(() -> build(lock, List.of("first"), Map.of("PATH", "/nowhere"), "none"))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE);
              assertThat(e.problem().why().toString()).contains("first 1.0 h1_3");
              assertThat(e.problem().hints().toString())
                  .contains("podman", "list of allowed link scripts");
            });
    // Nobody needs one where none is allowed.
    assertThat(build(lock, List.of(), Map.of("PATH", "/nowhere"), "plain").image().layers())
        .isNotEmpty();
  }
}

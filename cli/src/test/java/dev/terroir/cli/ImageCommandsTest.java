package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.layout.OciLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Images on the command line, without an engine")
class ImageCommandsTest {
  @TempDir Path folder;
  private String base;
  private Terroir terroir;

  @BeforeEach
  void open() {
    base = DebianBase.location();
    terroir = new Terroir(folder);
    terroir.write("requirements.txt", "beta\n");
  }

  private Terroir.Outcome build(Terroir where, String to, String... more) {
    var words =
        new ArrayList<>(List.of("-f", where.project.resolve("requirements.txt").toString()));
    words.addAll(List.of("--base", base, "--to", to));
    words.addAll(List.of(more));
    return where.run("image build", words.toArray(String[]::new));
  }

  private String layout(String tag) {
    return "oci:" + folder.resolve("layout") + ":" + tag;
  }

  @Test
  void anImageHoldsWhatTheLockSaysAndTellsIt() {
    var built = build(terroir, layout("1")).succeeds().json();

    var inspected = terroir.run("image inspect", layout("1")).succeeds().json();
    assertThat(inspected.string("digest")).isEqualTo(built.string("digest"));
    assertThat(inspected.stringMap("packages"))
        .as("what the file names, and what that needs")
        .containsExactlyInAnyOrderEntriesOf(java.util.Map.of("alpha", "1.0", "beta", "1.0"));
    assertThat(inspected.object("config").strings("Env"))
        .contains(
            "AZUREML_ENVIRONMENT_IMAGE=True",
            "AZUREML_CONDA_ENVIRONMENT_PATH=/opt/env",
            "LD_LIBRARY_PATH=/opt/env/lib")
        .anyMatch(line -> line.startsWith("PATH=/opt/env/bin:"));
    var wheel = folder.resolve("wheels").resolve("beta-1.0-py3-none-any.whl");
    var cyclonedx = terroir.run("image sbom", layout("1")).succeeds().json();
    assertThat(cyclonedx.objects("components").stream().map(it -> it.string("name")))
        .contains("alpha", "beta");
    assertThat(cyclonedx.toString()).contains(hash(wheel));
    assertThat(terroir.run("image sbom --format spdx", layout("1")).succeeds().out())
        .contains("SPDX-2.3", hash(wheel))
        .doesNotContain(folder.toString());
    assertThat(terroir.run("image provenance", layout("1")).succeeds().out())
        .contains("https://slsa.dev/provenance/v1", built.string("definitionHash"))
        .doesNotContain(folder.toString());
  }

  private static String hash(Path file) {
    try {
      return Sha256.of(file).hex();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void theSameDefinitionAgainIsALookUp() {
    build(terroir, layout("1")).succeeds();
    var again = build(terroir, layout("1")).succeeds().json();

    assertThat(again.optionalBoolean("isCached")).contains(true);
    assertThat(again.longValue("sentBytes")).isZero();
  }

  @Test
  void oneMorePackageSendsNoMoreThanItsOwnLayer() {
    build(terroir, layout("1")).succeeds();
    terroir.write("requirements.txt", "beta\ngamma\n");
    WheelHouse.wheel(
        folder.resolve("wheels"),
        "gamma",
        "1.0",
        List.of(),
        java.util.Map.of("gamma/__init__.py", "VALUE = 3\n"));
    var more = build(terroir, layout("2")).succeeds().json();

    assertThat(more.longValue("newLayers")).isEqualTo(1);
    assertThat(more.longValue("sentBytes")).isLessThan(60_000);
    var difference = terroir.run("image diff", layout("1"), layout("2")).succeeds().json();
    assertThat(difference.stringMap("added")).containsOnlyKeys("gamma");
    assertThat(difference.longValue("newLayers")).isEqualTo(1);
  }

  @Test
  void aPathOfTwoPackagesIsToldEachTimeAndTheLaterLayerOfTheSmallerOneWins() {
    for (var name : List.of("delta", "epsilon")) {
      WheelHouse.wheel(
          folder.resolve("wheels"),
          name,
          "1.0",
          List.of(),
          java.util.Map.of("shared/module.py", "FROM = '" + name + "'\n"));
    }
    terroir.write("requirements.txt", "delta\nepsilon\n");
    var first = build(terroir, layout("1")).succeeds();
    var again = build(terroir, layout("2"), "--no-bytecode").succeeds();

    var told =
        "`/opt/env/lib/python"
            + DebianBase.python()
            + "/site-packages/shared/module.py` is in epsilon 1.0 and in delta 1.0; what delta 1.0"
            + " brings is used";
    assertThat(first.json().strings("warnings")).containsExactly(told);
    assertThat(first.err()).contains("warning: " + told);
    assertThat(again.json().strings("warnings")).containsExactly(told);
  }

  @Test
  void anotherFolderUserLocaleTimeZoneAndUmaskGiveTheSameBytes() throws Exception {
    var here = build(terroir, layout("1")).succeeds().json().string("digest");

    var other =
        new Terroir(
            Files.createDirectories(folder.resolve("a/deeper-place")),
            List.of("PIP_FIND_LINKS=" + folder.resolve("wheels")));
    other.write("requirements.txt", "beta\n");
    var command =
        List.of(
            "sh",
            "-c",
            "umask 077; exec env TZ=Asia/Kolkata LC_ALL=tr_TR.UTF-8 taskset -c 0 \"$@\"",
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Duser.language=tr",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.terroir.cli.Main",
            "image",
            "build",
            "-f",
            other.project.resolve("requirements.txt").toString(),
            "--base",
            base,
            "--to",
            "oci:" + other.project.resolve("out") + ":x");
    var there =
        new Command(command, other.settings.variables(), other.project, Duration.ofMinutes(3))
            .run();

    assertThat(there.isSuccess()).as(there.error()).isTrue();
    assertThat(JsonReader.parseObject(there.output(), "output").string("digest"))
        .as(there.error())
        .isEqualTo(here);
  }

  @Test
  void aBaseWithoutAFittingPythonIsRefusedWithAllReasons() {
    var refused =
        build(
            terroir, layout("1"), "--python", DebianBase.python().equals("3.11") ? "3.9" : "3.11");

    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("[base-not-fit]", DebianBase.python());
    assertThat(folder.resolve("layout").resolve("index.json")).doesNotExist();
  }

  @Test
  void aDamagedBlobIsFoundAndMadeAgain() throws Exception {
    build(terroir, layout("1")).succeeds();
    var blobs = terroir.home.resolve("cache/images/blobs/sha256");
    Path victim;
    try (var files = Files.list(blobs)) {
      victim =
          files
              .filter(file -> file.toFile().length() > 1000 && file.toFile().length() < 100_000)
              .sorted()
              .findFirst()
              .orElseThrow();
    }
    var bytes = Files.readAllBytes(victim);
    bytes[bytes.length / 2] ^= 1;
    Files.delete(victim); // the layout may hold the same inode
    Files.write(victim, bytes);
    var verified = terroir.run("cache verify").succeeds();

    assertThat(verified.json().strings("damaged")).containsExactly(victim.toString());
    assertThat(build(terroir, "oci:" + folder.resolve("second") + ":1").succeeds().code()).isZero();
    assertThat(new OciLayout(folder.resolve("second")).verify()).isEmpty();
    assertThat(terroir.run("cache prune --all").succeeds().json().longValue("files")).isPositive();
    assertThat(build(terroir, "oci:" + folder.resolve("third") + ":1").succeeds().code()).isZero();
  }

  @Test
  void everyPartOfTheCacheIsListedVerifiedAndPrunedAndTheCatalogOfLayersStays() throws Exception {
    build(terroir, layout("1")).succeeds();
    terroir.write(
        "plain/azureml_environment.json",
        """
        {"name": "plain",
         "python": {"userManagedDependencies": true, "interpreterPath": "python3"},
         "docker": {"baseImage": null, "baseDockerfile": "FROM %s\\nENV A=b\\n"}}
        """
            .formatted(base));
    var plain = "image build -d " + terroir.project.resolve("plain") + " --to " + layout("plain");
    terroir.run(plain).succeeds();

    var listed = terroir.run("cache list").succeeds().out();
    assertThat(listed)
        .contains(
            "\"archives\"", "\"blobs\"", "\"bases\"", "\"built\"", "\"dockerfiles\"", "\"layers\"");
    var images = terroir.home.resolve("cache/images");
    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).isEmpty();
    var damaged = new ArrayList<String>();
    for (var part :
        List.of("bases/programs", "bases/facts", "dockerfiles/evaluated", "built", "layers")) {
      try (var files = Files.walk(images.resolve(part))) {
        var victim = files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        Files.writeString(victim, "{\"cut");
        damaged.add(victim.toString());
      }
    }
    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged"))
        .containsExactlyInAnyOrderElementsOf(damaged);
    terroir.run(plain).succeeds();
    build(terroir, layout("2")).succeeds();

    terroir.run("cache prune --all").succeeds();
    try (var files = Files.walk(terroir.home.resolve("cache"))) {
      assertThat(
              files
                  .filter(Files::isRegularFile)
                  .filter(file -> !file.startsWith(images.resolve("layers")))
                  .filter(file -> !file.getFileName().toString().startsWith("."))
                  .filter(file -> !file.toString().endsWith(".lock"))
                  .filter(file ->
                      file.startsWith(images)
                          || file.startsWith(terroir.home.resolve("cache/archives"))))
          .isEmpty();
    }
    try (var files = Files.walk(images.resolve("layers"))) {
      assertThat(files.filter(Files::isRegularFile)).isNotEmpty();
    }
    terroir.run(plain).succeeds();
    assertThat(build(terroir, layout("3")).succeeds().json().string("digest"))
        .isEqualTo(terroir.run("image inspect", layout("1")).json().string("digest"));
  }

  @Test
  void whatAnotherProcessStillWritesIsNeitherDamagedNorPruned() throws Exception {
    build(terroir, layout("1")).succeeds();
    var cache = terroir.home.resolve("cache");
    var writing = new ArrayList<Path>();
    for (var directory : List.of("archives/sha256", "images/blobs", "images/blobs/sha256")) {
      var file = AtomicFiles.temporaryBeside(cache.resolve(directory).resolve("x"));
      writing.add(Files.writeString(file, "half of it"));
    }

    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).isEmpty();
    terroir.run("cache prune --all").succeeds();
    assertThat(writing).allMatch(Files::exists);

    for (var file : writing) {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    }
    build(terroir, layout("1")).succeeds();
    assertThat(writing.subList(0, 2))
        .as("left by a build that was killed")
        .noneMatch(Files::exists);
    terroir.run("cache prune --all").succeeds();
    assertThat(writing).noneMatch(Files::exists);
  }

  @Test
  void theWorkspaceKeepsAnEnvironmentsImageAndBuildResolvesAnew() {
    terroir.environment("demo", "beta");
    terroir.run("environment register -d", terroir.directory()).succeeds();
    var before = terroir.run("environment image -n demo").succeeds().json();
    assertThat(before.optionalBoolean("imageExistsInRegistry")).contains(false);
    assumeTrue(Terroir.python().equals(DebianBase.python()), "one Python on both sides");

    var first = terroir.run("environment build -n demo --base", base).succeeds().json();
    var kept = terroir.run("environment build -n demo --if-needed").succeeds().json();
    var anew = terroir.run("environment build -n demo --base", base).succeeds().json();

    assertThat(kept.optionalBoolean("isCached")).contains(true);
    assertThat(kept.string("digest")).isEqualTo(first.string("digest"));
    assertThat(anew.string("digest")).isEqualTo(first.string("digest"));
    var image = terroir.run("environment image -n demo").succeeds().json();
    assertThat(image.optionalBoolean("imageExistsInRegistry")).contains(true);
    assertThat(image.object("ingredients").string("dockerfile"))
        .contains("FROM ", "beta==1.0 --hash=sha256:", "ENV AZUREML_ENVIRONMENT_IMAGE=True");
    assertThat(image.object("dockerImage").string("name"))
        .isEqualTo(first.string("repository") + "@" + first.string("digest"));

    var without =
        terroir
            .run("environment build -n demo --if-needed --no-bytecode --base", base)
            .succeeds()
            .json();
    assertThat(without.optionalBoolean("isCached")).contains(false);
    assertThat(without.string("digest")).isNotEqualTo(first.string("digest"));
    assertThat(terroir.run("environment build -n demo --if-needed --base oci:nowhere:1").err())
        .as("another base is another image")
        .contains("[image-not-found]");
  }

  @Test
  void nothingSaysWhereItGoesOrOfWhat() {
    assertThat(terroir.run("image build -f requirements.txt").err()).contains("--to");
    assertThat(terroir.run("image build --to oci:x").err()).contains("-f FILE");
    assertThat(build(terroir, "nowhere:").code()).isEqualTo(2);
    assertThat(terroir.run("image inspect oci:" + folder.resolve("none")).err())
        .contains("[image-not-found]");
  }

  @Test
  void podmanRunsIt() throws Exception {
    var podman = new Podman(folder, "overlay");
    build(terroir, layout("1")).succeeds();
    var ran =
        podman.in(
            podman.pull(layout("1")),
            "python",
            "-c",
            "import beta, sys, importlib.metadata as m; print(sys.prefix, sorted((d.name,"
                + " d.version) for d in m.distributions()))");

    assertThat(ran.output())
        .as(ran.error())
        .contains("/opt/env [('alpha', '1.0'), ('beta', '1.0')]");
  }
}

package dev.terroir.image.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.DirectoryImage.Packed;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.MediaType;
import dev.terroir.lock.Lock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Real bases, made by mmdebstrap from this machine's Debian")
class DebianBaseTest {
  @TempDir Path folder;
  private final List<Path> deleteAfterwards = new ArrayList<>();

  @AfterEach
  void deleteLinks() {
    // JUnit itself warns of each link that leads out of its folder.
    deleteAfterwards.forEach(Trees::delete);
  }

  private static Command.Result run(List<String> arguments) {
    return new Command(arguments, Settings.system().variables(), null, Duration.ofMinutes(8)).run();
  }

  /// The root file system with some packages, unpacked by Debian's own tools; kept for the next run
  /// of the tests.
  private static Path debian(String packages) throws IOException {
    var kept =
        Path.of(
            System.getProperty("terroir.root"),
            "image/target/bases",
            "debian-" + packages + ".tar");
    if (Files.isRegularFile(kept)) {
      return kept;
    }
    var release = Path.of("/etc/os-release");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mmdebstrap")), "mmdebstrap is not here");
    assumeTrue(
        Files.isRegularFile(release) && Files.readString(release).contains("ID=debian\n"),
        "this machine is no Debian, so its package sources make no base");
    var codename =
        Files.readString(release)
            .lines()
            .filter(line -> line.startsWith("VERSION_CODENAME="))
            .map(line -> line.substring("VERSION_CODENAME=".length()))
            .findFirst();
    assumeTrue(codename.isPresent(), "this Debian has no codename");
    Files.createDirectories(kept.resolveSibling("."));
    var made = AtomicFiles.temporaryBeside(kept);
    var command = new ArrayList<>(List.of("mmdebstrap", "--quiet", "--variant=extract"));
    command.addAll(
        List.of("--format=tar", "--include=" + packages, codename.get(), made.toString()));
    for (var sources : List.of("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")) {
      if (Files.isRegularFile(Path.of(sources))) {
        command.add(sources);
      }
    }
    var result = run(command);
    assumeTrue(result.isSuccess(), "mmdebstrap cannot make a base: " + result.error());
    Files.move(made, kept);
    return kept;
  }

  private static String version(String command, String pattern) {
    var text = run(List.of("/bin/sh", "-c", command)).output();
    var matcher = java.util.regex.Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(command + ": " + text).isTrue();
    return matcher.group(1);
  }

  private BaseImages images() {
    return new BaseImages(
        new BlobStore(folder.resolve("blobs")), folder.resolve("bases"), Clock.systemUTC());
  }

  private BaseImage resolve(BaseImages images, DirectoryImage source) {
    return images.resolve("debian", Platform.current(), source);
  }

  private DirectoryImage image(Path tar) throws IOException {
    var source = new DirectoryImage(folder.resolve("source"));
    var bytes = Files.readAllBytes(tar);
    var layer = new Packed(MediaType.LAYER, bytes, bytes);
    return source.root(source.manifest(Platform.current().toString(), List.of(), List.of(layer)));
  }

  private static Lock lock(String python) {
    return new Lock(
        "0".repeat(32),
        Platform.current(),
        python,
        List.of(),
        List.of(),
        Map.of(),
        List.of(),
        Map.of());
  }

  @Test
  void aDebianWithPython() throws IOException {
    var source = image(debian("base-files,dash,python3"));
    var images = images();
    var image = resolve(images, source);
    var facts = images.facts(image, source, Progress.SILENT);
    // This machine has the same release, so its own tools say what to expect.
    assertThat(facts.libc()).isEqualTo("glibc");
    assertThat(facts.glibcVersion()).isEqualTo(version("ldd --version", "(2\\.[0-9]+)\n"));
    assertThat(facts.distribution()).isEqualTo("debian");
    assertThat(facts.distributionVersion())
        .isEqualTo(version("cat /etc/os-release", "VERSION_ID=\"([0-9]+)\""));
    assertThat(facts.hasShell()).isTrue();
    assertThat(facts.pythons()).hasSize(1);
    var python = facts.pythons().getFirst();
    assertThat(python.executable()).isEqualTo("/usr/bin/python" + python.version());
    assertThat(python.fullVersion()).startsWith(python.version() + ".");
    assertThat(python.standardLibrary()).isEqualTo("/usr/lib/python" + python.version());
    assertThat(python.architecture()).isEqualTo(Platform.current().architecture());
    assertThat(BaseFit.choose(image, facts, lock(python.version()))).contains(python);
    assertThatThrownBy(() -> BaseFit.choose(image, facts, lock("3.5")))
        .isInstanceOfSatisfying(
            ImageException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("no Python 3.5, only " + python.version()));
  }

  @Test
  void aDebianWithoutPython() throws IOException {
    var source = image(debian("base-files,dash"));
    var images = images();
    var image = resolve(images, source);
    var facts = images.facts(image, source, Progress.SILENT);
    assertThat(facts.pythons()).isEmpty();
    assertThat(facts.hasShell()).isTrue();
    assertThatThrownBy(() -> BaseFit.choose(image, facts, lock("3.11")))
        .isInstanceOfSatisfying(
            ImageException.class,
            e ->
                assertThat(e.problem().why())
                    .containsExactly("it has no Python: name a base with Python 3.11"));
  }

  @Test
  void aLayoutThatBuildahMadeOfIt() throws IOException {
    var tar = debian("base-files,dash,python3");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/buildah")), "buildah is not here");
    var storage = folder.resolve("storage");
    var layout = folder.resolve("layout");
    deleteAfterwards.add(storage);
    var script =
        """
        set -e
        b="buildah --root %s --runroot %s/run --storage-driver vfs"
        c=$($b from scratch)
        $b add -q $c %s /
        $b config --env PATH=/usr/bin:/bin $c
        $b commit -q $c oci:%s:base
        """
            .formatted(storage, storage, tar, layout);
    var result = run(List.of("/bin/sh", "-c", script));
    assumeTrue(result.isSuccess(), "buildah cannot work here: " + result.error());
    var source = DirectoryImage.layout(layout);
    var images = images();
    var image = resolve(images, source);
    var facts = images.facts(image, source, Progress.SILENT);
    assertThat(image.environment()).contains("PATH=/usr/bin:/bin");
    assertThat(facts.pythons()).hasSize(1);
    assertThat(facts.hasShell()).isTrue();
  }
}

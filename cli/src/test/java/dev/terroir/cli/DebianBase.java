package dev.terroir.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.transfer.ImageTarget;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A base image with the Python of this machine's Debian, made once by mmdebstrap and kept below
/// `target`; without mmdebstrap the test is skipped, loudly.
public final class DebianBase {
  private static final Path FOLDER =
      Path.of(System.getProperty("terroir.root"), "cli", "target", "test-base");

  private DebianBase() {}

  /// Its location, as `--base` takes it.
  public static synchronized String location() {
    var layout = new OciLayout(FOLDER.resolve("layout"));
    if (!layout.exists() || layout.find("debian").isEmpty()) {
      make(layout);
    }
    return "oci:" + layout.directory() + ":debian";
  }

  /// The `major.minor` of its Python.
  public static String python() {
    try (var lines = Files.lines(Path.of("/etc/os-release"))) {
      return lines.anyMatch(line -> line.equals("VERSION_CODENAME=bookworm")) ? "3.11" : "3.13";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void make(OciLayout layout) {
    var program = Path.of("/usr/bin/mmdebstrap");
    if (!Files.isExecutable(program)) {
      System.err.println("SKIPPED: no program `mmdebstrap`; install the Debian package");
    }
    assumeTrue(Files.isExecutable(program), "mmdebstrap");
    var tar = AtomicFiles.temporaryBeside(FOLDER.resolve("base.tar"));
    try {
      Files.createDirectories(FOLDER);
      var result =
          new Command(
                  List.of(
                      program.toString(),
                      "--quiet",
                      "--variant=minbase",
                      "--format=tar",
                      "--include=python3",
                      "--dpkgopt=path-exclude=/usr/share/doc/*",
                      "--dpkgopt=path-exclude=/usr/share/locale/*",
                      codename(),
                      tar.toString()),
                  Settings.system().variables(),
                  null,
                  Duration.ofMinutes(8))
              .run();
      assumeTrue(result.isSuccess(), "mmdebstrap makes no base here: " + result.error());
      put(layout, tar);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      dev.terroir.foundation.file.Trees.delete(tar);
    }
  }

  private static String codename() throws IOException {
    try (var lines = Files.lines(Path.of("/etc/os-release"))) {
      var name =
          lines
              .filter(line -> line.startsWith("VERSION_CODENAME="))
              .map(line -> line.substring("VERSION_CODENAME=".length()))
              .findFirst();
      assumeTrue(name.isPresent(), "this machine is no Debian");
      return name.get();
    }
  }

  private static void put(OciLayout layout, Path tar) throws IOException {
    var sha256 = Digest.of(dev.terroir.foundation.digest.Sha256.of(tar));
    var layer = Descriptor.of(MediaType.LAYER, sha256, Files.size(tar));
    var config =
        ImageConfig.of(Platform.LINUX_AMD64)
            .withVariable("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .withLayer(sha256, "debian", "");
    var manifest = Manifest.of(config.descriptor(), List.of(layer), Map.of());
    try (ImageTarget target = layout.target()) {
      target.put(layer, () -> Files.newInputStream(tar));
      target.put(config.descriptor(), () -> new ByteArrayInputStream(config.bytes()));
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of("debian"));
    }
  }
}

package dev.terroir.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.resolve.tool.UvProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;

/// A small Debian with its own Python 3.11 as an OCI layout, made once by mmdebstrap and kept below
/// `target`.
final class BaseLayout {
  private static final String SUITE = "bookworm";

  private BaseLayout() {}

  /// The location `oci:DIRECTORY:1`; the test is skipped where it cannot be made.
  static String location() {
    var layout = Path.of(System.getProperty("terroir.root"), "cli", "target", "test-base", SUITE);
    if (!Files.exists(layout.resolve("index.json"))) {
      assumeTrue(
          UvProgram.onPath(Settings.system(), "mmdebstrap").isPresent(),
          "mmdebstrap is not there, so there is no base image to work with");
      try {
        make(layout);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return "oci:" + layout + ":1";
  }

  private static void make(Path layout) throws IOException {
    var blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    var tar = layout.resolve("base.tar");
    var made =
        new Command(
                List.of(
                    "mmdebstrap",
                    "--quiet",
                    "--variant=minbase",
                    "--include=python3",
                    SUITE,
                    tar.toString()),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(10))
            .run();
    assumeTrue(made.isSuccess(), () -> "mmdebstrap makes no base image here: " + made);
    var layer = Sha256.of(tar);
    var layerSize = Files.size(tar);
    Files.move(tar, blobs.resolve(layer.hex()), StandardCopyOption.REPLACE_EXISTING);
    var configuration =
        """
        {"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"]},
         "history":[{"created_by":"mmdebstrap"}],
         "rootfs":{"type":"layers","diff_ids":["%s"]}}
        """
            .formatted(Platform.current().architecture(), layer.prefixed());
    var manifest =
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
         "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},
         "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}
        """
            .formatted(
                put(blobs, configuration), configuration.length(), layer.prefixed(), layerSize);
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Files.writeString(
        layout.resolve("index.json"),
        """
        {"schemaVersion":2,"manifests":[
         {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,
          "annotations":{"org.opencontainers.image.ref.name":"1"}}]}
        """
            .formatted(put(blobs, manifest), manifest.length()));
  }

  private static String put(Path blobs, String text) throws IOException {
    var digest = Sha256.of(text.getBytes());
    Files.writeString(blobs.resolve(digest.hex()), text);
    return digest.prefixed();
  }
}

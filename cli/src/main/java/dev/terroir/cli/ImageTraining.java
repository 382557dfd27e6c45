package dev.terroir.cli;

import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.layer.LayerWriter;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.Manifest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// What an image is built of while packaging, which has no index and no registry: an environment
/// whose packages its owner manages, on a base of three files.
final class ImageTraining {
  private ImageTraining() {}

  /// Makes both in a folder.
  ///
  /// @return the command that builds the image
  static String command(Path folder) {
    var environment = folder.resolve("managed");
    SavedDirectory.save(
        Environment.read(
            JsonReader.parseObject(
                """
                {"name": "managed",
                 "python": {"userManagedDependencies": true, "interpreterPath": "/usr/bin/python3"}}
                """,
                "training"),
            _ -> {}),
        environment,
        true);
    var layout = new OciLayout(folder.resolve("base"));
    try {
      base(layout);
    } catch (IOException e) {
      throw FoundationException.ofFile("a base cannot be made", layout.directory(), e);
    }
    return "image build -d "
        + environment
        + " --base oci:"
        + layout.directory()
        + ":1 --to oci:"
        + folder.resolve("image")
        + ":1";
  }

  private static void base(OciLayout layout) throws IOException {
    try (var writer = new LayerWriter(layout.blobs(), Compression.GZIP);
        var target = layout.target()) {
      writer.file("bin/sh", true, new byte[0]);
      writer.file(
          "etc/os-release", false, "ID=debian\nVERSION_ID=12\n".getBytes(StandardCharsets.UTF_8));
      writer.file("usr/bin/python3", true, new byte[0]);
      var layer = writer.finish();
      var config = ImageConfig.of(Platform.LINUX_AMD64).withLayer(layer.diffId(), "training", "");
      target.put(config.descriptor(), () -> new ByteArrayInputStream(config.bytes()));
      var manifest = Manifest.of(config.descriptor(), List.of(layer.descriptor()), Map.of());
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of("1"));
    }
  }
}

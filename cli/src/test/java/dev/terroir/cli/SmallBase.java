package dev.terroir.cli;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A base image of some kilobytes that holds the names and headers by which a base is judged, and
/// nothing that runs: for tests that build many images. The same bytes on every machine.
final class SmallBase {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream out = new TarArchiveOutputStream(bytes, "UTF-8");

  private SmallBase() {}

  /// Makes it.
  ///
  /// @param folder where its layout goes
  /// @param python the `major.minor` of its interpreter
  /// @return its location, as `--base` takes it
  static String make(Path folder, String python) {
    var base = new SmallBase();
    var library = "usr/lib/python" + python;
    base.put("bin/sh", 0755, elf(""));
    base.put("etc/os-release", 0644, "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian\"\n");
    base.put("lib/x86_64-linux-gnu/libc-2.36.so", 0755, elf(""));
    base.link("lib/x86_64-linux-gnu/libc.so.6", "libc-2.36.so");
    base.put("usr/bin/python" + python, 0755, elf("\0" + python + ".7\0"));
    base.link("usr/bin/python3", "python" + python);
    base.put(library + "/asyncio/__init__.py", 0644, "");
    base.put(library + "/os.py", 0644, "");
    base.store(new OciLayout(folder));
    return "oci:" + folder + ":small";
  }

  /// The header of a program for amd64.
  private static String elf(String content) {
    var header = new byte[64];
    header[0] = 0x7f;
    header[1] = 'E';
    header[2] = 'L';
    header[3] = 'F';
    header[4] = 2;
    header[5] = 1;
    header[18] = 62;
    return new String(header, StandardCharsets.ISO_8859_1) + content;
  }

  private void put(String path, int mode, String content) {
    var data = content.getBytes(StandardCharsets.ISO_8859_1);
    var entry = new TarArchiveEntry(path, true);
    entry.setMode(mode);
    entry.setSize(data.length);
    put(entry, data);
  }

  private void link(String path, String target) {
    var entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK, true);
    entry.setLinkName(target);
    put(entry, new byte[0]);
  }

  private void put(TarArchiveEntry entry, byte[] data) {
    entry.setModTime(0L);
    entry.setIds(0, 0);
    entry.setNames("", "");
    try {
      out.putArchiveEntry(entry);
      out.write(data);
      out.closeArchiveEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void store(OciLayout layout) {
    try {
      out.finish();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var tar = bytes.toByteArray();
    var layer = Descriptor.of(MediaType.LAYER, Digest.of(tar), tar.length);
    var config =
        ImageConfig.of(Platform.LINUX_AMD64)
            .withVariable("PATH", "/usr/bin:/bin")
            .withLayer(layer.digest(), "a small base", "");
    var manifest = Manifest.of(config.descriptor(), List.of(layer), Map.of());
    try (var target = layout.target()) {
      target.put(layer, () -> new ByteArrayInputStream(tar));
      target.put(config.descriptor(), () -> new ByteArrayInputStream(config.bytes()));
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of("small"));
    }
  }
}

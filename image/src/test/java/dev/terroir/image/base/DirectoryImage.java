package dev.terroir.image.base;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.transfer.ImageSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// An image as files named by their digests, made by hand; a source that says what was read of it.
final class DirectoryImage implements ImageSource {
  private final Path directory;
  private Descriptor root = Descriptor.of("", new Digest("sha256", "0".repeat(64)), 0);
  final List<String> read = new ArrayList<>();

  DirectoryImage(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
  }

  /// A layer, entry by entry.
  static final class Tar {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream out = new TarArchiveOutputStream(bytes, "UTF-8");

    Tar() {
      out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    }

    private Tar put(TarArchiveEntry entry, int mode, byte[] content) {
      try {
        entry.setMode(mode);
        entry.setSize(content.length);
        out.putArchiveEntry(entry);
        out.write(content);
        out.closeArchiveEntry();
        return this;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    Tar directory(String path) {
      return put(new TarArchiveEntry(path + "/", true), 0755, new byte[0]);
    }

    Tar file(String path, String content) {
      return put(new TarArchiveEntry(path, true), 0644, content.getBytes(StandardCharsets.UTF_8));
    }

    Tar program(String path, byte[] content) {
      return put(new TarArchiveEntry(path, true), 0755, content);
    }

    Tar program(String path) {
      return program(path, elf("amd64", ""));
    }

    Tar link(String path, String target) {
      var entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK, true);
      entry.setLinkName(target);
      return put(entry, 0777, new byte[0]);
    }

    Tar hardLink(String path, String target) {
      var entry = new TarArchiveEntry(path, TarConstants.LF_LINK, true);
      entry.setLinkName(target);
      return put(entry, 0755, new byte[0]);
    }

    byte[] bytes() {
      try {
        out.finish();
        return bytes.toByteArray();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// A program that is an ELF file as far as its header goes.
  static byte[] elf(String architecture, String content) {
    var header = new byte[64];
    header[0] = 0x7f;
    header[1] = 'E';
    header[2] = 'L';
    header[3] = 'F';
    header[4] = 2;
    header[5] = 1;
    header[18] = (byte) (architecture.equals("arm64") ? 183 : 62);
    var out = new ByteArrayOutputStream();
    out.writeBytes(header);
    out.writeBytes(content.getBytes(StandardCharsets.ISO_8859_1));
    return out.toByteArray();
  }

  /// Names that Python's standard library has.
  static Tar standardLibrary(Tar tar, String folder) {
    return tar.file(folder + "/os.py", "").file(folder + "/asyncio/__init__.py", "");
  }

  /// A usual base: a shell, glibc, Debian, one Python.
  static Tar usual(String python, String glibc) {
    return standardLibrary(new Tar(), "usr/lib/python" + python)
        .program("bin/sh")
        .program("lib/x86_64-linux-gnu/libc-" + glibc + ".so")
        .link("lib/x86_64-linux-gnu/libc.so.6", "libc-" + glibc + ".so")
        .file(
            "etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n")
        .program("usr/bin/python" + python, elf("amd64", "\0" + python + ".7\0"))
        .link("usr/bin/python3", "python" + python);
  }

  static byte[] gzip(byte[] bytes) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  Descriptor put(String mediaType, byte[] bytes) {
    try {
      var digest = Digest.of(Sha256.of(bytes));
      Files.write(directory.resolve(digest.encoded()), bytes);
      return Descriptor.of(mediaType, digest, bytes.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] json(JsonObject json) {
    return JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8);
  }

  /// A layer and how it is packed.
  record Packed(String mediaType, byte[] packed, byte[] unpacked) {
    static Packed gzipped(byte[] tar) {
      return new Packed(MediaType.LAYER_GZIP, gzip(tar), tar);
    }
  }

  Descriptor manifest(String platform, List<String> environment, List<Packed> layers) {
    var diffIds = new ArrayList<String>();
    var blobs = new ArrayList<JsonValue>();
    for (var layer : layers) {
      diffIds.add(Sha256.of(layer.unpacked()).prefixed());
      blobs.add(put(layer.mediaType(), layer.packed()).toJson());
    }
    var config =
        JsonObject.builder()
            .put("os", platform.split("/")[0])
            .put("architecture", platform.split("/")[1])
            .put("config", JsonObject.builder().put("Env", environment).build())
            .put(
                "rootfs",
                JsonObject.builder().put("type", "layers").put("diff_ids", diffIds).build())
            .build();
    var manifest =
        JsonObject.builder()
            .put("schemaVersion", 2)
            .put("mediaType", MediaType.MANIFEST)
            .put("config", put(MediaType.CONFIG, json(config)).toJson())
            .put("layers", new JsonValue.JsonArray(blobs))
            .build();
    return put(MediaType.MANIFEST, json(manifest));
  }

  /// An index of entries, each a descriptor under `os/architecture[/variant]`.
  Descriptor index(Map<String, Descriptor> entries) {
    var list = new ArrayList<JsonValue>();
    entries.forEach((platform, descriptor) -> {
      var json = descriptor.toJson().toBuilder();
      var parts = platform.split("/");
      if (parts.length >= 2) {
        var of = JsonObject.builder().put("architecture", parts[1]).put("os", parts[0]);
        if (parts.length > 2) {
          of.put("variant", parts[2]);
        }
        json.put("platform", of.build());
      }
      list.add(json.build());
    });
    var index =
        JsonObject.builder()
            .put("schemaVersion", 2)
            .put("mediaType", MediaType.INDEX)
            .put("manifests", new JsonValue.JsonArray(list))
            .build();
    return put(MediaType.INDEX, json(index));
  }

  static Map<String, Descriptor> entries(Object... alternating) {
    var map = new LinkedHashMap<String, Descriptor>();
    for (int i = 0; i < alternating.length; i += 2) {
      map.put((String) alternating[i], (Descriptor) alternating[i + 1]);
    }
    return map;
  }

  DirectoryImage root(Descriptor descriptor) {
    this.root = descriptor;
    return this;
  }

  /// An image of gzipped layers.
  static DirectoryImage of(Path directory, List<String> environment, Tar... layers)
      throws IOException {
    var image = new DirectoryImage(directory);
    var packed = new ArrayList<Packed>();
    for (var layer : layers) {
      packed.add(Packed.gzipped(layer.bytes()));
    }
    return image.root(image.manifest("linux/amd64", environment, packed));
  }

  /// A source over an OCI layout made by another tool.
  static DirectoryImage layout(Path layout) throws IOException {
    var image = new DirectoryImage(layout.resolve("blobs/sha256"));
    var entry = JsonReader.readObject(layout.resolve("index.json")).objects("manifests").getFirst();
    return image.root(
        Descriptor.of(
            entry.string("mediaType"),
            Digest.parse(entry.string("digest")),
            entry.longValue("size")));
  }

  Path file(Descriptor descriptor) {
    return directory.resolve(descriptor.digest().encoded());
  }

  @Override
  public Descriptor root() {
    return root;
  }

  @Override
  public byte[] manifest(Descriptor descriptor) {
    read.add(descriptor.digest().toString());
    try {
      return Files.readAllBytes(file(descriptor));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public InputStream blob(Descriptor descriptor) {
    read.add(descriptor.digest().toString());
    try {
      return Files.newInputStream(file(descriptor));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {}
}

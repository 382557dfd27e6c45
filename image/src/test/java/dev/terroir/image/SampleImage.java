package dev.terroir.image;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.transfer.ImageTarget;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// A small real image, made of a seed: layers are tar files packed by gzip.
public record SampleImage(
    Descriptor root, Map<Descriptor, byte[]> documents, Map<Descriptor, byte[]> blobs) {

  /// An image for one platform.
  ///
  /// @param layerBytes about how large each layer is; the bytes do not compress
  public static SampleImage of(Platform platform, long seed, int layers, int layerBytes) {
    var random = new Random(seed);
    var blobs = new LinkedHashMap<Descriptor, byte[]>();
    var config =
        ImageConfig.of(platform).withVariable("PATH", "/bin").withCommand(List.of("/bin/sh"));
    var descriptors = new ArrayList<Descriptor>();
    for (int i = 0; i < layers; i++) {
      var content = new byte[layerBytes];
      random.nextBytes(content);
      var tar = tar("layer-" + i + "/data", content);
      var packed = gzip(tar);
      var descriptor = Descriptor.of(MediaType.LAYER_GZIP, Digest.of(packed), packed.length);
      blobs.put(descriptor, packed);
      descriptors.add(descriptor);
      config = config.withLayer(Digest.of(tar), "layer " + i, "");
    }
    blobs.put(config.descriptor(), config.bytes());
    var manifest = Manifest.of(config.descriptor(), descriptors, Map.of());
    return new SampleImage(
        manifest.descriptor(), Map.of(manifest.descriptor(), manifest.bytes()), blobs);
  }

  /// An index of images for two platforms.
  public static SampleImage multiPlatform(long seed) {
    var documents = new LinkedHashMap<Descriptor, byte[]>();
    var blobs = new LinkedHashMap<Descriptor, byte[]>();
    var entries = new ArrayList<Descriptor>();
    for (var platform : List.of(Platform.LINUX_AMD64, Platform.LINUX_ARM64)) {
      var image = of(platform, seed + entries.size(), 2, 1000);
      documents.putAll(image.documents);
      blobs.putAll(image.blobs);
      var root = image.root;
      entries.add(
          new Descriptor(
              root.mediaType(), root.digest(), root.sizeBytes(), platform, null, Map.of()));
    }
    var index = ImageIndex.of(entries);
    documents.put(index.descriptor(), index.bytes());
    return new SampleImage(index.descriptor(), documents, blobs);
  }

  /// Puts it without a tag of its own.
  public void putInto(ImageTarget target, String... tags) {
    blobs.forEach(
        (descriptor, bytes) -> target.put(descriptor, () -> new ByteArrayInputStream(bytes)));
    documents.forEach((descriptor, bytes) ->
        target.putManifest(descriptor, bytes, descriptor.equals(root) ? List.of(tags) : List.of()));
  }

  /// The bytes of its blobs together.
  public long sizeBytes() {
    return blobs.values().stream().mapToLong(bytes -> bytes.length).sum();
  }

  /// A manifest about it, such as an SBOM's, with its blobs.
  public static SampleImage artifact(Descriptor subject, String type, String text) {
    var content = text.getBytes(StandardCharsets.UTF_8);
    var empty = "{}".getBytes(StandardCharsets.UTF_8);
    var config = Descriptor.of(MediaType.EMPTY, Digest.of(empty), empty.length);
    var layer = Descriptor.of(type, Digest.of(content), content.length);
    var manifest =
        new Manifest(MediaType.MANIFEST, type, config, List.of(layer), subject, Map.of());
    var blobs = new LinkedHashMap<Descriptor, byte[]>();
    blobs.put(config, empty);
    blobs.put(layer, content);
    return new SampleImage(
        manifest.descriptor(), Map.of(manifest.descriptor(), manifest.bytes()), blobs);
  }

  /// A tar file with one member.
  public static byte[] tar(String name, byte[] content) {
    var out = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(out)) {
      var entry = new TarArchiveEntry(name);
      entry.setSize(content.length);
      entry.setModTime(0);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  static byte[] gzip(byte[] bytes) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }
}

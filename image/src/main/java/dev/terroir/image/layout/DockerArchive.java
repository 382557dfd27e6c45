package dev.terroir.image.layout;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciLimits;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.image.transfer.VerifiedInput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What `docker save` makes and `docker load` takes: `manifest.json`, a configuration, layers.
/// Newer ones hold an OCI layout too, which is preferred, since it has the digests that the image
/// has elsewhere.
///
/// @since 0.1
public final class DockerArchive {
  private static final String MANIFEST = "manifest.json";

  private DockerArchive() {}

  /// One image of an archive, to be read.
  ///
  /// @param reference its name, or null when there is one image only
  /// @throws ImageException code `image-not-found`, or `invalid-archive`
  public static ImageSource source(Path file, @Nullable ImageReference reference) {
    var tar = TarFile.open(file);
    try {
      if (OciArchive.isOne(tar)) {
        var source = ofLayout(tar, reference);
        if (source.isPresent()) {
          return source.get();
        }
      }
      return new SavedImage(tar, entry(tar, reference));
    } catch (RuntimeException e) {
      tar.close();
      throw e;
    }
  }

  /// The layout within, unless it lacks parts of the image: an index of several platforms is saved
  /// with the blobs of one.
  private static Optional<ImageSource> ofLayout(TarFile tar, @Nullable ImageReference reference) {
    try {
      return Optional.of(
          OciArchive.source(
              tar,
              content -> {
                var root =
                    reference == null
                        ? content.choose(null)
                        : content.entries().stream()
                            .filter(entry -> isNamed(entry, reference))
                            .findFirst()
                            .map(LayoutContent::bare)
                            .orElseGet(() -> content.choose(reference.tagOrLatest()));
                if (!isComplete(content, root, 0)) {
                  throw new ImageException(
                      Problem.of(ImageCode.IMAGE_NOT_FOUND, "the layout is not complete"));
                }
                return root;
              }));
    } catch (ImageException e) {
      if (e.problem().code() == ImageCode.IMAGE_NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static boolean isNamed(Descriptor entry, ImageReference reference) {
    var name = entry.annotations().get("io.containerd.image.name");
    return name != null && named(reference).contains(name);
  }

  private static List<String> named(ImageReference reference) {
    var tag = ":" + reference.tagOrLatest();
    return List.of(reference.name() + tag, reference.familiarName() + tag);
  }

  private static boolean isComplete(LayoutContent content, Descriptor descriptor, int depth) {
    return depth <= OciLimits.INDEX_DEPTH
        && content.size(descriptor.digest()).isPresent()
        && content.parts(descriptor).stream()
            .allMatch(part -> isComplete(content, part, depth + 1));
  }

  private static JsonObject entry(TarFile tar, @Nullable ImageReference reference) {
    var bytes =
        tar.bytes(MANIFEST, OciLimits.MANIFEST_BYTES)
            .orElseThrow(() ->
                new ImageException(
                    Problem.of(ImageCode.IMAGE_NOT_FOUND, "the archive holds no image")
                        .at(Place.file(tar.file()))
                        .because("it has no file `" + MANIFEST + "`")
                        .hint("name it as `oci-archive:" + tar.file() + "` if it is a layout")));
    var entries = new ArrayList<JsonObject>();
    try {
      if (JsonReader.parse(new String(bytes, StandardCharsets.UTF_8), MANIFEST)
          instanceof JsonValue.JsonArray(var elements)) {
        for (var element : elements) {
          if (element instanceof JsonObject object) {
            object.string("Config");
            object.strings("Layers");
            object.strings("RepoTags");
            entries.add(object);
          }
        }
      }
    } catch (FoundationException e) {
      throw damaged(tar, "its `" + MANIFEST + "` is malformed: " + e.problem().what());
    }
    var fitting =
        reference == null
            ? entries
            : entries.stream()
                .filter(entry ->
                    entry.strings("RepoTags").stream().anyMatch(named(reference)::contains))
                .toList();
    if (fitting.size() == 1) {
      return fitting.getFirst();
    }
    var names =
        entries.stream().flatMap(entry -> entry.strings("RepoTags").stream()).limit(20).toList();
    throw new ImageException(
        Problem.of(
                ImageCode.IMAGE_NOT_FOUND,
                reference == null
                    ? "the archive has " + entries.size() + " images, and none of them is named"
                    : "the archive has no image `" + reference + "`")
            .at(Place.file(tar.file()))
            .hint("name one that is there: " + String.join(", ", names)));
  }

  private static ImageException damaged(TarFile tar, String why) {
    return new ImageException(
        Problem.of(ImageCode.INVALID_ARCHIVE, "the archive of an image is damaged")
            .at(Place.file(tar.file()))
            .because(why)
            .hint("save the image again"));
  }

  /// An image that has no manifest of its own: one is made from what is there.
  private static final class SavedImage implements ImageSource {
    private final TarFile tar;
    private final Map<Digest, TarIndex.Member.Regular> blobs = new LinkedHashMap<>();
    private final byte[] manifest;
    private final Descriptor root;

    SavedImage(TarFile tar, JsonObject entry) {
      this.tar = tar;
      var config = member(entry.string("Config"));
      var configBytes =
          tar.bytes(entry.string("Config"), OciLimits.CONFIG_BYTES)
              .orElseThrow(() -> damaged(tar, "its configuration is not there"));
      var diffIds = ImageConfig.read(configBytes, tar.file() + ", configuration").diffIds();
      var layers = entry.strings("Layers");
      if (layers.size() != diffIds.size()) {
        throw damaged(
            tar, "it has " + layers.size() + " layers, and names " + diffIds.size() + " of them");
      }
      var descriptors = new ArrayList<Descriptor>();
      for (int i = 0; i < layers.size(); i++) {
        var layer = member(layers.get(i));
        var digest = digest(layer);
        var mediaType = mediaType(layer);
        if (mediaType.equals(MediaType.LAYER) && !digest.equals(diffIds.get(i))) {
          throw new ImageException(
              Problem.of(ImageCode.BLOB_MISMATCH, "a layer is not the one that its image names")
                  .at(Place.file(tar.file()))
                  .at(Place.of("member `" + layers.get(i) + "`"))
                  .because("its digest is " + digest + ", not " + diffIds.get(i))
                  .hint("save the image again"));
        }
        blobs.put(digest, layer);
        descriptors.add(Descriptor.of(mediaType, digest, layer.sizeBytes()));
      }
      var configDigest = Digest.of(configBytes);
      blobs.put(configDigest, config);
      var made =
          Manifest.of(
              Descriptor.of(MediaType.CONFIG, configDigest, configBytes.length),
              descriptors,
              Map.of());
      manifest = made.bytes();
      root = made.descriptor();
    }

    private TarIndex.Member.Regular member(String name) {
      return tar.find(name).orElseThrow(() -> damaged(tar, "it has no file `" + name + "`"));
    }

    private Digest digest(TarIndex.Member.Regular member) {
      var engine = dev.terroir.foundation.digest.Sha256.engine();
      try (var in = tar.stream(member)) {
        in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), engine));
        return Digest.of(dev.terroir.foundation.digest.Sha256.finish(engine));
      } catch (IOException e) {
        throw FoundationException.ofFile("the archive cannot be read", tar.file(), e);
      }
    }

    private String mediaType(TarIndex.Member.Regular member) {
      try (var in = tar.stream(member)) {
        var magic = in.readNBytes(4);
        if (magic.length == 4 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
          return MediaType.LAYER_GZIP;
        }
        return magic.length == 4
                && magic[0] == 0x28
                && magic[1] == (byte) 0xb5
                && magic[2] == 0x2f
                && magic[3] == (byte) 0xfd
            ? MediaType.LAYER_ZSTD
            : MediaType.LAYER;
      } catch (IOException e) {
        throw FoundationException.ofFile("the archive cannot be read", tar.file(), e);
      }
    }

    @Override
    public Descriptor root() {
      return root;
    }

    @Override
    public byte[] manifest(Descriptor descriptor) {
      return VerifiedInput.check(manifest.clone(), descriptor, tar.file().toString());
    }

    @Override
    public InputStream blob(Descriptor descriptor) {
      var member = blobs.get(descriptor.digest());
      if (member == null) {
        throw damaged(tar, "it has no blob " + descriptor.digest());
      }
      return new VerifiedInput(tar.stream(member), descriptor, tar.file().toString());
    }

    @Override
    public void close() {
      tar.close();
    }
  }

  /// An archive to be written: one image for one platform, its layers as they are. It appears whole
  /// when the target is closed, and not at all when something failed or no image was put. Artifacts
  /// about the image have no place in it and are left aside.
  ///
  /// @param names what engines call the image once it is loaded
  public static ImageTarget target(Path file, List<ImageReference> names) {
    var given = List.copyOf(names);
    var tagged = java.util.Collections.synchronizedSet(new LinkedHashSet<String>());
    return new ArchiveTarget(file) {
      /// Docker before version 23 loads no layers compressed by zstd.
      @Override
      public boolean takesZstd() {
        return false;
      }

      @Override
      void check(Descriptor manifest, List<String> tags) {
        if (!MediaType.isManifest(manifest.mediaType())) {
          throw new ImageException(
              Problem.of(
                      ImageCode.WRONG_IMAGE_PLATFORM,
                      "a Docker archive holds an image for one platform")
                  .at(Place.file(file))
                  .hint("choose a platform, or write an `oci-archive:`"));
        }
        for (var tag : tags) {
          if (tag.contains("/") || tag.contains(":")) {
            tagged.add(repoTag(ImageReference.parse(tag)));
          } else if (!given.isEmpty()) {
            tagged.add(repoTag(given.getFirst().withTag(tag)));
          }
        }
      }

      @Override
      public void putManifest(Descriptor descriptor, byte[] bytes, List<String> tags) {
        check(descriptor, tags);
        super.putManifest(descriptor, bytes, List.of());
      }

      @Override
      public void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes) {}

      @Override
      void write(OciLayout staged, Descriptor image, byte[] bytes, TarOutput tar)
          throws IOException {
        var manifest = Manifest.read(bytes, image.digest().toString());
        given.forEach(name -> tagged.add(repoTag(name)));
        var layers = new ArrayList<String>();
        var parts = new LinkedHashMap<String, Path>();
        var config = manifest.config().digest().encoded() + ".json";
        parts.put(config, staged.blobs().path(manifest.config().digest()));
        for (var layer : manifest.layers()) {
          var name = layer.digest().encoded() + ".tar";
          layers.add(name);
          parts.put(name, staged.blobs().path(layer.digest()));
        }
        for (var part : parts.entrySet()) {
          try (var in = Files.newInputStream(part.getValue())) {
            tar.file(part.getKey(), Files.size(part.getValue()), in);
          }
        }
        var entry =
            JsonObject.builder()
                .put("Config", config)
                .put("RepoTags", List.copyOf(tagged))
                .put("Layers", layers)
                .build();
        tar.file(
            MANIFEST,
            JsonWriter.compact(new JsonValue.JsonArray(List.of(entry)))
                .getBytes(StandardCharsets.UTF_8));
      }

      @Override
      public String address() {
        return "docker-archive:" + file + (given.isEmpty() ? "" : ":" + given.getFirst());
      }
    };
  }

  private static String repoTag(ImageReference reference) {
    return reference.familiarName() + ":" + reference.tagOrLatest();
  }
}

package dev.terroir.image.base;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;

/// Goes from what a reference stands for to the manifest and configuration for one platform.
///
/// Spec: OCI image specification, "Image Index", "Image Manifest", "Image Configuration".
final class ImageReader {
  /// The limit that registries and tools share.
  private static final long MAX_DOCUMENT_BYTES = 8L << 20;

  private static final int MAX_NESTING = 5;

  private final String reference;
  private final Platform platform;
  private final Function<Descriptor, byte[]> documents;
  private final TreeSet<String> offered = new TreeSet<>();

  /// @param documents gives the checked bytes of a manifest, an index or a configuration
  ImageReader(String reference, Platform platform, Function<Descriptor, byte[]> documents) {
    this.reference = reference;
    this.platform = platform;
    this.documents = documents;
  }

  /// @throws ImageException code `wrong-image-platform` with what there is, or
  ///   `invalid-oci-document`
  BaseImage read(Descriptor root, Instant now) {
    return find(root, 0, now)
        .orElseThrow(() ->
            new ImageException(
                Problem.of(
                        ImageCode.WRONG_IMAGE_PLATFORM,
                        "the base image is not there for " + platform)
                    .at(Place.of(reference))
                    .because(
                        offered.isEmpty()
                            ? "it holds no image for any platform"
                            : "it is there for " + String.join(", ", offered))
                    .hint(
                        "name a base image for "
                            + platform
                            + ", or build for another platform with --platform")));
  }

  private Optional<BaseImage> find(Descriptor descriptor, int depth, Instant now) {
    if (depth > MAX_NESTING) {
      throw invalid(descriptor, "its indexes are nested more than " + MAX_NESTING + " times");
    }
    var json = document(descriptor);
    var isIndex =
        MediaType.isIndex(descriptor.mediaType())
            || (!MediaType.isManifest(descriptor.mediaType()) && json.has("manifests"));
    if (!isIndex) {
      return manifest(descriptor, json, now);
    }
    // One without a variant is meant for every processor of its architecture.
    for (var pass = 0; pass < 2; pass++) {
      for (var entry : json.objects("manifests")) {
        var variant =
            entry.optionalObject("platform").flatMap(of -> of.optionalString("variant")).orElse("");
        var isPlain = variant.isEmpty() || variant.equals("v1") || variant.equals("v8");
        if (isPlain != (pass == 0) || isAttestation(entry) || !mayServe(entry)) {
          continue;
        }
        var found = find(descriptor(entry), depth + 1, now);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  /// What build tools put beside the images: statements about them, for no platform.
  private static boolean isAttestation(JsonObject entry) {
    var unknown =
        entry
            .optionalObject("platform")
            .map(of -> of.optionalString("os").orElse("").equals("unknown"))
            .orElse(false);
    return unknown
        || entry
            .stringMap("annotations")
            .getOrDefault("vnd.docker.reference.type", "")
            .equals("attestation-manifest");
  }

  /// Whether an entry is for the platform, or does not say what it is for.
  private boolean mayServe(JsonObject entry) {
    var of = entry.optionalObject("platform");
    if (of.isEmpty()) {
      return true;
    }
    var name = name(of.get());
    offered.add(name);
    return name.equals(platform.toString());
  }

  private static String name(JsonObject platform) {
    var os = platform.optionalString("os").orElse("").toLowerCase(Locale.ROOT);
    var architecture = platform.optionalString("architecture").orElse("").toLowerCase(Locale.ROOT);
    var usual =
        switch (architecture) {
          case "x86_64", "x86-64" -> "amd64";
          case "aarch64" -> "arm64";
          default -> architecture;
        };
    return os + "/" + usual;
  }

  private Optional<BaseImage> manifest(Descriptor descriptor, JsonObject json, Instant now) {
    if (!json.has("config") || !json.has("layers")) {
      throw invalid(descriptor, "it is no image manifest: `config` or `layers` is missing");
    }
    var config = descriptor(json.object("config"));
    if (!config.mediaType().equals(MediaType.CONFIG)
        && !config.mediaType().equals(MediaType.DOCKER_CONFIG)) {
      throw invalid(
          descriptor, "it is an artifact of type `" + config.mediaType() + "`, no image to run");
    }
    var content = document(config);
    var name = name(content);
    offered.add(name);
    if (!name.equals(platform.toString())) {
      return Optional.empty();
    }
    var blobs = json.objects("layers").stream().map(ImageReader::descriptor).toList();
    var diffIds =
        content.optionalObject("rootfs").map(of -> of.strings("diff_ids")).orElse(List.of());
    if (diffIds.size() != blobs.size()) {
      throw invalid(
          descriptor,
          "its manifest has " + blobs.size() + " layers, its configuration " + diffIds.size());
    }
    var layers = new ArrayList<BaseImage.Layer>();
    for (int i = 0; i < blobs.size(); i++) {
      layers.add(new BaseImage.Layer(blobs.get(i), Digest.parse(diffIds.get(i))));
    }
    return Optional.of(new BaseImage(reference, platform, descriptor, content, layers, now));
  }

  private static Descriptor descriptor(JsonObject json) {
    return Descriptor.of(
        json.optionalString("mediaType").orElse(""),
        Digest.parse(json.string("digest")),
        json.longValue("size"));
  }

  private JsonObject document(Descriptor descriptor) {
    if (descriptor.sizeBytes() > MAX_DOCUMENT_BYTES) {
      throw invalid(
          descriptor, "it has " + descriptor.sizeBytes() + " bytes, more than any document");
    }
    var text = new String(documents.apply(descriptor), StandardCharsets.UTF_8);
    try {
      return JsonReader.parseObject(text, reference + ", " + descriptor.digest());
    } catch (FoundationException e) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "a document of the base image is no JSON")
              .at(Place.of(reference + ", " + descriptor.digest()))
              .because(e.problem().what()),
          e);
    }
  }

  private ImageException invalid(Descriptor descriptor, String why) {
    return new ImageException(
        Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "the base image cannot be read")
            .at(Place.of(reference + ", " + descriptor.digest()))
            .because(why)
            .hint("name another base image"));
  }
}

package dev.terroir.image.oci;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Says what a blob is and which. Immutable. `urls` of a descriptor are never followed, so they are
/// not kept.
///
/// Spec: OCI image specification, "Content descriptors".
///
/// @param mediaType what it is
/// @param digest which it is
/// @param sizeBytes its size in bytes
/// @param platform what a manifest in an index is for, or null
/// @param artifactType the type of an artifact that it describes, or null
/// @param annotations in order
/// @since 0.1
public record Descriptor(
    String mediaType,
    Digest digest,
    long sizeBytes,
    @Nullable Platform platform,
    @Nullable String artifactType,
    Map<String, String> annotations) {

  /// Copies the annotations in their order.
  public Descriptor {
    annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
  }

  /// One with no more than what it must have.
  public static Descriptor of(String mediaType, Digest digest, long sizeBytes) {
    return new Descriptor(mediaType, digest, sizeBytes, null, null, Map.of());
  }

  /// Reads one that is well-formed by [OciDocument]; `urls` and `data` are left aside.
  ///
  /// @throws dev.terroir.image.ImageException code `invalid-oci-document`, when its digest is of an
  ///   algorithm that cannot be checked
  public static Descriptor of(JsonObject json) {
    return new Descriptor(
        json.string("mediaType"),
        Digest.parse(json.string("digest")),
        json.longValue("size"),
        json.optionalObject("platform")
            .map(platform -> new Platform(platform.string("os"), platform.string("architecture")))
            .orElse(null),
        json.optionalString("artifactType").orElse(null),
        json.stringMap("annotations"));
  }

  /// The same with other annotations.
  public Descriptor withAnnotations(Map<String, String> changed) {
    return new Descriptor(mediaType, digest, sizeBytes, platform, artifactType, changed);
  }

  /// The JSON object, members in the order of the specification.
  public JsonObject toJson() {
    var json =
        JsonObject.builder()
            .put("mediaType", mediaType)
            .put("digest", digest.toString())
            .put("size", sizeBytes);
    if (platform != null) {
      json.put(
          "platform",
          JsonObject.builder()
              .put("architecture", platform.architecture())
              .put("os", platform.os())
              .build());
    }
    if (artifactType != null) {
      json.put("artifactType", artifactType);
    }
    if (!annotations.isEmpty()) {
      json.put("annotations", JsonValue.ofStrings(annotations));
    }
    return json.build();
  }
}

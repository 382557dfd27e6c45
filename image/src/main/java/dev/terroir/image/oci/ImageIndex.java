package dev.terroir.image.oci;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Manifests by platform, or the list of an artifact's referrers. Immutable.
///
/// Spec: OCI image specification, "Image index"; Docker's manifest list is read as the same.
///
/// @param mediaType [MediaType#INDEX] or Docker's
/// @param artifactType what an artifact is, or null
/// @param manifests in order; the first that fits a platform is the one for it
/// @param subject what an artifact is about, or null
/// @param annotations in order
/// @since 0.1
public record ImageIndex(
    String mediaType,
    @Nullable String artifactType,
    List<Descriptor> manifests,
    @Nullable Descriptor subject,
    Map<String, String> annotations) {

  /// Copies the collections in their order.
  public ImageIndex {
    manifests = List.copyOf(manifests);
    annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
  }

  /// An index of manifests.
  public static ImageIndex of(List<Descriptor> manifests) {
    return new ImageIndex(MediaType.INDEX, null, manifests, null, Map.of());
  }

  /// Reads one strictly.
  ///
  /// @param source what messages call it
  /// @throws dev.terroir.image.ImageException code `invalid-oci-document`, the field named
  public static ImageIndex read(byte[] bytes, String source) {
    return of(OciDocument.INDEX.read(bytes, source));
  }

  /// Reads one that is well-formed by [OciDocument].
  public static ImageIndex of(JsonObject json) {
    return new ImageIndex(
        json.optionalString("mediaType").orElse(MediaType.INDEX),
        json.optionalString("artifactType").orElse(null),
        json.objects("manifests").stream().map(Descriptor::of).toList(),
        json.optionalObject("subject").map(Descriptor::of).orElse(null),
        json.stringMap("annotations"));
  }

  /// The first manifest for a platform.
  public Optional<Descriptor> find(Platform platform) {
    return manifests.stream().filter(entry -> platform.equals(entry.platform())).findFirst();
  }

  /// Its JSON: one line, members in the order of the specification; the same value gives the same
  /// bytes everywhere.
  public byte[] bytes() {
    var json = JsonObject.builder().put("schemaVersion", 2).put("mediaType", mediaType);
    if (artifactType != null) {
      json.put("artifactType", artifactType);
    }
    json.put(
        "manifests",
        new JsonValue.JsonArray(
            manifests.stream().<JsonValue>map(manifest -> manifest.toJson()).toList()));
    if (subject != null) {
      json.put("subject", subject.toJson());
    }
    if (!annotations.isEmpty()) {
      json.put("annotations", JsonValue.ofStrings(annotations));
    }
    return JsonWriter.compact(json.build()).getBytes(StandardCharsets.UTF_8);
  }

  /// What names these bytes of it.
  public Descriptor descriptor() {
    var bytes = bytes();
    return new Descriptor(mediaType, Digest.of(bytes), bytes.length, null, artifactType, Map.of());
  }
}

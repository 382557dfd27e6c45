package dev.terroir.image.oci;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An image manifest: a configuration and layers; also the manifest of an artifact such as an SBOM.
/// Immutable.
///
/// Spec: OCI image specification, "Image manifest"; Docker's schema 2 is read as the same.
///
/// @param mediaType [MediaType#MANIFEST] or Docker's
/// @param artifactType what an artifact is, or null
/// @param config the configuration
/// @param layers from the lowest to the highest
/// @param subject what an artifact is about, or null
/// @param annotations in order
/// @since 0.1
public record Manifest(
    String mediaType,
    @Nullable String artifactType,
    Descriptor config,
    List<Descriptor> layers,
    @Nullable Descriptor subject,
    Map<String, String> annotations) {

  /// Copies the collections in their order.
  public Manifest {
    layers = List.copyOf(layers);
    annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
  }

  /// The manifest of an image.
  public static Manifest of(
      Descriptor config, List<Descriptor> layers, Map<String, String> annotations) {
    return new Manifest(MediaType.MANIFEST, null, config, layers, null, annotations);
  }

  /// Reads one strictly.
  ///
  /// @param source what messages call it
  /// @throws dev.terroir.image.ImageException code `invalid-oci-document`, the field named
  public static Manifest read(byte[] bytes, String source) {
    return of(OciDocument.MANIFEST.read(bytes, source));
  }

  /// Reads one that a registry has taken, which may be without layers.
  ///
  /// @param source what messages call it
  /// @throws dev.terroir.image.ImageException code `invalid-oci-document`, the field named
  public static Manifest readStored(byte[] bytes, String source) {
    return of(OciDocument.STORED_MANIFEST.read(bytes, source));
  }

  private static Manifest of(JsonObject json) {
    return new Manifest(
        json.optionalString("mediaType").orElse(MediaType.MANIFEST),
        json.optionalString("artifactType").orElse(null),
        Descriptor.of(json.object("config")),
        json.objects("layers").stream().map(Descriptor::of).toList(),
        json.optionalObject("subject").map(Descriptor::of).orElse(null),
        json.stringMap("annotations"));
  }

  /// Its JSON: one line, members in the order of the specification; the same value gives the same
  /// bytes everywhere.
  public byte[] bytes() {
    var json = JsonObject.builder().put("schemaVersion", 2).put("mediaType", mediaType);
    if (artifactType != null) {
      json.put("artifactType", artifactType);
    }
    json.put("config", config.toJson());
    json.put(
        "layers",
        new JsonValue.JsonArray(layers.stream().<JsonValue>map(layer -> layer.toJson()).toList()));
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

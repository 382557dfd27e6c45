package dev.terroir.image.build;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What was built: everything that is remembered of an image. Immutable.
///
/// @param definitionHash 32 hex digits
/// @param lockDigest `sha256:` and 64 hex digits, or null for a user-managed environment
/// @param platform what it runs on
/// @param repository such as `azureml/azureml_<hash>`
/// @param manifest the image's manifest
/// @param baseReference the base image as it was named
/// @param baseDigest digest of the base image's manifest
/// @param environmentPath where the packages lie in it, or null for a user-managed environment
/// @param interpreterPath what runs scripts in it
/// @param bytecode whether it holds byte-code
/// @param layers ours, above those of the base
/// @param sizeBytes of all layers, compressed
/// @param warnings what the builder had to say, such as paths that two packages bring
/// @param linkScripts names of its conda packages whose link scripts were allowed to run, sorted
/// @since 0.1
public record BuiltImage(
    String definitionHash,
    @Nullable String lockDigest,
    Platform platform,
    String repository,
    Descriptor manifest,
    String baseReference,
    Digest baseDigest,
    @Nullable String environmentPath,
    String interpreterPath,
    boolean bytecode,
    List<BuiltLayer> layers,
    long sizeBytes,
    List<String> warnings,
    List<String> linkScripts) {
  /// The format's tag.
  public static final String FORMAT = "terroir-image/1";

  /// A layer of ours.
  ///
  /// @param blob its compressed blob
  /// @param diffId digest of the uncompressed tar
  /// @param packages `name version` of what it holds; none for the empty prefix
  /// @param linkScripts `name version` of packages whose link scripts made it; none for all others
  public record BuiltLayer(
      Descriptor blob, Digest diffId, List<String> packages, List<String> linkScripts) {
    /// Copies the lists.
    public BuiltLayer {
      packages = List.copyOf(packages);
      linkScripts = List.copyOf(linkScripts);
    }

    /// A layer that no script made.
    public BuiltLayer(Descriptor blob, Digest diffId, List<String> packages) {
      this(blob, diffId, packages, List.of());
    }

    /// As it is stored and shown.
    public JsonObject toJson() {
      var json =
          JsonObject.builder()
              .put("mediaType", blob.mediaType())
              .put("digest", blob.digest().toString())
              .put("size", blob.sizeBytes())
              .put("diffId", diffId.toString())
              .put("packages", packages);
      if (!linkScripts.isEmpty()) {
        json.put("linkScripts", linkScripts);
      }
      return json.build();
    }
  }

  /// Copies the lists.
  public BuiltImage {
    layers = List.copyOf(layers);
    warnings = List.copyOf(warnings);
    linkScripts = List.copyOf(linkScripts);
  }

  /// Whether it would be built with the same link scripts if the scripts of some packages were
  /// allowed.
  ///
  /// @param allowed names of conda packages
  public boolean isBuiltWithLinkScripts(List<String> allowed) {
    return layers.stream()
        .flatMap(layer -> layer.packages().stream())
        .map(title -> title.split(" "))
        // Those of an index have no build.
        .filter(words -> words.length == 3 && allowed.contains(words[0]))
        .map(words -> words[0])
        .distinct()
        .sorted()
        .toList()
        .equals(linkScripts);
  }

  /// `repository@digest`.
  public String reference() {
    return repository + "@" + manifest.digest();
  }

  /// Where its packages lie, unless its environment is user-managed.
  public Optional<String> environment() {
    return Optional.ofNullable(environmentPath);
  }

  /// As it is stored and shown.
  public JsonObject toJson() {
    var json =
        JsonObject.builder()
            .put("format", FORMAT)
            .put("definitionHash", definitionHash)
            .put("lockDigest", lockDigest)
            .put("platform", platform.toString())
            .put("repository", repository)
            .put("digest", manifest.digest().toString())
            .put("manifestSize", manifest.sizeBytes())
            .put(
                "base",
                JsonObject.builder()
                    .put("reference", baseReference)
                    .put("digest", baseDigest.toString())
                    .build())
            .put("environmentPath", environmentPath)
            .put("interpreterPath", interpreterPath)
            .put("bytecode", bytecode)
            .put("size", sizeBytes)
            .put("warnings", warnings)
            .put(
                "layers",
                new JsonValue.JsonArray(
                    layers.stream().<JsonValue>map(BuiltLayer::toJson).toList()));
    if (!linkScripts.isEmpty()) {
      json.put("linkScripts", linkScripts);
    }
    return json.build();
  }

  /// Reads what [#toJson] writes.
  public static BuiltImage of(JsonObject json) {
    var base = json.object("base");
    return new BuiltImage(
        json.string("definitionHash"),
        json.optionalString("lockDigest").orElse(null),
        Platform.parse(json.string("platform")),
        json.string("repository"),
        Descriptor.of(
            MediaType.MANIFEST,
            Digest.parse(json.string("digest")),
            json.longValue("manifestSize")),
        base.string("reference"),
        Digest.parse(base.string("digest")),
        json.optionalString("environmentPath").orElse(null),
        json.string("interpreterPath"),
        json.optionalBoolean("bytecode").orElse(true),
        json.objects("layers").stream()
            .map(layer ->
                new BuiltLayer(
                    Descriptor.of(
                        layer.string("mediaType"),
                        Digest.parse(layer.string("digest")),
                        layer.longValue("size")),
                    Digest.parse(layer.string("diffId")),
                    layer.strings("packages"),
                    layer.strings("linkScripts")))
            .toList(),
        json.longValue("size"),
        json.strings("warnings"),
        json.strings("linkScripts"));
  }
}

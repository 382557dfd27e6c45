package dev.terroir.image.sbom;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How an image was made: an in-toto statement with an SLSA provenance predicate. It names the
/// definition hash, the lock digest, the base digest, the tools, and every archive by its SHA-256.
///
/// @since 0.1
public final class Provenance {
  /// The artifact's type.
  public static final String MEDIA_TYPE = "application/vnd.in-toto+json";

  private Provenance() {}

  /// The statement.
  ///
  /// @param parameters what decided the bytes besides lock and base, such as byte-code and
  ///   compression
  /// @param tools name and version of the tools that took part
  public static String of(
      Subject subject, Map<String, String> parameters, Map<String, String> tools) {
    var lock = subject.lock();
    var materials = new ArrayList<JsonValue>();
    var base = subject.baseReference();
    var baseDigest = subject.baseDigest();
    if (base != null && baseDigest != null) {
      materials.add(
          material(base, JsonObject.builder().put(baseDigest.algorithm(), baseDigest.encoded())));
    }
    for (var item : lock.everything()) {
      var md5 = Subject.md5(item);
      materials.add(
          material(
              Subject.packageUrl(item),
              md5 == null
                  ? JsonObject.builder().put("sha256", item.digest())
                  : JsonObject.builder().put("md5", md5)));
    }
    return JsonWriter.indented(
            JsonObject.builder()
                .put("_type", "https://in-toto.io/Statement/v1")
                .put(
                    "subject",
                    new JsonValue.JsonArray(
                        List.of(
                            JsonObject.builder()
                                .put("name", subject.repository())
                                .put(
                                    "digest",
                                    JsonObject.builder()
                                        .put(
                                            subject.digest().algorithm(),
                                            subject.digest().encoded())
                                        .build())
                                .build())))
                .put("predicateType", "https://slsa.dev/provenance/v1")
                .put(
                    "predicate",
                    JsonObject.builder()
                        .put(
                            "buildDefinition",
                            JsonObject.builder()
                                .put("buildType", "urn:terroir:image-build:1")
                                .put(
                                    "externalParameters",
                                    JsonObject.builder()
                                        .put("definitionHash", lock.definitionHash())
                                        .put("platform", lock.platform().toString())
                                        .put("pythonVersion", lock.pythonVersion())
                                        .putAll(JsonValue.ofStrings(new TreeMap<>(parameters)))
                                        .build())
                                .put(
                                    "internalParameters",
                                    JsonObject.builder()
                                        .put("lockDigest", lock.digest().prefixed())
                                        .put("tools", JsonValue.ofStrings(new TreeMap<>(tools)))
                                        .build())
                                .put("resolvedDependencies", new JsonValue.JsonArray(materials))
                                .build())
                        .put(
                            "runDetails",
                            JsonObject.builder()
                                .put(
                                    "builder",
                                    JsonObject.builder().put("id", "urn:terroir:builder").build())
                                .build())
                        .build())
                .build(),
            2)
        + "\n";
  }

  private static JsonObject material(String uri, JsonObject.Builder digest) {
    return JsonObject.builder().put("uri", uri).put("digest", digest.build()).build();
  }
}

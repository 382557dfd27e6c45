package dev.terroir.image.sbom;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// A bill of materials in CycloneDX 1.6.
///
/// @since 0.1
public final class CycloneDx {
  /// The artifact's type.
  public static final String MEDIA_TYPE = "application/vnd.cyclonedx+json";

  private CycloneDx() {}

  /// The document.
  public static String of(Subject subject) {
    var components = new ArrayList<JsonValue>();
    for (var item : subject.lock().packages()) {
      components.add(component(item));
    }
    var base = subject.baseReference();
    var baseDigest = subject.baseDigest();
    if (base != null && baseDigest != null) {
      components.addFirst(
          JsonObject.builder()
              .put("type", "container")
              .put("bom-ref", "base")
              .put("name", base)
              .put("version", baseDigest.toString())
              .build());
    }
    return JsonWriter.indented(
            JsonObject.builder()
                .put("bomFormat", "CycloneDX")
                .put("specVersion", "1.6")
                .put("serialNumber", "urn:uuid:" + subject.identifier("cyclonedx"))
                .put("version", 1)
                .put(
                    "metadata",
                    JsonObject.builder()
                        .put(
                            "component",
                            JsonObject.builder()
                                .put("type", "container")
                                .put("bom-ref", "image")
                                .put("name", subject.repository())
                                .put("version", subject.digest().toString())
                                .build())
                        .build())
                .put("components", new JsonValue.JsonArray(components))
                .put("dependencies", dependencies(subject))
                .build(),
            2)
        + "\n";
  }

  private static JsonObject component(LockedPackage item) {
    return JsonObject.builder()
        .put("type", "library")
        .put("bom-ref", Subject.packageUrl(item))
        .put("name", item.name())
        .put("version", item.version())
        .put(
            "hashes",
            new JsonValue.JsonArray(
                List.of(
                    JsonObject.builder()
                        .put("alg", "SHA-256")
                        .put("content", item.artifact().sha256())
                        .build())))
        .put("purl", Subject.packageUrl(item))
        .put(
            "externalReferences",
            new JsonValue.JsonArray(
                List.of(
                    JsonObject.builder()
                        .put("type", "distribution")
                        .put("url", distribution(item))
                        .build())))
        .build();
  }

  /// Where it was fetched; of a local archive only its name, for the path is this machine's.
  static String distribution(LockedPackage item) {
    var url = item.artifact().url();
    return url.startsWith("file:") ? item.artifact().fileName() : url;
  }

  private static JsonValue dependencies(Subject subject) {
    var dependsOn = new LinkedHashMap<String, List<String>>();
    dependsOn.put("image", new ArrayList<>());
    for (var item : subject.lock().packages()) {
      dependsOn.put(Subject.packageUrl(item), new ArrayList<>());
    }
    for (var item : subject.lock().packages()) {
      for (var by : item.requiredBy()) {
        var requirer =
            by.equals(LockedPackage.DEFINITION)
                ? "image"
                : subject.lock().find(by).map(Subject::packageUrl).orElse("");
        var list = dependsOn.get(requirer);
        if (list != null) {
          list.add(Subject.packageUrl(item));
        }
      }
    }
    var elements = new ArrayList<JsonValue>();
    dependsOn.forEach((ref, on) -> {
      var entry = JsonObject.builder().put("ref", ref);
      if (!on.isEmpty()) {
        entry.put("dependsOn", on.stream().distinct().sorted().toList());
      }
      elements.add(entry.build());
    });
    return new JsonValue.JsonArray(elements);
  }
}

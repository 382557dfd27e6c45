package dev.terroir.image.sbom;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Locked;
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
    for (var item : subject.lock().everything()) {
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

  private static JsonObject component(Locked item) {
    var component =
        JsonObject.builder()
            .put("type", "library")
            .put("bom-ref", Subject.packageUrl(item))
            .put("name", item.name())
            .put("version", item.version())
            .put("hashes", new JsonValue.JsonArray(List.of(hash(item))));
    if (item instanceof CondaPackage conda && conda.license() != null) {
      // A channel's text need not be an expression of SPDX, so it is a name.
      component.put(
          "licenses",
          new JsonValue.JsonArray(
              List.of(
                  JsonObject.builder()
                      .put("license", JsonObject.builder().put("name", conda.license()).build())
                      .build())));
    }
    return component
        .put("purl", Subject.packageUrl(item))
        .put(
            "externalReferences",
            new JsonValue.JsonArray(
                List.of(
                    JsonObject.builder()
                        .put("type", "distribution")
                        .put("url", Subject.distribution(item))
                        .build())))
        .build();
  }

  private static JsonObject hash(Locked item) {
    var md5 = Subject.md5(item);
    return JsonObject.builder()
        .put("alg", md5 == null ? "SHA-256" : "MD5")
        .put("content", md5 == null ? item.digest() : md5)
        .build();
  }

  private static JsonValue dependencies(Subject subject) {
    var dependsOn = new LinkedHashMap<String, List<String>>();
    dependsOn.put("image", new ArrayList<>());
    for (var item : subject.lock().everything()) {
      dependsOn.put(Subject.packageUrl(item), new ArrayList<>());
    }
    for (var item : subject.lock().everything()) {
      for (var by : item.requiredBy()) {
        var requirer =
            by.equals(LockedPackage.DEFINITION)
                ? "image"
                : subject.requirer(item, by).map(Subject::packageUrl).orElse("");
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

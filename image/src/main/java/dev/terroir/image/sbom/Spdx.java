package dev.terroir.image.sbom;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.List;

/// A bill of materials in SPDX 2.3. The time of making, which the format asks for, is the epoch, so
/// that the same image has the same document.
///
/// @since 0.1
public final class Spdx {
  /// The artifact's type.
  public static final String MEDIA_TYPE = "application/spdx+json";

  private Spdx() {}

  /// The document.
  public static String of(Subject subject) {
    var packages = new ArrayList<JsonValue>();
    var relations = new ArrayList<JsonValue>();
    packages.add(
        JsonObject.builder()
            .put("SPDXID", "SPDXRef-image")
            .put("name", subject.repository())
            .put("versionInfo", subject.digest().toString())
            .put("downloadLocation", "NOASSERTION")
            .put("filesAnalyzed", false)
            .put("primaryPackagePurpose", "CONTAINER")
            .build());
    relations.add(relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image"));
    var base = subject.baseReference();
    var baseDigest = subject.baseDigest();
    if (base != null && baseDigest != null) {
      packages.add(
          JsonObject.builder()
              .put("SPDXID", "SPDXRef-base")
              .put("name", base)
              .put("versionInfo", baseDigest.toString())
              .put("downloadLocation", "NOASSERTION")
              .put("filesAnalyzed", false)
              .put("primaryPackagePurpose", "CONTAINER")
              .build());
      relations.add(relation("SPDXRef-image", "DESCENDANT_OF", "SPDXRef-base"));
    }
    for (var item : subject.lock().packages()) {
      packages.add(entry(item));
      relations.add(relation("SPDXRef-image", "CONTAINS", id(item.name())));
      for (var by : item.requiredBy()) {
        if (subject.lock().find(by).isPresent()) {
          relations.add(relation(id(by), "DEPENDS_ON", id(item.name())));
        }
      }
    }
    return JsonWriter.indented(
            JsonObject.builder()
                .put("spdxVersion", "SPDX-2.3")
                .put("dataLicense", "CC0-1.0")
                .put("SPDXID", "SPDXRef-DOCUMENT")
                .put("name", subject.repository())
                .put(
                    "documentNamespace",
                    "https://spdx.org/spdxdocs/terroir-" + subject.identifier("spdx"))
                .put(
                    "creationInfo",
                    JsonObject.builder()
                        .put("created", "1970-01-01T00:00:00Z")
                        .put("creators", List.of("Tool: terroir"))
                        .build())
                .put("packages", new JsonValue.JsonArray(packages))
                .put("relationships", new JsonValue.JsonArray(relations))
                .build(),
            2)
        + "\n";
  }

  private static JsonObject entry(LockedPackage item) {
    var location = CycloneDx.distribution(item);
    return JsonObject.builder()
        .put("SPDXID", id(item.name()))
        .put("name", item.name())
        .put("versionInfo", item.version())
        .put("packageFileName", item.artifact().fileName())
        .put("downloadLocation", location.contains("://") ? location : "NOASSERTION")
        .put("filesAnalyzed", false)
        .put(
            "checksums",
            new JsonValue.JsonArray(
                List.of(
                    JsonObject.builder()
                        .put("algorithm", "SHA256")
                        .put("checksumValue", item.artifact().sha256())
                        .build())))
        .put(
            "externalRefs",
            new JsonValue.JsonArray(
                List.of(
                    JsonObject.builder()
                        .put("referenceCategory", "PACKAGE-MANAGER")
                        .put("referenceType", "purl")
                        .put("referenceLocator", Subject.packageUrl(item))
                        .build())))
        .build();
  }

  /// Names are normalised, so that letters, digits and `-` are all there is.
  private static String id(String name) {
    return "SPDXRef-Package-" + name;
  }

  private static JsonObject relation(String from, String type, String to) {
    return JsonObject.builder()
        .put("spdxElementId", from)
        .put("relationshipType", type)
        .put("relatedSpdxElement", to)
        .build();
  }
}

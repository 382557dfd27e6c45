package dev.terroir.image.sbom;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Locked;
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
    for (var item : subject.lock().everything()) {
      packages.add(entry(item));
      relations.add(relation("SPDXRef-image", "CONTAINS", id(item)));
      for (var by : item.requiredBy()) {
        subject
            .requirer(item, by)
            .ifPresent(found -> relations.add(relation(id(found), "DEPENDS_ON", id(item))));
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

  private static JsonObject entry(Locked item) {
    var location = Subject.distribution(item);
    var md5 = Subject.md5(item);
    var entry = JsonObject.builder();
    if (item instanceof CondaPackage conda && conda.license() != null) {
      // Whether a channel's text is an expression of SPDX, nobody has checked.
      entry.put("licenseComments", conda.license());
    }
    return JsonObject.builder()
        .put("SPDXID", id(item))
        .put("name", item.name())
        .put("versionInfo", item.version())
        .put("packageFileName", item.fileName())
        .put("downloadLocation", location.contains("://") ? location : "NOASSERTION")
        .put("filesAnalyzed", false)
        .putAll(entry.build())
        .put(
            "checksums",
            new JsonValue.JsonArray(
                List.of(
                    JsonObject.builder()
                        .put("algorithm", md5 == null ? "SHA256" : "MD5")
                        .put("checksumValue", md5 == null ? item.digest() : md5)
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

  /// Names of an index are normalised, so that letters, digits and `-` are all there is.
  private static String id(Locked item) {
    return switch (item) {
      case LockedPackage wheel -> "SPDXRef-Package-" + wheel.name();
      case CondaPackage conda -> "SPDXRef-Conda-" + conda.name().replaceAll("[^A-Za-z0-9.-]", "-.");
    };
  }

  private static JsonObject relation(String from, String type, String to) {
    return JsonObject.builder()
        .put("spdxElementId", from)
        .put("relationshipType", type)
        .put("relatedSpdxElement", to)
        .build();
  }
}

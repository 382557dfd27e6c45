package dev.terroir.lock;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;

/// The conda side of a lock's file.
///
/// @since 0.1
public final class CondaJson {
  private CondaJson() {}

  static JsonObject of(CondaPart part) {
    return JsonObject.builder()
        .put("specs", part.specs())
        .put("channels", part.channels())
        .put("channelPriority", part.channelPriority())
        .put("virtualPackages", part.virtualPackages())
        .put(
            "packages",
            new JsonValue.JsonArray(
                part.packages().stream().<JsonValue>map(CondaJson::packageJson).toList()))
        .put("fromIndex", JsonValue.ofStrings(part.fromIndex()))
        .build();
  }

  /// One package as a lock has it.
  public static JsonObject packageJson(CondaPackage item) {
    var json =
        JsonObject.builder()
            .put("name", item.name())
            .put("version", item.version())
            .put("build", item.build())
            .put("buildNumber", item.buildNumber())
            .put("subdir", item.subdir())
            .put("channel", item.channel())
            .put("url", item.url())
            .put("sha256", item.sha256())
            .put("md5", item.md5())
            .put("size", item.sizeBytes())
            .put("depends", item.depends())
            .put("constrains", item.constrains())
            .put("noarch", item.noarch());
    if (item.sitePackagesPath() != null) {
      json.put("sitePackagesPath", item.sitePackagesPath());
    }
    return json.put("license", item.license())
        .put("timestamp", item.timestampMillis())
        .put(
            "distributions",
            new JsonValue.JsonArray(
                item.distributions().stream()
                    .<JsonValue>map(one ->
                        JsonObject.builder()
                            .put("name", one.name())
                            .put("version", one.version())
                            .build())
                    .toList()))
        .put("requiredBy", item.requiredBy())
        .build();
  }

  static CondaPart read(JsonObject json) {
    return new CondaPart(
        json.strings("specs"),
        json.strings("channels"),
        json.string("channelPriority"),
        json.strings("virtualPackages"),
        json.objects("packages").stream().map(CondaJson::packageOf).toList(),
        json.stringMap("fromIndex"));
  }

  /// Reads what [#packageJson] writes, also without `distributions` and `requiredBy`.
  ///
  /// @throws LockException code `invalid-lock` for digests that are none
  public static CondaPackage packageOf(JsonObject json) {
    var sha256 = json.optionalString("sha256").orElse(null);
    var md5 = json.optionalString("md5").orElse(null);
    if (sha256 == null ? md5 == null : !sha256.matches("[0-9a-f]{64}")) {
      throw LockFile.invalid("`sha256` must be 64 hex digits", json.place("sha256"));
    }
    if (md5 != null && !md5.matches("[0-9a-f]{32}")) {
      throw LockFile.invalid("`md5` must be 32 hex digits", json.place("md5"));
    }
    return new CondaPackage(
        json.string("name"),
        json.string("version"),
        json.string("build"),
        json.longValue("buildNumber"),
        json.string("subdir"),
        json.string("channel"),
        json.string("url"),
        sha256,
        md5,
        json.longValue("size"),
        json.strings("depends"),
        json.strings("constrains"),
        json.optionalString("noarch").orElse(null),
        json.optionalString("sitePackagesPath").orElse(null),
        json.optionalString("license").orElse(null),
        json.longValue("timestamp"),
        json.objects("distributions").stream()
            .map(one -> new CondaPackage.Distribution(one.string("name"), one.string("version")))
            .toList(),
        json.strings("requiredBy"));
  }
}

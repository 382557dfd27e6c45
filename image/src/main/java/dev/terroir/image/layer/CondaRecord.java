package dev.terroir.image.layer;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.image.conda.PackageInfo;
import dev.terroir.image.conda.PackagePath;
import dev.terroir.lock.CondaPackage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The record of an installed conda package, `conda-meta/name-version-build.json`, as rattler and
/// conda write it, but that it names no folder of a machine and no request: the same package has
/// the same record in every environment.
///
/// Spec: CEP 34; conda, `PrefixRecord`.
final class CondaRecord {
  /// Fields that a lock does not hold and that the package itself tells.
  private static final List<String> OF_INDEX =
      List.of("arch", "features", "license_family", "platform");

  /// The order of paths in a record: by their components.
  static final Comparator<String> ORDER = Comparator.comparing(path -> path.replace('/', '\0'));

  private static final int COPIED = 3;

  /// A path of the record.
  ///
  /// @param type the word for what it is
  /// @param sha256 of the content in the archive, or null
  /// @param sha256InPrefix of the content in the environment, or null
  /// @param sizeBytes in the environment, or -1
  /// @param origin as the package lists it, or null for what was made
  record Path(
      String path,
      String type,
      @Nullable String sha256,
      @Nullable String sha256InPrefix,
      long sizeBytes,
      @Nullable PackagePath origin) {}

  private CondaRecord() {}

  /// Where it lies, relative to the prefix.
  static String path(CondaPackage locked) {
    return "conda-meta/" + locked.stem() + ".json";
  }

  /// Everything of the lock that the record repeats.
  static String identity(CondaPackage locked) {
    return JsonWriter.compact(head(locked, JsonObject.EMPTY, null).build());
  }

  /// Whether a package may be a `noarch: python` one; some lists do not say.
  static boolean mayFollowPython(CondaPackage locked) {
    return locked.isNoarchPython() || (locked.noarch() == null && locked.subdir().equals("noarch"));
  }

  private static JsonObject.Builder head(
      CondaPackage locked, JsonObject index, @Nullable String archiveSha256) {
    var fields = new TreeMap<String, JsonValue>();
    var platform = locked.subdir().split("-", 2);
    if (platform.length == 2) {
      put(fields, "platform", platform[0]);
      put(fields, "arch", platform[1].equals("64") ? "x86_64" : platform[1]);
    }
    for (var key : OF_INDEX) {
      index.optionalString(key).ifPresent(value -> put(fields, key, value));
    }
    put(fields, "build", locked.build());
    fields.put("build_number", JsonValue.JsonNumber.of(locked.buildNumber()));
    fields.put("depends", JsonValue.JsonArray.ofStrings(locked.depends()));
    if (!locked.constrains().isEmpty()) {
      fields.put("constrains", JsonValue.JsonArray.ofStrings(locked.constrains()));
    }
    put(fields, "license", locked.license());
    put(fields, "md5", locked.md5());
    put(fields, "name", locked.name());
    put(fields, "noarch", locked.noarch());
    put(fields, "python_site_packages_path", locked.sitePackagesPath());
    put(fields, "sha256", locked.sha256() == null ? archiveSha256 : locked.sha256());
    if (locked.sizeBytes() >= 0) {
      fields.put("size", JsonValue.JsonNumber.of(locked.sizeBytes()));
    }
    put(fields, "subdir", locked.subdir());
    if (locked.timestampMillis() >= 0) {
      fields.put("timestamp", JsonValue.JsonNumber.of(locked.timestampMillis()));
    }
    index
        .optionalString("track_features")
        .filter(text -> !text.isBlank())
        .ifPresent(text -> put(fields, "track_features", text));
    put(fields, "version", locked.version());
    var head = JsonObject.builder();
    fields.forEach(head::put);
    return head.put("fn", locked.fileName())
        .put("url", url(locked))
        .put("channel", channel(locked));
  }

  private static void put(Map<String, JsonValue> fields, String key, @Nullable String value) {
    if (value != null) {
      fields.put(key, new JsonValue.JsonString(value));
    }
  }

  /// A folder of this machine would say nothing elsewhere, and make another layer of the same
  /// package; only its own name is kept.
  private static String channel(CondaPackage locked) {
    var channel = locked.channel();
    if (!channel.startsWith("file:") && !channel.startsWith("/")) {
      return channel;
    }
    var path = channel.replaceAll("/+$", "");
    return "file:///" + path.substring(path.lastIndexOf('/') + 1);
  }

  private static String url(CondaPackage locked) {
    if (!locked.url().startsWith("file:")) {
      return locked.url();
    }
    var channel = channel(locked);
    return (channel.startsWith("file:") ? channel + "/" : "file:///")
        + locked.subdir()
        + "/"
        + locked.fileName();
  }

  /// The record's text.
  ///
  /// @param paths what of the package is in the environment, by path
  static String of(
      CondaPackage locked, PackageInfo info, String archiveSha256, Map<String, Path> paths) {
    var entries = new ArrayList<JsonValue>();
    paths.values().forEach(path -> entries.add(entry(path)));
    return JsonWriter.indented(
        head(locked, info.index(), archiveSha256)
            .put("requested_specs", List.of())
            .put("files", List.copyOf(paths.keySet()))
            .put(
                "paths_data",
                JsonObject.builder()
                    .put("paths_version", 1)
                    .put("paths", new JsonValue.JsonArray(entries))
                    .build())
            .put("link", JsonObject.builder().put("source", "").put("type", COPIED).build())
            .build(),
        2);
  }

  private static JsonObject entry(Path path) {
    var entry = JsonObject.builder().put("_path", path.path()).put("path_type", path.type());
    if (path.sha256() != null) {
      entry.put("sha256", path.sha256());
    }
    if (path.sha256InPrefix() != null) {
      entry.put("sha256_in_prefix", path.sha256InPrefix());
    }
    if (path.sizeBytes() >= 0) {
      entry.put("size_in_bytes", path.sizeBytes());
    }
    var origin = path.origin();
    if (origin != null) {
      if (origin.isNoLink()) {
        entry.put("no_link", true);
      }
      if (origin.placeholder() != null && origin.mode() != null) {
        entry.put("file_mode", origin.mode().word());
        entry.put("prefix_placeholder", origin.placeholder());
      }
    }
    return entry.build();
  }
}

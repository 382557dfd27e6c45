package dev.terroir.lock.exchange;

import dev.terroir.environment.yaml.Yaml;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.lock.RepositoryCommit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `conda-lock.yml`, and rattler's lock up to version 3, which has the same shape: `metadata`, and
/// a `package` for every name and platform.
///
/// Spec: conda-lock, `lockfile/v1/models.py`; rattler, `parse/v3.rs`.
final class CondaLockText {
  private static final Set<String> CONDA =
      Set.of(
          "name",
          "version",
          "manager",
          "platform",
          "dependencies",
          "url",
          "hash",
          "category",
          "build",
          "subdir",
          "constrains",
          "license",
          "noarch",
          "size",
          "timestamp",
          "purls");
  private static final Set<String> PYPI =
      Set.of(
          "name",
          "version",
          "manager",
          "platform",
          "dependencies",
          "requires_dist",
          "requires_python",
          "url",
          "hash",
          "category");

  private final Map<String, Map<String, List<LockDocument.Use>>> categories = new LinkedHashMap<>();

  private CondaLockText() {}

  static LockDocument read(JsonObject root, long version) {
    return new CondaLockText().document(root, version);
  }

  private LockDocument document(JsonObject root, long version) {
    categories.put(LockDocument.MAIN, new LinkedHashMap<>());
    var metadata = Fields.object(root, "metadata");
    var platforms = new LinkedHashSet<String>();
    for (var platform : Fields.texts(metadata, "platforms")) {
      platforms.add(subdir(platform, metadata.place("platforms")));
    }
    for (var item : Fields.objects(root, "package")) {
      platforms.add(item(item));
    }
    var channels = Channels.read(metadata);
    var rest =
        Fields.without(root, Set.of("version", "package")).toBuilder()
            .put("metadata", Fields.without(metadata, Set.of("channels", "platforms")));
    return new LockDocument(
        LockDocument.Format.CONDA_LOCK,
        version,
        platforms.stream().map(LockDocument.PlatformEntry::of).toList(),
        categories.entrySet().stream()
            .map(entry ->
                new LockDocument.EnvironmentEntry(
                    entry.getKey(), channels, List.of(), entry.getValue(), JsonObject.EMPTY))
            .toList(),
        List.of(),
        rest.build());
  }

  private static String subdir(String text, Place place) {
    if (!Subdirs.isKnown(text)) {
      throw Fields.bad("`" + text + "` is no platform of conda", place);
    }
    return text;
  }

  private String item(JsonObject item) {
    var platform = subdir(Fields.required(item, "platform"), item.place("platform"));
    var manager = Fields.required(item, "manager");
    var hash = Fields.object(item, "hash");
    var location = Fields.required(item, "url");
    var oddHash = Fields.without(hash, Set.of("md5", "sha256"));
    LockEntry entry =
        switch (manager) {
          case "conda" -> {
            var more = more(item, CONDA, oddHash);
            var parts = LockEntry.Conda.parts(location);
            var build = Fields.text(item, "build");
            var subdir = Fields.text(item, "subdir");
            yield new LockEntry.Conda(
                Fields.bare(location),
                Fields.required(item, "name"),
                Fields.required(item, "version"),
                build != null ? build : parts.map(name -> name.build()).orElse(null),
                subdir != null ? subdir : LockEntry.Conda.folder(location).orElse(platform),
                Fields.digest(hash, "sha256"),
                Fields.digest(hash, "md5"),
                Fields.number(item, "size"),
                dependencies(item, "dependencies"),
                dependencies(item, "constrains"),
                Fields.text(item, "noarch"),
                Fields.text(item, "license"),
                Fields.number(item, "timestamp"),
                item.has("purls") ? Fields.texts(item, "purls") : null,
                more);
          }
          case "pip", "pypi" ->
              new LockEntry.Pypi(
                  Fields.bare(location),
                  Fields.required(item, "name"),
                  Fields.text(item, "version"),
                  Fields.digest(hash, "sha256"),
                  Fields.digest(hash, "md5"),
                  dependencies(item, item.has("requires_dist") ? "requires_dist" : "dependencies"),
                  Fields.text(item, "requires_python"),
                  more(item, PYPI, oddHash));
          default ->
              throw Fields.bad(
                  "`" + manager + "` is no manager of packages; conda-lock has `conda` and `pip`",
                  item.place("manager"));
        };
    var category = Fields.text(item, "category");
    categories
        .computeIfAbsent(
            category == null ? LockDocument.MAIN : category, _ -> new LinkedHashMap<>())
        .computeIfAbsent(platform, _ -> new ArrayList<>())
        .add(new LockDocument.Use(entry, JsonObject.EMPTY, Fields.place(item)));
    return platform;
  }

  private static JsonObject more(JsonObject item, Set<String> known, JsonObject oddHash) {
    var more = Fields.without(item, known);
    return oddHash.isEmpty() ? more : more.toBuilder().put("hash", oddHash).build();
  }

  /// A mapping of names to versions, or a list of specs.
  private static List<String> dependencies(JsonObject item, String key) {
    var value = item.get(key).orElse(JsonValue.NULL);
    if (!(value instanceof JsonObject map)) {
      return Fields.texts(item, key);
    }
    var list = new ArrayList<String>();
    for (var name : map.members().keySet()) {
      var versions = Fields.text(map, name);
      list.add(versions == null || versions.isEmpty() ? name : name + " " + versions);
    }
    return list;
  }

  static String write(LockDocument document) {
    var isOwn = document.format() == LockDocument.Format.CONDA_LOCK;
    if (!isOwn && document.environments().size() != 1) {
      throw Fields.bad(
          "conda-lock's file holds one environment, and there are "
              + document.environments().size(),
          Place.of("the export"));
    }
    var first = document.environments().getFirst();
    var metadata = JsonObject.builder();
    var kept = isOwn ? Fields.object(document.more(), "metadata") : JsonObject.EMPTY;
    if (!isOwn || kept.has("content_hash")) {
      metadata.put(
          "content_hash",
          isOwn ? kept.get("content_hash").orElse(JsonValue.NULL) : contentHash(document));
    }
    metadata.put("channels", Channels.write(first.channels(), isOwn, true));
    metadata.put(
        "platforms",
        document.platforms().stream().map(LockDocument.PlatformEntry::subdir).toList());
    if (!isOwn) {
      metadata.put("sources", List.of());
    }
    kept.members().forEach(metadata::put);
    var root =
        JsonObject.builder()
            .put("version", isOwn ? document.version() : 1)
            .put("metadata", metadata.build())
            .put("package", new JsonValue.JsonArray(packages(document, isOwn)));
    if (isOwn) {
      Fields.without(document.more(), Set.of("metadata")).members().forEach(root::put);
    }
    return Yaml.write(root.build());
  }

  private static JsonValue contentHash(LockDocument document) {
    var hash = JsonObject.builder();
    var known = Fields.text(document.more(), "contentHash");
    for (var platform : document.platforms()) {
      hash.put(platform.subdir(), known == null ? "0".repeat(64) : known);
    }
    return hash.build();
  }

  /// A step of writing: what is left of one category's packages for one platform.
  private record Row(String category, String platform, List<LockDocument.Use> left) {
    String key() {
      var next = left.getFirst().entry();
      return (next instanceof LockEntry.Pypi ? "1 " : "0 ") + next.name();
    }
  }

  /// All packages, merged so that one name stands together over the platforms as conda-lock writes
  /// it, while the order within each platform stays.
  private static List<JsonValue> packages(LockDocument document, boolean isOwn) {
    var rows = new ArrayList<Row>();
    for (var environment : document.environments()) {
      environment
          .packages()
          .forEach((platform, uses) ->
              rows.add(
                  new Row(
                      isOwn ? environment.name() : LockDocument.MAIN,
                      document
                          .platform(platform)
                          .map(LockDocument.PlatformEntry::subdir)
                          .orElse(platform),
                      new ArrayList<>(uses))));
    }
    rows.removeIf(row -> row.left().isEmpty());
    rows.sort((a, b) -> a.platform().compareTo(b.platform()));
    var out = new ArrayList<JsonValue>();
    while (!rows.isEmpty()) {
      var best = rows.getFirst();
      for (var row : rows) {
        if (row.key().compareTo(best.key()) < 0) {
          best = row;
        }
      }
      out.add(item(best.left().removeFirst(), best, document, isOwn));
      if (best.left().isEmpty()) {
        rows.remove(best);
      }
    }
    return out;
  }

  private static JsonObject item(
      LockDocument.Use use, Row row, LockDocument document, boolean isOwn) {
    var json = JsonObject.builder();
    var entry = use.entry();
    json.put("name", entry.name());
    switch (entry) {
      case LockEntry.Conda conda -> {
        json.put("version", conda.version());
        json.put("manager", "conda");
        json.put("platform", row.platform());
        json.put("dependencies", dependencyJson(conda.depends(), document, isOwn));
        json.put("url", conda.location());
        json.put("hash", hash(conda.md5(), conda.sha256(), conda.more()));
        json.put("category", row.category());
        putIfDifferent(
            json,
            "build",
            conda.build(),
            LockEntry.Conda.parts(conda.location()).map(name -> name.build()).orElse(null));
        putIfDifferent(
            json,
            "subdir",
            conda.subdir(),
            LockEntry.Conda.folder(conda.location()).orElse(row.platform()));
        if (isOwn) {
          extended(json, conda, document);
        }
      }
      case LockEntry.Pypi pypi -> {
        if (pypi.version() == null) {
          throw Fields.bad(
              "`" + pypi.name() + "` has no version, which conda-lock's file needs", use.place());
        }
        json.put("version", pypi.version());
        json.put("manager", isOwn && document.version() > 1 ? "pypi" : "pip");
        json.put("platform", row.platform());
        json.put("dependencies", dependencyJson(pypi.requires(), document, isOwn));
        json.put("url", pypi.location());
        // For a repository conda-lock itself writes the commit there.
        json.put(
            "hash",
            hash(
                pypi.md5(),
                isOwn
                    ? pypi.sha256()
                    : pypi.commit().map(RepositoryCommit::commit).orElse(pypi.sha256()),
                pypi.more()));
        json.put("category", row.category());
        if (isOwn && pypi.requiresPython() != null) {
          json.put("requires_python", pypi.requiresPython());
        }
      }
      case LockEntry.Source source ->
          throw Fields.bad(
              "`" + source.name() + "` is built of its source, which conda-lock's file cannot say",
              use.place());
    }
    if (isOwn) {
      Fields.without(entry.more(), Set.of("hash")).members().forEach(json::put);
    } else {
      json.put("optional", false);
    }
    return json.build();
  }

  private static void extended(
      JsonObject.Builder json, LockEntry.Conda conda, LockDocument document) {
    if (!conda.constrains().isEmpty()) {
      json.put("constrains", dependencyJson(conda.constrains(), document, true));
    }
    if (conda.license() != null) {
      json.put("license", conda.license());
    }
    if (conda.noarch() != null) {
      json.put("noarch", conda.noarch());
    }
    if (conda.sizeBytes() >= 0) {
      json.put("size", conda.sizeBytes());
    }
    if (conda.timestampMillis() >= 0) {
      json.put("timestamp", conda.timestampMillis());
    }
    if (conda.purls() != null) {
      json.put("purls", conda.purls());
    }
  }

  private static void putIfDifferent(
      JsonObject.Builder json, String key, @Nullable String value, @Nullable String derived) {
    if (value != null && !value.equals(derived)) {
      json.put(key, value);
    }
  }

  private static JsonObject hash(@Nullable String md5, @Nullable String sha256, JsonObject more) {
    var hash = JsonObject.builder();
    if (md5 != null) {
      hash.put("md5", md5);
    }
    if (sha256 != null) {
      hash.put("sha256", sha256);
    }
    return hash.putAll(Fields.object(more, "hash")).build();
  }

  /// A mapping, unless a name stands in it twice, which only the list of later versions can say.
  private static JsonValue dependencyJson(
      List<String> specs, LockDocument document, boolean isOwn) {
    var map = new LinkedHashMap<String, String>();
    for (var spec : specs) {
      // Read here, a name ends at the first space; written by others, it may end at an operator.
      var name = spec.split(isOwn ? " " : "[\\s<>=!~;\\[(]", 2)[0];
      var versions = spec.substring(name.length()).strip();
      var other = map.put(name, versions);
      if (other != null) {
        if (isOwn) {
          return JsonValue.JsonArray.ofStrings(specs);
        }
        map.put(
            name,
            other.isEmpty() || versions.isEmpty() ? other + versions : other + "," + versions);
      }
    }
    return isOwn && document.version() > 1
        ? JsonValue.JsonArray.ofStrings(specs)
        : JsonValue.ofStrings(map);
  }
}

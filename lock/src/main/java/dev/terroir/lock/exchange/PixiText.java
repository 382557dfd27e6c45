package dev.terroir.lock.exchange;

import dev.terroir.environment.requirement.Requirement;
import dev.terroir.environment.yaml.Yaml;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.lock.RepositoryCommit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `pixi.lock`, rattler's lock from version 4 on: environments that name the packages of each
/// platform, and `packages` that describe them.
///
/// Up to version 5 a description begins with `kind`, later with the location under the key of its
/// kind; from version 7 on platforms have names of their own.
///
/// Spec: rattler, `rattler_lock`, `parse/deserialize.rs` and `models/v5` to `v7`.
final class PixiText {
  /// The newest version that is known.
  static final long NEWEST = 7;

  /// The version that is written of what was no `pixi.lock` before.
  private static final long WRITTEN = 6;

  private static final Set<String> CONDA =
      Set.of(
          "kind",
          "conda",
          "url",
          "name",
          "version",
          "build",
          "subdir",
          "sha256",
          "md5",
          "size",
          "depends",
          "constrains",
          "noarch",
          "license",
          "timestamp",
          "purls");
  private static final Set<String> PYPI =
      Set.of(
          "kind",
          "pypi",
          "url",
          "path",
          "name",
          "version",
          "sha256",
          "md5",
          "requires_dist",
          "requires_python");
  private static final Pattern NAME = Pattern.compile("(?U)[\\p{Alnum}_-]+");
  private static final List<String> KEYS = List.of("conda", "conda_source", "pypi");

  private final long version;
  private final Map<String, List<LockEntry>> described = new HashMap<>();

  // By identity, since two descriptions may say the same.
  private final Set<LockEntry> used =
      java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());

  private PixiText(long version) {
    this.version = version;
  }

  static LockDocument read(JsonObject root, long version) {
    return new PixiText(version).document(root);
  }

  private LockDocument document(JsonObject root) {
    var entries = new ArrayList<LockEntry>();
    for (var item : Fields.objects(root, "packages")) {
      var entry = version < 6 ? kindFirst(item) : locationFirst(item);
      entries.add(entry);
      described
          .computeIfAbsent(key(entry) + " " + entry.location(), _ -> new ArrayList<>())
          .add(entry);
    }
    var platforms = new LinkedHashMap<String, LockDocument.PlatformEntry>();
    if (version >= 7) {
      for (var item : Fields.objects(root, "platforms")) {
        var platform = platform(item);
        if (platforms.put(platform.name(), platform) != null) {
          throw Fields.bad(
              "the platform `" + platform.name() + "` is described twice", item.place("name"));
        }
      }
    }
    var environments = new ArrayList<LockDocument.EnvironmentEntry>();
    var all = Fields.object(root, "environments");
    for (var name : all.members().keySet()) {
      environments.add(environment(name, Fields.object(all, name), platforms));
    }
    if (environments.isEmpty()) {
      throw Fields.bad("the lock has no environment", root.place("environments"));
    }
    return new LockDocument(
        LockDocument.Format.PIXI,
        version,
        List.copyOf(platforms.values()),
        environments,
        entries.stream().filter(entry -> !used.contains(entry)).toList(),
        Fields.without(root, Set.of("version", "platforms", "environments", "packages")));
  }

  private static LockDocument.PlatformEntry platform(JsonObject item) {
    var name = Fields.required(item, "name");
    var subdir = Fields.text(item, "subdir");
    if (!NAME.matcher(name).matches()) {
      throw Fields.bad(
          "`" + name + "` cannot name a platform; letters, digits, `_` and `-` can",
          item.place("name"));
    }
    var folder = subdir == null ? name : subdir;
    if (!Subdirs.isKnown(folder)) {
      throw Fields.bad(
          "`" + folder + "` is no platform of conda",
          item.place(subdir == null ? "name" : "subdir"));
    }
    return new LockDocument.PlatformEntry(
        name,
        folder,
        Fields.texts(item, "virtual-packages"),
        Fields.without(item, Set.of("name", "subdir", "virtual-packages")));
  }

  private LockDocument.EnvironmentEntry environment(
      String name, JsonObject json, Map<String, LockDocument.PlatformEntry> platforms) {
    var packages = new LinkedHashMap<String, List<LockDocument.Use>>();
    var perPlatform = Fields.object(json, "packages");
    for (var platform : perPlatform.members().keySet()) {
      if (!platforms.containsKey(platform)) {
        if (version >= 7) {
          throw Fields.bad(
              "the platform `" + platform + "` is not described under `platforms`",
              perPlatform.place(platform));
        }
        if (!Subdirs.isKnown(platform)) {
          throw Fields.bad(
              "`" + platform + "` is no platform of conda", perPlatform.place(platform));
        }
        platforms.put(platform, LockDocument.PlatformEntry.of(platform));
      }
      var uses = new ArrayList<LockDocument.Use>();
      for (var item : Fields.objects(perPlatform, platform)) {
        uses.add(use(item));
      }
      packages.put(platform, uses);
    }
    return new LockDocument.EnvironmentEntry(
        name,
        Channels.read(json),
        Fields.texts(json, "indexes").stream().map(Fields::bare).toList(),
        packages,
        Fields.without(json, Set.of("channels", "indexes", "packages")));
  }

  private LockDocument.Use use(JsonObject item) {
    var key = keyOf(item);
    var location = Fields.bare(Fields.required(item, key));
    var found = described.getOrDefault(key + " " + location, List.of());
    if (found.isEmpty()) {
      throw Fields.bad("`" + location + "` is not described under `packages`", item.place(key));
    }
    // A name, build, variants and the like beside the location choose between its descriptions.
    var asked = Fields.without(item, Set.of(key, "extras"));
    var chosen =
        found.stream()
            .filter(entry ->
                asked.members().keySet().stream()
                    .allMatch(name -> asked.get(name).equals(said(entry, name))))
            .findFirst()
            .orElse(found.getFirst());
    used.add(chosen);
    return new LockDocument.Use(chosen, Fields.without(item, Set.of(key)), Fields.place(item));
  }

  /// What a description says under a key.
  private static Optional<JsonValue> said(LockEntry entry, String key) {
    if (!(entry instanceof LockEntry.Conda conda)) {
      return key.equals("name") ? Optional.of(JsonValue.of(entry.name())) : entry.more().get(key);
    }
    return switch (key) {
      case "name" -> Optional.of(JsonValue.of(conda.name()));
      case "version" -> Optional.of(JsonValue.of(conda.version()));
      case "build" -> Optional.ofNullable(conda.build()).map(JsonValue::of);
      case "subdir" -> Optional.ofNullable(conda.subdir()).map(JsonValue::of);
      default -> conda.more().get(key);
    };
  }

  private static String keyOf(JsonObject item) {
    var keys = KEYS.stream().filter(item::has).toList();
    if (keys.size() != 1) {
      throw Fields.bad(
          keys.isEmpty()
              ? "an entry must begin with `conda`, `conda_source` or `pypi`"
              : "an entry is either `" + keys.getFirst() + "` or `" + keys.getLast() + "`",
          Fields.place(item));
    }
    return keys.getFirst();
  }

  private static String key(LockEntry entry) {
    return switch (entry) {
      case LockEntry.Conda _ -> "conda";
      case LockEntry.Pypi _ -> "pypi";
      case LockEntry.Source source -> source.key();
    };
  }

  private static LockEntry kindFirst(JsonObject item) {
    var kind = Fields.required(item, "kind");
    return switch (kind) {
      case "conda" -> conda(Fields.required(item, "url"), item);
      case "pypi" -> {
        var url = Fields.text(item, "url");
        yield pypi(url == null ? Fields.required(item, "path") : url, item);
      }
      default ->
          throw Fields.bad(
              "`" + kind + "` is no kind of package; there are `conda` and `pypi`",
              item.place("kind"));
    };
  }

  private static LockEntry locationFirst(JsonObject item) {
    var key = keyOf(item);
    var location = Fields.required(item, key);
    return switch (key) {
      case "pypi" -> pypi(location, item);
      case "conda_source" ->
          new LockEntry.Source(
              key,
              location,
              location.replaceFirst("\\s*[\\[@].*", "").strip(),
              Fields.without(item, Set.of(key)));
      default -> {
        if (LockEntry.Conda.parts(location).isPresent()) {
          yield conda(location, item);
        }
        var name = Fields.text(item, "name");
        yield new LockEntry.Source(
            key, location, name == null ? location : name, Fields.without(item, Set.of(key)));
      }
    };
  }

  private static LockEntry conda(String location, JsonObject item) {
    var parts = LockEntry.Conda.parts(location);
    var name = Fields.text(item, "name");
    var version = Fields.text(item, "version");
    var build = Fields.text(item, "build");
    var subdir = Fields.text(item, "subdir");
    if (parts.isEmpty() && (name == null || version == null)) {
      throw Fields.bad(
          "the location names no archive of a conda package, and `name` or `version` is missing",
          Fields.place(item));
    }
    return new LockEntry.Conda(
        Fields.bare(location),
        name != null ? name : parts.map(file -> file.name()).orElse(""),
        version != null ? version : parts.map(file -> file.version()).orElse(""),
        build != null ? build : parts.map(file -> file.build()).orElse(null),
        subdir != null ? subdir : LockEntry.Conda.folder(location).orElse(null),
        Fields.digest(item, "sha256"),
        Fields.digest(item, "md5"),
        Fields.number(item, "size"),
        Fields.texts(item, "depends"),
        Fields.texts(item, "constrains"),
        Fields.text(item, "noarch"),
        Fields.text(item, "license"),
        Fields.number(item, "timestamp"),
        item.has("purls") ? Fields.texts(item, "purls") : null,
        Fields.without(item, CONDA));
  }

  private static LockEntry pypi(String location, JsonObject item) {
    return new LockEntry.Pypi(
        Fields.bare(location),
        Fields.required(item, "name"),
        Fields.text(item, "version"),
        Fields.digest(item, "sha256"),
        Fields.digest(item, "md5"),
        Fields.texts(item, "requires_dist"),
        Fields.text(item, "requires_python"),
        Fields.without(item, PYPI));
  }

  static String write(LockDocument document) {
    var isOwn = document.format() == LockDocument.Format.PIXI;
    var version = isOwn ? document.version() : WRITTEN;
    var root = JsonObject.builder().put("version", version);
    if (version >= 7) {
      root.put(
          "platforms",
          new JsonValue.JsonArray(
              document.platforms().stream().<JsonValue>map(PixiText::platformJson).toList()));
    }
    var environments = JsonObject.builder();
    for (var environment : document.environments()) {
      environments.put(
          isOwn || !environment.name().equals(LockDocument.MAIN)
              ? environment.name()
              : LockDocument.DEFAULT,
          environmentJson(environment, document, isOwn));
    }
    root.put("environments", environments.build());
    root.put("packages", new JsonValue.JsonArray(packages(document, version, isOwn)));
    if (isOwn) {
      document.more().members().forEach(root::put);
    }
    return Yaml.write(root.build());
  }

  private static JsonObject platformJson(LockDocument.PlatformEntry platform) {
    var json = JsonObject.builder().put("name", platform.name());
    if (!platform.subdir().equals(platform.name())) {
      json.put("subdir", platform.subdir());
    }
    if (!platform.virtualPackages().isEmpty()) {
      json.put("virtual-packages", platform.virtualPackages());
    }
    return json.putAll(platform.more()).build();
  }

  private static JsonObject environmentJson(
      LockDocument.EnvironmentEntry environment, LockDocument document, boolean isOwn) {
    var json = JsonObject.builder();
    json.put("channels", Channels.write(environment.channels(), isOwn, false));
    if (!environment.indexes().isEmpty()) {
      json.put("indexes", environment.indexes());
    }
    if (isOwn) {
      environment.more().members().forEach(json::put);
    }
    var packages = JsonObject.builder();
    for (var platform : environment.packages().keySet()) {
      // A category of conda-lock comes on top of `main`; an environment of pixi has everything.
      var uses =
          isOwn
              ? environment.packages().getOrDefault(platform, List.of())
              : document.uses(environment.name(), platform);
      var items = new ArrayList<JsonValue>();
      for (var use : uses) {
        var item = JsonObject.builder().put(key(use.entry()), location(use.entry(), isOwn));
        items.add((isOwn ? item.putAll(use.more()) : item).build());
      }
      packages.put(platform, new JsonValue.JsonArray(items));
    }
    return json.put("packages", packages.build()).build();
  }

  /// A location as pixi writes it; its own stay as they are.
  private static String location(LockEntry entry, boolean isOwn) {
    return !isOwn && entry instanceof LockEntry.Pypi pypi
        ? RepositoryCommit.parse(pypi.location())
            .map(RepositoryCommit::pixiLocation)
            .orElse(pypi.location())
        : entry.location();
  }

  private static List<JsonValue> packages(LockDocument document, long version, boolean isOwn) {
    var entries = new LinkedHashSet<LockEntry>();
    var locations = new HashSet<String>();
    for (var environment : document.environments()) {
      for (var uses : environment.packages().values()) {
        for (var use : uses) {
          // Another format may say different things of one archive for each platform.
          if (isOwn || locations.add(use.entry().location())) {
            entries.add(use.entry());
          }
        }
      }
    }
    var sorted = new ArrayList<>(entries);
    sorted.sort((a, b) -> {
      var byKey = key(a).compareTo(key(b));
      return byKey != 0 ? byKey : a.location().compareTo(b.location());
    });
    sorted.addAll(document.unused());
    return sorted.stream().<JsonValue>map(entry -> json(entry, version, isOwn)).toList();
  }

  private static JsonObject json(LockEntry entry, long version, boolean isOwn) {
    var json = JsonObject.builder();
    switch (entry) {
      case LockEntry.Conda conda -> condaJson(json, conda, version);
      case LockEntry.Pypi pypi -> pypiJson(json, pypi, version, isOwn);
      case LockEntry.Source source -> json.put(source.key(), source.location());
    }
    if (isOwn) {
      entry.more().members().forEach(json::put);
    } else if (entry instanceof LockEntry.Conda conda) {
      for (var key : List.of("build_number", "python_site_packages_path")) {
        conda.more().get(key).ifPresent(value -> json.put(key, value));
      }
    }
    return json.build();
  }

  private static void condaJson(JsonObject.Builder json, LockEntry.Conda conda, long version) {
    var parts = LockEntry.Conda.parts(conda.location());
    var full = version < 6;
    if (full) {
      json.put("kind", "conda");
    } else {
      json.put("conda", conda.location());
    }
    put(json, full, "name", conda.name(), parts.map(name -> name.name()).orElse(null));
    put(json, full, "version", conda.version(), parts.map(name -> name.version()).orElse(null));
    put(json, full, "build", conda.build(), parts.map(name -> name.build()).orElse(null));
    put(
        json,
        full,
        "subdir",
        conda.subdir(),
        LockEntry.Conda.folder(conda.location()).orElse(null));
    if (conda.noarch() != null) {
      json.put("noarch", conda.noarch());
    }
    if (full) {
      json.put("url", conda.location());
    }
    digests(json, conda.sha256(), conda.md5());
    if (!conda.depends().isEmpty()) {
      json.put("depends", conda.depends());
    }
    if (!conda.constrains().isEmpty()) {
      json.put("constrains", conda.constrains());
    }
    if (conda.license() != null) {
      json.put("license", conda.license());
    }
    if (conda.purls() != null) {
      json.put("purls", conda.purls());
    }
    if (conda.sizeBytes() >= 0) {
      json.put("size", conda.sizeBytes());
    }
    if (conda.timestampMillis() >= 0) {
      json.put("timestamp", conda.timestampMillis());
    }
  }

  private static void pypiJson(
      JsonObject.Builder json, LockEntry.Pypi pypi, long version, boolean isOwn) {
    if (version < 6) {
      json.put("kind", "pypi");
    } else {
      json.put("pypi", location(pypi, isOwn));
    }
    json.put("name", pypi.name());
    if (pypi.version() != null) {
      json.put("version", pypi.version());
    }
    if (version < 6) {
      json.put(pypi.location().contains("://") ? "url" : "path", pypi.location());
    }
    digests(json, pypi.sha256(), pypi.md5());
    if (!pypi.requires().isEmpty()) {
      json.put(
          "requires_dist",
          isOwn ? pypi.requires() : pypi.requires().stream().map(PixiText::requirement).toList());
    }
    if (pypi.requiresPython() != null) {
      json.put("requires_python", pypi.requiresPython());
    }
  }

  // conda-lock writes versions as Poetry does (`*`, `>=2 || >3`), which are none of PEP 508; then
  // the
  // name alone is kept.
  private static String requirement(String text) {
    try {
      Requirement.parse(text);
      return text;
    } catch (Requirement.SyntaxException e) {
      return LockDocuments.specName(text);
    }
  }

  private static void digests(
      JsonObject.Builder json, @Nullable String sha256, @Nullable String md5) {
    if (sha256 != null) {
      json.put("sha256", sha256);
    }
    if (md5 != null) {
      json.put("md5", md5);
    }
  }

  private static void put(
      JsonObject.Builder json,
      boolean full,
      String key,
      @Nullable String value,
      @Nullable String derived) {
    if (value != null && (full || !value.equals(derived))) {
      json.put(key, value);
    }
  }
}

package dev.terroir.lock.exchange;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The JSON lock of mambajs, which micromamba installs too: `packages` by file name, channels by
/// name with their mirrors in `channelInfo`.
///
/// Spec: mambajs, `ILock`; versions 1.0.x.
final class MambaJsText {
  private static final Set<String> CONDA =
      Set.of("name", "version", "build", "subdir", "hash", "size", "depends", "constrains");
  private static final Set<String> PYPI = Set.of("name", "version", "url", "hash");

  private MambaJsText() {}

  static LockDocument read(JsonObject root) {
    var version = Fields.required(root, "lockVersion");
    if (!version.matches("1\\.0\\.[0-9]+")) {
      throw Fields.bad(
          "the lock is of version " + version + ", and 1.0 is what can be read",
          root.place("lockVersion"));
    }
    var platform = Fields.required(root, "platform");
    if (!Subdirs.isKnown(platform)) {
      throw Fields.bad("`" + platform + "` is no platform of conda", root.place("platform"));
    }
    var info = Fields.object(root, "channelInfo");
    var uses = new ArrayList<LockDocument.Use>();
    var conda = Fields.object(root, "packages");
    for (var file : conda.members().keySet()) {
      var item = Fields.object(conda, file);
      var hash = Fields.object(item, "hash");
      var subdir = Fields.required(item, "subdir");
      uses.add(
          new LockDocument.Use(
              new LockEntry.Conda(
                  channel(Fields.required(item, "channel"), info) + "/" + subdir + "/" + file,
                  Fields.required(item, "name"),
                  Fields.required(item, "version"),
                  Fields.text(item, "build"),
                  subdir,
                  Fields.digest(hash, "sha256"),
                  Fields.digest(hash, "md5"),
                  Fields.number(item, "size"),
                  Fields.texts(item, "depends"),
                  Fields.texts(item, "constrains"),
                  null,
                  null,
                  -1,
                  null,
                  Fields.without(item, CONDA)),
              JsonObject.EMPTY,
              conda.place(file)));
    }
    var pip = Fields.object(root, "pipPackages");
    for (var file : pip.members().keySet()) {
      var item = Fields.object(pip, file);
      var hash = Fields.object(item, "hash");
      uses.add(
          new LockDocument.Use(
              new LockEntry.Pypi(
                  Fields.bare(Fields.required(item, "url")),
                  Fields.required(item, "name"),
                  Fields.text(item, "version"),
                  Fields.digest(hash, "sha256"),
                  Fields.digest(hash, "md5"),
                  List.of(),
                  null,
                  Fields.without(item, PYPI).toBuilder().put("file", file).build()),
              JsonObject.EMPTY,
              pip.place(file)));
    }
    var packages = new LinkedHashMap<String, List<LockDocument.Use>>();
    packages.put(platform, uses);
    return new LockDocument(
        LockDocument.Format.MAMBAJS,
        1,
        List.of(LockDocument.PlatformEntry.of(platform)),
        List.of(
            new LockDocument.EnvironmentEntry(
                LockDocument.DEFAULT, Channels.read(root), List.of(), packages, JsonObject.EMPTY)),
        List.of(),
        Fields.without(root, Set.of("platform", "channels", "packages", "pipPackages")));
  }

  /// The first mirror of a channel, or its name.
  private static String channel(String name, JsonObject info) {
    var mirrors = info.has(name) ? Fields.objects(info, name) : List.<JsonObject>of();
    var url = mirrors.isEmpty() ? name : Fields.required(mirrors.getFirst(), "url");
    return Fields.bare(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
  }

  static String write(LockDocument document) {
    var environment = document.environments().getFirst();
    var conda = JsonObject.builder();
    var pip = JsonObject.builder();
    for (var uses : environment.packages().values()) {
      for (var use : uses) {
        switch (use.entry()) {
          case LockEntry.Conda item -> conda.put(item.fileName(), json(item));
          case LockEntry.Pypi item -> pip.put(Fields.required(item.more(), "file"), json(item));
          case LockEntry.Source item ->
              throw Fields.bad("`" + item.name() + "` has no archive", use.place());
        }
      }
    }
    var root = JsonObject.builder();
    document.more().get("lockVersion").ifPresent(version -> root.put("lockVersion", version));
    root.put("platform", document.platforms().getFirst().subdir());
    Fields.without(document.more(), Set.of("lockVersion")).members().forEach(root::put);
    root.put("channels", environment.channels().stream().map(LockDocument.Channel::url).toList());
    root.put("packages", conda.build()).put("pipPackages", pip.build());
    return JsonWriter.indented(root.build(), 2) + "\n";
  }

  private static JsonObject json(LockEntry.Conda item) {
    var json =
        JsonObject.builder()
            .put("name", item.name())
            .put("build", item.build())
            .put("version", item.version());
    if (item.subdir() != null) {
      json.put("subdir", item.subdir());
    }
    hash(json, item.md5(), item.sha256());
    if (item.sizeBytes() >= 0) {
      json.put("size", item.sizeBytes());
    }
    if (!item.depends().isEmpty()) {
      json.put("depends", item.depends());
    }
    if (!item.constrains().isEmpty()) {
      json.put("constrains", item.constrains());
    }
    return json.putAll(item.more()).build();
  }

  private static JsonObject json(LockEntry.Pypi item) {
    var json =
        JsonObject.builder()
            .put("name", item.name())
            .put("version", item.version())
            .put("url", item.location());
    hash(json, item.md5(), item.sha256());
    return json.putAll(Fields.without(item.more(), Set.of("file"))).build();
  }

  private static void hash(JsonObject.Builder json, @Nullable String md5, @Nullable String sha256) {
    if (md5 == null && sha256 == null) {
      return;
    }
    var hash = JsonObject.builder();
    if (md5 != null) {
      hash.put("md5", md5);
    }
    if (sha256 != null) {
      hash.put("sha256", sha256);
    }
    json.put("hash", (JsonValue) hash.build());
  }
}

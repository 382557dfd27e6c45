package dev.terroir.lock;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/// The file of a lock: JSON, keys in a fixed order, packages sorted by name, so that two read well
/// in a diff.
///
/// @since 0.1
public final class LockFile {
  /// The format's tag.
  public static final String FORMAT = "terroir-lock/1";

  private static final Set<String> KEYS =
      Set.of(
          "format",
          "digest",
          "definitionHash",
          "platform",
          "pythonVersion",
          "requirements",
          "options",
          "replacements",
          "packages",
          "conda",
          "tools");

  private LockFile() {}

  /// Writes a lock; the file appears whole.
  public static void write(Lock lock, Path file) {
    AtomicFiles.write(file, JsonWriter.indented(toJson(lock), 2) + "\n");
  }

  /// Whether a file says that it is a lock of Terroir. What it says first decides, so a broken one
  /// is still one.
  public static boolean isOne(Path file) {
    try (var in = Files.newInputStream(file)) {
      var head = new String(in.readNBytes(4096), StandardCharsets.UTF_8).strip();
      return head.startsWith("{") && head.contains("\"terroir-lock/");
    } catch (IOException e) {
      throw FoundationException.ofFile("the lock cannot be read", file, e);
    }
  }

  /// Reads a lock.
  ///
  /// @throws LockException code `invalid-lock` for unknown keys, another format, or a digest that
  ///   is not that of the content
  public static Lock read(Path file) {
    return ofJson(JsonReader.readObject(file));
  }

  /// A lock as it is written.
  public static JsonObject toJson(Lock lock) {
    var json =
        JsonObject.builder()
            .put("format", FORMAT)
            .put("digest", lock.digest().prefixed())
            .put("definitionHash", lock.definitionHash())
            .put("platform", lock.platform().toString())
            .put("pythonVersion", lock.pythonVersion())
            .put("requirements", lock.requirements())
            .put("options", lock.options())
            .put("replacements", JsonValue.ofStrings(lock.replacements()))
            .put(
                "packages",
                new JsonValue.JsonArray(
                    lock.packages().stream().<JsonValue>map(LockFile::packageJson).toList()));
    if (!lock.conda().equals(CondaPart.NONE)) {
      json.put("conda", CondaJson.of(lock.conda()));
    }
    return json.put("tools", JsonValue.ofStrings(lock.tools())).build();
  }

  private static JsonObject packageJson(LockedPackage item) {
    var artifact = item.artifact();
    return JsonObject.builder()
        .put("name", item.name())
        .put("version", item.version())
        .put("kind", artifact.kind())
        .put("url", artifact.url())
        .put("fileName", artifact.fileName())
        .put("sha256", artifact.sha256())
        .put("size", artifact.sizeBytes())
        .put("index", item.index())
        .put("requiredBy", item.requiredBy())
        .build();
  }

  /// Reads what [#toJson] writes.
  ///
  /// @throws LockException code `invalid-lock`, as [#read]
  public static Lock ofJson(JsonObject json) {
    if (!json.optionalString("format").orElse("").equals(FORMAT)) {
      throw invalid("the file is no lock of format " + FORMAT, json.place("format"));
    }
    for (var key : json.members().keySet()) {
      if (!KEYS.contains(key)) {
        throw invalid("a lock has no field `" + key + "`", json.place(key));
      }
    }
    var lock =
        new Lock(
            json.string("definitionHash"),
            Platform.parse(json.string("platform")),
            json.string("pythonVersion"),
            json.strings("requirements"),
            json.strings("options"),
            json.stringMap("replacements"),
            json.objects("packages").stream().map(LockFile::packageOf).toList(),
            json.optionalObject("conda").map(CondaJson::read).orElse(CondaPart.NONE),
            json.stringMap("tools"));
    if (!lock.digest().prefixed().equals(json.string("digest"))) {
      throw invalid(
          "the lock was changed by hand: its digest is not that of its packages",
          json.place("digest"));
    }
    return lock;
  }

  private static LockedPackage packageOf(JsonObject json) {
    if (!json.string("sha256").matches("[0-9a-f]{64}")) {
      throw invalid("`sha256` must be 64 hex digits", json.place("sha256"));
    }
    if (json.string("kind").equals(LockedPackage.VCS)
        && RepositoryCommit.parse(json.string("url")).isEmpty()) {
      throw invalid(
          "the `url` of a wheel of a repository must be `git+URL@COMMIT`", json.place("url"));
    }
    return new LockedPackage(
        json.string("name"),
        json.string("version"),
        new LockedPackage.Artifact(
            json.string("kind"),
            json.string("url"),
            json.string("fileName"),
            json.string("sha256"),
            json.longValue("size")),
        json.optionalString("index").orElse(null),
        json.strings("requiredBy"));
  }

  static LockException invalid(String what, Place place) {
    return new LockException(
        Problem.of(LockCode.INVALID_LOCK, what)
            .at(place)
            .hint("make it anew with `terroir environment lock --update`"));
  }
}

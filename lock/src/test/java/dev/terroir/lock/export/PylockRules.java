package dev.terroir.lock.export;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.DistributionVersion;
import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The rules of `pylock.toml`, to hold what is exported against them. For one thread.
///
/// Spec: Python packaging, "pylock.toml Specification" (PEP 751), lock version 1.0.
final class PylockRules {
  private final List<String> problems = new ArrayList<>();

  private PylockRules() {}

  /// What a document breaks; empty when it is valid.
  static List<String> problems(JsonObject document) {
    var rules = new PylockRules();
    rules.document(document);
    return rules.problems;
  }

  private void document(JsonObject document) {
    var version = text(document, "", "lock-version", true);
    if (version.isPresent() && !version.get().matches("1(\\.[0-9]+)*")) {
      add("", "version " + version.get() + " is not supported");
    }
    text(document, "", "created-by", true);
    specifiers(document, "");
    for (var marker : texts(document, "environments")) {
      marker(marker, "environments");
    }
    for (var key : List.of("extras", "dependency-groups", "default-groups")) {
      for (var name : texts(document, key)) {
        check(DistributionName.isNormalized(name), key, "`" + name + "` is not normalized");
      }
    }
    check(document.has("packages"), "", "packages is missing");
    var packages = elements(document, "", "packages");
    for (int i = 0; i < packages.size(); i++) {
      var at = "packages[" + i + "]";
      object(packages.get(i), at).ifPresent(item -> item(item, at));
    }
  }

  private void item(JsonObject item, String at) {
    var name = text(item, at, "name", true).orElse("");
    var version = text(item, at, "version", false).orElse("");
    check(DistributionName.isNormalized(name), at, "`" + name + "` is not normalized");
    check(version.isEmpty() || DistributionVersion.isValid(version), at, "no version: " + version);
    text(item, at, "index", false);
    text(item, at, "marker", false).ifPresent(marker -> marker(marker, at));
    specifiers(item, at);
    for (var dependency : elements(item, at, "dependencies")) {
      object(dependency, at + ".dependencies");
    }
    var sources = List.of("vcs", "directory", "archive").stream().filter(item::has).toList();
    if (item.has("sdist") || item.has("wheels")) {
      check(sources.isEmpty(), at, "vcs, directory and archive exclude sdist and wheels");
    } else {
      check(sources.size() == 1, at, "exactly one of vcs, directory and archive is needed");
    }
    object(item, at, "vcs")
        .ifPresent(vcs -> {
          text(vcs, at + ".vcs", "type", true);
          text(vcs, at + ".vcs", "commit-id", true);
          text(vcs, at + ".vcs", "requested-revision", false);
          location(vcs, at + ".vcs");
        });
    object(item, at, "directory")
        .ifPresent(directory -> {
          text(directory, at + ".directory", "path", true);
          check(
              directory.get("editable").map(JsonValue.JsonBoolean.class::isInstance).orElse(true),
              at + ".directory",
              "editable is no boolean");
        });
    object(item, at, "archive").ifPresent(archive -> file(archive, at + ".archive"));
    object(item, at, "sdist")
        .ifPresent(sdist -> {
          var file = file(sdist, at + ".sdist");
          var parsed = SdistFileName.parse(file);
          check(parsed.isPresent(), at + ".sdist", "`" + file + "` is no name of an sdist");
          parsed.ifPresent(it -> same(name, version, it.name(), it.version(), at + ".sdist"));
        });
    var wheels = elements(item, at, "wheels");
    for (int i = 0; i < wheels.size(); i++) {
      var below = at + ".wheels[" + i + "]";
      object(wheels.get(i), below)
          .ifPresent(wheel -> {
            var file = file(wheel, below);
            var parsed = WheelFileName.parse(file);
            check(parsed.isPresent(), below, "`" + file + "` is no name of a wheel");
            parsed.ifPresent(it -> same(name, version, it.name(), it.version(), below));
          });
    }
    var identities = elements(item, at, "attestation-identities");
    for (int i = 0; i < identities.size(); i++) {
      var below = at + ".attestation-identities[" + i + "]";
      object(identities.get(i), below).ifPresent(it -> text(it, below, "kind", true));
    }
    object(item, at, "tool");
  }

  private void same(String name, String version, String fileName, String fileVersion, String at) {
    check(fileName.equals(name), at, "the file is of `" + fileName + "`");
    check(
        version.isEmpty() || DistributionVersion.isSame(version, fileVersion),
        at,
        "the file is of version " + fileVersion);
  }

  /// Checks a file's table and returns the file's name.
  private String file(JsonObject file, String at) {
    var place = location(file, at);
    file.get("size")
        .ifPresent(size ->
            check(
                size instanceof JsonValue.JsonNumber number && number.text().matches("[0-9]+"),
                at,
                "size is no number of bytes"));
    var hashes = object(file, at, "hashes");
    check(hashes.isPresent() && !hashes.get().isEmpty(), at, "hashes are missing");
    hashes.ifPresent(all -> all.members().keySet().forEach(key -> text(all, at, key, true)));
    return text(file, at, "name", false).orElse(place.substring(place.lastIndexOf('/') + 1));
  }

  private String location(JsonObject file, String at) {
    var url = text(file, at, "url", false);
    var path = text(file, at, "path", false);
    check(url.isPresent() || path.isPresent(), at, "neither path nor url is there");
    return path.or(() -> url).orElse("");
  }

  private void specifiers(JsonObject object, String at) {
    text(object, at, "requires-python", false)
        .ifPresent(text -> check(isRequirement("x" + text), at, "no version specifiers: " + text));
  }

  private void marker(String text, String at) {
    check(isRequirement("x ; " + text), at, "no marker: " + text);
  }

  private static boolean isRequirement(String text) {
    try {
      Requirement.parse(text);
      return true;
    } catch (Requirement.SyntaxException e) {
      return false;
    }
  }

  private Optional<String> text(JsonObject object, String at, String key, boolean isRequired) {
    var value = object.get(key);
    if (value.isPresent() && value.get() instanceof JsonValue.JsonString(var text)) {
      return Optional.of(text);
    }
    check(value.isEmpty(), at, key + " is no string");
    check(value.isPresent() || !isRequired, at, key + " is missing");
    return Optional.empty();
  }

  private List<String> texts(JsonObject object, String key) {
    var texts = new ArrayList<String>();
    for (var element : elements(object, "", key)) {
      if (element instanceof JsonValue.JsonString(var text)) {
        texts.add(text);
      } else {
        add(key, "holds something else than strings");
      }
    }
    return texts;
  }

  private List<JsonValue> elements(JsonObject object, String at, String key) {
    var value = object.get(key);
    if (value.isPresent() && value.get() instanceof JsonValue.JsonArray(var elements)) {
      return elements;
    }
    check(value.isEmpty(), at, key + " is no list");
    return List.of();
  }

  private Optional<JsonObject> object(JsonObject object, String at, String key) {
    return object.get(key).flatMap(value -> object(value, at + "." + key));
  }

  private Optional<JsonObject> object(JsonValue value, String at) {
    if (value instanceof JsonObject object) {
      return Optional.of(object);
    }
    add(at, "is no table");
    return Optional.empty();
  }

  private void check(boolean holds, String at, String otherwise) {
    if (!holds) {
      add(at, otherwise);
    }
  }

  private void add(String at, String what) {
    problems.add(at + ": " + what);
  }
}

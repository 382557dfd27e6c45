package dev.terroir.image.registry;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One file of credentials that answers as several in sequence do: what an earlier one knows of a
/// registry, by an entry or by a helper, goes before what a later one knows of it. For one thread.
///
/// Where an earlier file has an entry for a part of a registry and a later one a helper for all of
/// it, the helper is left out: in one file it would go before the entry.
///
/// Spec: `containers-auth.json(5)`.
///
/// @since 0.1
public final class AuthFile {
  private final Map<String, JsonValue> auths = new LinkedHashMap<>();
  private final Map<String, JsonValue> helpers = new LinkedHashMap<>();
  private String store = "";

  /// Joins files.
  ///
  /// @param files in the order in which they are looked at; those that cannot be read are left out
  public static AuthFile of(List<Path> files) {
    var joined = new AuthFile();
    for (var file : files) {
      if (Files.isReadable(file)) {
        joined.add(JsonReader.readObject(file));
      }
    }
    return joined;
  }

  private void add(JsonObject json) {
    var entries = Set.copyOf(auths.keySet());
    var asked = new LinkedHashSet<String>();
    helpers.keySet().forEach(key -> asked.add(CredentialFiles.registryOf(key)));
    json.optionalObject("auths")
        .orElse(JsonObject.EMPTY)
        .members()
        .forEach((key, entry) -> {
          var isKnown =
              asked.contains(CredentialFiles.registryOf(key))
                  || entries.stream().anyMatch(earlier -> CredentialFiles.isOf(key, earlier));
          if (!isKnown && holdsCredentials(entry)) {
            auths.put(key, entry);
          }
        });
    json.optionalObject("credHelpers")
        .orElse(JsonObject.EMPTY)
        .members()
        .forEach((key, helper) -> {
          var registry = CredentialFiles.registryOf(key);
          var isKnown =
              asked.contains(registry)
                  || entries.stream()
                      .anyMatch(entry -> CredentialFiles.registryOf(entry).equals(registry));
          if (!isKnown) {
            helpers.put(key, helper);
          }
        });
    if (store.isEmpty()) {
      store = json.optionalString("credsStore").orElse("");
    }
  }

  /// Docker leaves an empty entry where a helper has the credentials.
  private static boolean holdsCredentials(JsonValue entry) {
    return entry instanceof JsonObject object
        && List.of("auth", "identitytoken", "username").stream()
            .anyMatch(
                name -> object.optionalString(name).filter(text -> !text.isEmpty()).isPresent());
  }

  /// Puts an entry before all that is known of a registry and of its parts, however it is spelled.
  ///
  /// @param registry host and port
  /// @param login `USER:PASSWORD`
  public void put(String registry, String login) {
    helpers.keySet().removeIf(key -> CredentialFiles.isOf(key, registry));
    auths.keySet().removeIf(key -> CredentialFiles.isOf(key, registry));
    auths.put(
        registry,
        JsonObject.builder()
            .put("auth", Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)))
            .build());
  }

  /// Its text, which holds secrets.
  public String text() {
    var json = JsonObject.builder().put("auths", object(auths)).put("credHelpers", object(helpers));
    if (!store.isEmpty()) {
      json.put("credsStore", store);
    }
    return JsonWriter.compact(json.build());
  }

  private static JsonObject object(Map<String, JsonValue> members) {
    var object = JsonObject.builder();
    members.forEach(object::put);
    return object.build();
  }
}

package dev.terroir.environment;

import dev.terroir.foundation.json.JsonObject;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where a base image comes from. Immutable.
///
/// A password has no place here: one that is read is dropped with a warning, and `password` is
/// always written as null. Registry credentials come from the container tools' own store.
///
/// @param address host name of the registry, or null for the default one
/// @param username or null
/// @param registryIdentity the service's managed identity, kept as read
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record ContainerRegistry(
    @Nullable String address,
    @Nullable String username,
    @Nullable String registryIdentity,
    JsonObject source) {
  /// No registry.
  public static final ContainerRegistry NONE =
      new ContainerRegistry(null, null, null, JsonObject.EMPTY);

  static ContainerRegistry read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(
        json, Set.of("address", "username", "password", "registryIdentity"), warnings);
    if (json.optionalString("password").isPresent()) {
      warnings.accept(
          "the registry password was not taken over, because definitions are shared; put it into"
              + " the container tools' own credential store, for instance with `podman login` ("
              + json.place("password").text()
              + ")");
    }
    return new ContainerRegistry(
        json.optionalString("address").orElse(null),
        json.optionalString("username").orElse(null),
        json.get("registryIdentity").flatMap(_ -> identity(json)).orElse(null),
        json.has("password") ? json.toBuilder().put("password", (String) null).build() : json);
  }

  private static java.util.Optional<String> identity(JsonObject json) {
    return json.get("registryIdentity").orElseThrow() instanceof JsonObject
        ? java.util.Optional.empty()
        : json.optionalString("registryIdentity");
  }

  JsonObject toJson() {
    var values =
        JsonObject.builder()
            .put("address", address)
            .put("username", username)
            .put("password", (String) null);
    if (!(source.get("registryIdentity").orElse(null) instanceof JsonObject)) {
      values.put("registryIdentity", registryIdentity);
    }
    return Members.merge(
        source,
        values.build(),
        JsonObject.builder()
            .put("address", (String) null)
            .put("username", (String) null)
            .put("password", (String) null)
            .put("registryIdentity", (String) null)
            .build());
  }
}

package dev.terroir.image.registry;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where credentials come from. Thread-safe.
///
/// @since 0.1
@FunctionalInterface
public interface CredentialSource {
  /// The credentials for a repository.
  ///
  /// @param registry host and port, `docker.io` for Docker Hub
  /// @param repository its path there
  Optional<Credentials> find(String registry, String repository);

  /// Knows nothing: every request is anonymous.
  static CredentialSource none() {
    return (_, _) -> Optional.empty();
  }

  /// Credentials by registry, such as a caller's own for one base image.
  static CredentialSource of(Map<String, Credentials> byRegistry) {
    var copy = Map.copyOf(byRegistry);
    return (registry, _) -> Optional.ofNullable(copy.get(registry));
  }

  /// Asks one source after another.
  static CredentialSource first(List<CredentialSource> sources) {
    var copy = List.copyOf(sources);
    return (registry, repository) ->
        copy.stream().flatMap(source -> source.find(registry, repository).stream()).findFirst();
  }
}

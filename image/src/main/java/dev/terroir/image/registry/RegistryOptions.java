package dev.terroir.image.registry;

import java.time.Duration;
import java.util.Set;

/// How registries are spoken to. Immutable: every `with…` gives a changed copy.
///
/// @param credentials where credentials come from
/// @param insecure hosts, with their ports, that are spoken to without TLS; a registry on this
///   machine may be with or without
/// @param parallel how many uploads and how many downloads run at once
/// @param attempts how often a request is made before its failure is told
/// @param stall how long nothing may move before a transfer counts as cut
/// @param chunkBytes how many bytes of a blob are sent in one request; 0 for all
/// @param pause waits between attempts
/// @since 0.1
public record RegistryOptions(
    CredentialSource credentials,
    Set<String> insecure,
    int parallel,
    int attempts,
    Duration stall,
    long chunkBytes,
    Pause pause) {
  /// Waits.
  @FunctionalInterface
  public interface Pause {
    /// @throws InterruptedException when the work is canceled meanwhile
    void sleep(Duration duration) throws InterruptedException;
  }

  /// Copies the set.
  public RegistryOptions {
    insecure = Set.copyOf(insecure);
    if (parallel < 1 || attempts < 1 || chunkBytes < 0) {
      throw new IllegalArgumentException(
          "at least one transfer and one attempt, no negative chunk");
    }
  }

  /// The usual values: four transfers at once, six attempts within about half a minute.
  public static RegistryOptions of(CredentialSource credentials) {
    return new RegistryOptions(
        credentials, Set.of(), 4, 6, Duration.ofSeconds(60), 0, Thread::sleep);
  }

  /// The same with other hosts without TLS.
  public RegistryOptions withInsecure(Set<String> hosts) {
    return new RegistryOptions(credentials, hosts, parallel, attempts, stall, chunkBytes, pause);
  }

  /// The same with other credentials.
  public RegistryOptions withCredentials(CredentialSource other) {
    return new RegistryOptions(other, insecure, parallel, attempts, stall, chunkBytes, pause);
  }

  /// The same with another number of transfers at once.
  public RegistryOptions withParallel(int other) {
    return new RegistryOptions(credentials, insecure, other, attempts, stall, chunkBytes, pause);
  }

  /// The same with other patience.
  public RegistryOptions withPatience(int otherAttempts, Duration otherStall, Pause otherPause) {
    return new RegistryOptions(
        credentials, insecure, parallel, otherAttempts, otherStall, chunkBytes, otherPause);
  }

  /// The same with blobs sent in pieces.
  public RegistryOptions withChunkBytes(long bytes) {
    return new RegistryOptions(credentials, insecure, parallel, attempts, stall, bytes, pause);
  }
}

package dev.terroir.image.serve;

import dev.terroir.image.oci.Descriptor;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/// Lets each missing manifest be made once, however many ask for it meanwhile.
final class PendingManifests {
  private final RegistryStore store;
  private final ManifestMaker maker;
  private final ConcurrentHashMap<String, CompletableFuture<Optional<Descriptor>>> pending =
      new ConcurrentHashMap<>();

  PendingManifests(RegistryStore store, ManifestMaker maker) {
    this.store = store;
    this.maker = maker;
  }

  Optional<Descriptor> make(String repository, String reference) {
    var key = repository + " " + reference;
    var own = new CompletableFuture<Optional<Descriptor>>();
    var other = pending.putIfAbsent(key, own);
    if (other != null) {
      return awaited(other);
    }
    try {
      // It may have been made since it was looked for.
      own.complete(
          store.manifest(repository, reference).or(() -> maker.make(repository, reference)));
    } catch (RuntimeException | Error e) {
      own.completeExceptionally(e);
    } finally {
      pending.remove(key, own);
    }
    return awaited(own);
  }

  private static Optional<Descriptor> awaited(CompletableFuture<Optional<Descriptor>> made) {
    try {
      return made.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}

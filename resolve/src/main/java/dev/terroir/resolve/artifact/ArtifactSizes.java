package dev.terroir.resolve.artifact;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.web.Web;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.index.HostCredentials;
import dev.terroir.resolve.index.IndexSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/// Asks how large archives are whose index does not say: one that speaks HTML only. A lock is to
/// say what it takes, and the large packages are to have layers of their own. Thread-safe.
///
/// What cannot be found out stays unknown; it is no reason to fail.
///
/// @since 0.1
public final class ArtifactSizes {
  private static final int MAX_REQUESTS = 16;
  private static final int MAX_REDIRECTS = 5;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final IndexSettings index;

  /// @param index proxies, authorities and credentials
  public ArtifactSizes(IndexSettings index) {
    this.index = index;
  }

  /// The packages with all sizes that can be found out, in the same order.
  public List<LockedPackage> complete(List<LockedPackage> packages) {
    if (packages.stream().noneMatch(ArtifactSizes::isUnknown)) {
      return packages;
    }
    var credentials = HostCredentials.of(index);
    var slots = new Semaphore(MAX_REQUESTS);
    try (var web = Web.of(Settings.of(index.uvVariables()));
        var scope = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending = new ArrayList<Future<LockedPackage>>();
      for (var item : packages) {
        pending.add(
            scope.submit(() -> {
              if (!isUnknown(item)) {
                return item;
              }
              slots.acquire();
              try {
                return withSize(item, size(URI.create(item.artifact().url()), web, credentials));
              } finally {
                slots.release();
              }
            }));
      }
      var complete = new ArrayList<LockedPackage>();
      for (int i = 0; i < pending.size(); i++) {
        complete.add(known(pending.get(i), packages.get(i)));
      }
      return complete;
    }
  }

  private static LockedPackage known(Future<LockedPackage> pending, LockedPackage otherwise) {
    try {
      return pending.get();
    } catch (ExecutionException e) {
      return otherwise;
    } catch (InterruptedException e) {
      // Whoever goes on notices.
      Thread.currentThread().interrupt();
      return otherwise;
    }
  }

  private static boolean isUnknown(LockedPackage item) {
    return item.artifact().sizeBytes() < 0 && item.artifact().url().startsWith("http");
  }

  private static LockedPackage withSize(LockedPackage item, long sizeBytes) {
    var artifact = item.artifact();
    return new LockedPackage(
        item.name(),
        item.version(),
        new LockedPackage.Artifact(
            artifact.kind(), artifact.url(), artifact.fileName(), artifact.sha256(), sizeBytes),
        item.index(),
        item.requiredBy());
  }

  private static long size(URI first, Web web, HostCredentials credentials)
      throws IOException, InterruptedException {
    var uri = first;
    var credential = credentials.find(first);
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      var request =
          web.request(uri)
              .timeout(TIMEOUT)
              .header("Accept-Encoding", "identity")
              .method("HEAD", HttpRequest.BodyPublishers.noBody());
      credential.ifPresent(found -> request.header("Authorization", found.authorization()));
      var response = web.client().send(request.build(), HttpResponse.BodyHandlers.discarding());
      var location = response.headers().firstValue("Location");
      if (response.statusCode() == 200) {
        return response.headers().firstValueAsLong("Content-Length").orElse(-1);
      }
      if (response.statusCode() / 100 != 3 || location.isEmpty()) {
        return -1;
      }
      var next = uri.resolve(location.get());
      if (!HostCredentials.origin(next).equals(HostCredentials.origin(uri))) {
        credential = Optional.empty();
      }
      uri = next;
    }
    return -1;
  }
}

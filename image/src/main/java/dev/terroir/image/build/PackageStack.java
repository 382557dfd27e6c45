package dev.terroir.image.build;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.archive.DirectUrl;
import dev.terroir.image.archive.fetch.Archive;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.layer.LayerPackage;
import dev.terroir.image.layer.LayerPath;
import dev.terroir.image.layer.MadeLayer;
import dev.terroir.image.layer.MadeLayers;
import dev.terroir.image.layer.PackageLayers;
import dev.terroir.image.layer.Placement;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The layers of a lock's packages, found or made side by side and handed to the targets while
/// others are still being made. A package whose layer all targets hold is neither fetched nor made.
///
/// For one build; thread-safe.
final class PackageStack {
  private static final long CHECK_MILLIS = 50;

  private static final ThreadFactory THREADS =
      Thread.ofPlatform().daemon().name("terroir-layer-", 0).factory();

  private final Lock lock;
  private final Placement placement;
  private final PackageLayers layers;
  private final BlobStore blobs;
  private final ArchiveStore archives;
  private final List<ImageTarget> targets;
  private final Progress progress;
  private final LargestFirst making;
  private final AtomicLong sentBytes = new AtomicLong();
  private final AtomicBoolean isPrepared = new AtomicBoolean();

  PackageStack(
      Lock lock,
      Placement placement,
      PackageLayers layers,
      BlobStore blobs,
      ArchiveStore archives,
      List<ImageTarget> targets,
      Progress progress) {
    this.lock = lock;
    this.placement = placement;
    this.layers = layers;
    this.blobs = blobs;
    this.archives = archives;
    this.targets = targets;
    this.progress = progress;
    this.making = new LargestFirst(Runtime.getRuntime().availableProcessors());
  }

  /// The layers of one bucket.
  ///
  /// @param packages as they were made
  record Stacked(
      Buckets.Bucket bucket, List<LayerPackage> packages, MadeLayers made, boolean isNew) {}

  /// Files that two packages bring, in the order of the layers: within a layer the later package by
  /// name won, between layers the later layer wins.
  Clashes clashes(List<Stacked> stack) {
    var clashes = new Clashes();
    var users = new HashMap<String, Integer>();
    stack.forEach(
        stacked -> stacked.made().roots().forEach(root -> users.merge(root, 1, Integer::sum)));
    var owners = new HashMap<String, LayerPath>();
    for (var stacked : stack) {
      stacked.made().clashes().forEach(clashes::add);
      // Most layers share no folder with another, and their files need not be looked at.
      if (stacked.made().roots().stream().allMatch(root -> users.getOrDefault(root, 0) == 1)) {
        continue;
      }
      for (var path : layers.paths(stacked.packages(), placement)) {
        if (path.isByteCode()) {
          continue;
        }
        var before = owners.put(path.path(), path);
        if (before != null) {
          clashes.add(
              new MadeLayers.Clash(
                  path.path(),
                  path.owner(),
                  before.owner(),
                  path.content().equals(before.content())));
        }
      }
    }
    return clashes;
  }

  /// How many bytes the targets took.
  long sentBytes() {
    return sentBytes.get();
  }

  /// Finds or makes all layers, in the order of the image, and hands them to the targets.
  ///
  /// @param check throws when there is no use in going on; called now and then
  List<Stacked> stack(Runnable check) {
    var buckets = Buckets.of(lock.packages());
    var done = new AtomicInteger();
    var pending = new ArrayList<Future<Stacked>>();
    // Threads of the system's: virtual ones that make layers would not let those run that fetch.
    try (var scope = Executors.newThreadPerTaskExecutor(THREADS)) {
      try {
        for (var bucket : buckets) {
          pending.add(
              scope.submit(() -> {
                var stacked = one(bucket);
                progress.advance(done.incrementAndGet(), buckets.size(), Progress.Unit.ITEMS);
                return stacked;
              }));
        }
        var stack = new ArrayList<Stacked>();
        for (var one : pending) {
          stack.add(next(one, check));
        }
        return stack;
      } finally {
        pending.forEach(one -> one.cancel(true));
      }
    } catch (ExecutionException e) {
      throw Ahead.failure(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "making the layers was canceled"), e);
    }
  }

  private static Stacked next(Future<Stacked> pending, Runnable check)
      throws InterruptedException, ExecutionException {
    while (true) {
      check.run();
      try {
        return pending.get(CHECK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        // Not yet.
      }
    }
  }

  private Stacked one(Buckets.Bucket bucket) throws InterruptedException {
    var packages = bucket.packages().stream().map(this::layerPackage).toList();
    var known =
        bucket.packages().stream()
                .allMatch(item -> ArchiveStore.isWheel(item.artifact().fileName()))
            ? layers.find(packages, placement)
            : java.util.Optional.<MadeLayers>empty();
    if (known.isPresent() && known.get().layers().stream().allMatch(this::isEverywhere)) {
      progress.line("layer of " + bucket.title() + ": the target holds it");
      return new Stacked(bucket, packages, known.get(), false);
    }
    var isCached = known.isPresent() && known.get().layers().stream().allMatch(layers::verify);
    var stacked =
        isCached ? new Stacked(bucket, packages, known.orElseThrow(), false) : make(bucket);
    for (var layer : stacked.made().layers()) {
      for (var target : targets) {
        sentBytes.addAndGet(
            target.put(layer.descriptor(), ImageTarget.FileContent.of(blobs, layer.digest())));
      }
    }
    return stacked;
  }

  private boolean isEverywhere(MadeLayer layer) {
    return !targets.isEmpty()
        && targets.stream().allMatch(target -> target.has(layer.descriptor()));
  }

  private Stacked make(Buckets.Bucket bucket) throws InterruptedException {
    if (!isPrepared.getAndSet(true)) {
      layers.prepare(placement);
    }
    Map<LockedPackage, Archive> wheels = new HashMap<>();
    for (var item : bucket.packages()) {
      wheels.put(item, archives.wheel(item, lock, progress, _ -> {}));
    }
    making.acquire(bucket.packages().stream().mapToLong(item -> item.artifact().sizeBytes()).sum());
    try {
      var packages =
          bucket.packages().stream().map(item -> layerPackage(item, wheels.get(item))).toList();
      return new Stacked(bucket, packages, layers.make(packages, placement, progress), true);
    } finally {
      making.release();
    }
  }

  private LayerPackage layerPackage(LockedPackage item) {
    return layerPackage(item, null);
  }

  /// Every package counts as asked for, as it is when a lock is installed: so its layer is the same
  /// in every image.
  private LayerPackage layerPackage(LockedPackage item, @Nullable Archive archive) {
    return new LayerPackage(
        item.name(),
        item.version(),
        archive == null ? new Sha256(item.artifact().sha256()) : archive.sha256(),
        directUrl(item),
        true,
        () -> archive == null ? archives.wheel(item, lock, progress, _ -> {}) : archive);
  }

  /// Only for what came by URL; a path of this machine would say nothing elsewhere, and would make
  /// another layer of the same wheel.
  private static @Nullable DirectUrl directUrl(LockedPackage item) {
    var artifact = item.artifact();
    if (!artifact.kind().equals("archive") || artifact.url().startsWith("file:")) {
      return null;
    }
    return new DirectUrl(
        artifact.url(), new DirectUrl.Info.Archive(Map.of("sha256", artifact.sha256())), null);
  }
}

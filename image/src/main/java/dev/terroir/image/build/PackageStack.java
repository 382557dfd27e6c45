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
import dev.terroir.image.layer.CondaLayerPackage;
import dev.terroir.image.layer.LayerPackage;
import dev.terroir.image.layer.LayerPath;
import dev.terroir.image.layer.Layered;
import dev.terroir.image.layer.MadeLayer;
import dev.terroir.image.layer.MadeLayers;
import dev.terroir.image.layer.PackageLayers;
import dev.terroir.image.layer.Placement;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.Locked;
import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  private final Placement condaPlacement;
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
      Placement condaPlacement,
      PackageLayers layers,
      BlobStore blobs,
      ArchiveStore archives,
      List<ImageTarget> targets,
      Progress progress) {
    this.lock = lock;
    this.placement = placement;
    this.condaPlacement = condaPlacement;
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
      Buckets.Bucket bucket, List<? extends Layered> packages, MadeLayers made, boolean isNew) {}

  private Placement placement(Stacked stacked) {
    return stacked.bucket().isConda() ? condaPlacement : placement;
  }

  private List<LayerPath> paths(Stacked stacked) {
    return layers.paths(stacked.packages(), placement(stacked));
  }

  /// Which conda packages win the paths that several bring.
  CondaWinners winners(List<Stacked> stack) {
    return CondaWinners.of(
        lock.conda().packages(),
        stack.stream().filter(stacked -> stacked.bucket().isConda()).toList(),
        this::paths);
  }

  /// The layer that puts those paths right which the order of the layers got wrong; nothing when
  /// there are none. Handed to the targets.
  Optional<MadeLayers> mend(CondaWinners winners, List<Stacked> stack) {
    if (winners.mends().isEmpty()) {
      return Optional.empty();
    }
    var packages =
        stack.stream()
            .filter(stacked -> stacked.bucket().isConda())
            .flatMap(stacked -> stacked.packages().stream())
            .map(CondaLayerPackage.class::cast)
            .filter(item -> winners.mends().containsKey(item.name()))
            .toList();
    var made = layers.mend(packages, winners.mends(), condaPlacement, progress);
    send(made);
    return Optional.of(made);
  }

  private void send(MadeLayers made) {
    for (var layer : made.layers()) {
      for (var target : targets) {
        sentBytes.addAndGet(
            target.put(layer.descriptor(), ImageTarget.FileContent.of(blobs, layer.digest())));
      }
    }
  }

  /// Files that two packages bring: of conda packages the one that is installed last won; else in
  /// the order of the layers, within a layer the later package by name won, between layers the
  /// later layer wins.
  Clashes clashes(List<Stacked> stack, CondaWinners winners) {
    var clashes = new Clashes();
    winners.clashes().forEach(clashes::add);
    var isOfConda = new HashSet<String>();
    lock.conda().packages().forEach(item -> isOfConda.add(item.title()));
    var users = new HashMap<String, Integer>();
    stack.forEach(
        stacked -> stacked.made().roots().forEach(root -> users.merge(root, 1, Integer::sum)));
    var owners = new HashMap<String, LayerPath>();
    for (var stacked : stack) {
      if (!stacked.bucket().isConda()) {
        stacked.made().clashes().forEach(clashes::add);
      }
      // Most layers share no folder with another, and their files need not be looked at.
      if (stacked.made().roots().stream().allMatch(root -> users.getOrDefault(root, 0) == 1)) {
        continue;
      }
      for (var path : paths(stacked)) {
        if (path.isByteCode()) {
          continue;
        }
        var before = owners.put(path.path(), path);
        boolean isJudged =
            before != null
                && isOfConda.contains(before.owner())
                && isOfConda.contains(path.owner());
        if (before != null && !isJudged) {
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
    var buckets = Buckets.of(lock.everything());
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
    var packages = bucket.packages().stream().map(this::layered).toList();
    var wherever = bucket.isConda() ? condaPlacement : placement;
    var known =
        bucket.packages().stream().allMatch(PackageStack::isPublished)
            ? layers.find(packages, wherever)
            : Optional.<MadeLayers>empty();
    if (known.isPresent() && known.get().layers().stream().allMatch(this::isEverywhere)) {
      progress.line("layer of " + bucket.title() + ": the target holds it");
      return new Stacked(bucket, packages, known.get(), false);
    }
    var isCached = known.isPresent() && known.get().layers().stream().allMatch(layers::verify);
    var stacked =
        isCached ? new Stacked(bucket, packages, known.orElseThrow(), false) : make(bucket);
    send(stacked.made());
    return stacked;
  }

  /// Whether a package is in a layer as its archive holds it, and not built of it.
  private static boolean isPublished(Locked item) {
    return !(item instanceof LockedPackage wheel)
        || ArchiveStore.isWheel(wheel.artifact().fileName());
  }

  private boolean isEverywhere(MadeLayer layer) {
    return !targets.isEmpty()
        && targets.stream().allMatch(target -> target.has(layer.descriptor()));
  }

  private Stacked make(Buckets.Bucket bucket) throws InterruptedException {
    if (!isPrepared.getAndSet(true)) {
      layers.prepare(placement);
    }
    Map<Locked, Archive> fetched = new HashMap<>();
    for (var item : bucket.packages()) {
      fetched.put(item, fetch(item));
    }
    making.acquire(bucket.packages().stream().mapToLong(Locked::sizeBytes).sum());
    try {
      var packages =
          bucket.packages().stream().map(item -> layered(item, fetched.get(item))).toList();
      return new Stacked(
          bucket,
          packages,
          layers.make(packages, bucket.isConda() ? condaPlacement : placement, progress),
          true);
    } finally {
      making.release();
    }
  }

  private Archive fetch(Locked item) {
    return switch (item) {
      case LockedPackage wheel -> archives.wheel(wheel, lock, progress, _ -> {});
      case CondaPackage conda -> archives.conda(conda, _ -> {});
    };
  }

  private Layered layered(Locked item) {
    return layered(item, null);
  }

  /// Every package of an index counts as asked for, as it is when a lock is installed: so its layer
  /// is the same in every image. A conda package of which only the MD5 is known is fetched to know
  /// the rest.
  private Layered layered(Locked item, @Nullable Archive archive) {
    return switch (item) {
      case LockedPackage wheel ->
          new LayerPackage(
              wheel.name(),
              wheel.version(),
              archive == null ? new Sha256(wheel.artifact().sha256()) : archive.sha256(),
              directUrl(wheel),
              true,
              () -> archive == null ? fetch(wheel) : archive);
      case CondaPackage conda -> {
        var known = conda.sha256();
        var there = archive == null && known == null ? fetch(conda) : archive;
        yield new CondaLayerPackage(
            conda,
            there != null ? there.sha256() : new Sha256(String.valueOf(known)),
            () -> there == null ? fetch(conda) : there);
      }
    };
  }

  /// Only for what came by URL; a path of this machine would say nothing elsewhere, and would make
  /// another layer of the same wheel.
  private static @Nullable DirectUrl directUrl(LockedPackage item) {
    var artifact = item.artifact();
    var commit = item.commit();
    if (commit.isPresent() && !commit.get().url().startsWith("file:")) {
      return new DirectUrl(
          commit.get().url(),
          new DirectUrl.Info.Repository("git", commit.get().commit(), null),
          commit.get().subdirectory());
    }
    if (!artifact.kind().equals("archive") || artifact.url().startsWith("file:")) {
      return null;
    }
    return new DirectUrl(
        artifact.url(), new DirectUrl.Info.Archive(Map.of("sha256", artifact.sha256())), null);
  }
}

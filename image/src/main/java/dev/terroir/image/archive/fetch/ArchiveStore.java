package dev.terroir.image.archive.fetch;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.foundation.web.Web;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.artifact.ClientWheels;
import dev.terroir.resolve.artifact.CommitWheels;
import dev.terroir.resolve.conda.CondaAccess;
import dev.terroir.resolve.index.HostCredentials;
import dev.terroir.resolve.index.IndexSettings;
import dev.terroir.resolve.tool.UvProgram;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The wheels and conda packages of locks as files, each under the SHA-256 that its lock names:
/// fetched by HTTP, linked or copied from `file:` URLs, built once from source distributions. A
/// file gets its name only when its bytes are right, and is read through once before it is handed
/// out, so one that was damaged later is fetched again. Thread-safe; any number of processes share
/// one folder, and one archive is fetched by one of them.
///
/// ```
/// archives/sha256/<digits>          the archive
/// archives/md5/<digits>             the SHA-256 of a conda package whose channel tells only MD5
/// archives/partial/<digits>         what has come of one, continued by whoever wants it next
/// archives/built/<digits>/<python>-<platform>/<name>.whl    the wheel of a source distribution
/// ```
///
/// @since 0.1
public final class ArchiveStore implements AutoCloseable {
  /// Downloads at once; more gain nothing on the connections that people have.
  private static final int MAX_DOWNLOADS = 8;

  /// How long another process may take to fetch one archive.
  private static final Duration PATIENCE = Duration.ofHours(2);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration STALL = Duration.ofSeconds(30);

  private final Path directory;
  private final TerroirHome home;
  private final Downloads downloads;
  private final WheelBuilds builds;
  private final Web web;
  private final Semaphore slots = new Semaphore(MAX_DOWNLOADS);
  private final Supplier<CondaAccess> openChannels;
  private @Nullable CondaAccess channels;
  private final Set<Sha256> checked = ConcurrentHashMap.newKeySet();

  private ArchiveStore(
      Path directory,
      TerroirHome home,
      Web web,
      Downloads downloads,
      WheelBuilds builds,
      Supplier<CondaAccess> openChannels) {
    this.openChannels = openChannels;
    this.directory = directory;
    this.home = home;
    this.web = web;
    this.downloads = downloads;
    this.builds = builds;
  }

  /// The archives in Terroir's cache folder, fetched as the user's settings ask. `UV_HTTP_TIMEOUT`
  /// (or pip's `timeout`) says for how many seconds a server may send nothing.
  public static ArchiveStore open(Settings settings, TerroirHome home) {
    return open(settings, home, FIRST_PAUSE);
  }

  static ArchiveStore open(Settings settings, TerroirHome home, Duration firstPause) {
    var index = IndexSettings.read(settings, UvProgram.python(settings));
    var variables = index.uvVariables();
    // pip's own variable is not handed to uv; its meaning is that of `cert`.
    settings.get("PIP_CERT").ifPresent(file -> variables.put("PIP_CERT", file));
    var web = Web.of(Settings.of(variables));
    var directory = home.cache().resolve("archives");
    var stall = variables.getOrDefault("UV_HTTP_TIMEOUT", "");
    return new ArchiveStore(
        directory,
        home,
        web,
        new Downloads(
            web,
            HostCredentials.of(index),
            stall.matches("[1-9][0-9]{0,5}") ? Duration.ofSeconds(Long.parseLong(stall)) : STALL,
            firstPause),
        new WheelBuilds(directory.resolve("built"), settings, home),
        () -> CondaAccess.of(settings, home));
  }

  /// Where it lies.
  public Path directory() {
    return directory;
  }

  /// The wheel of one locked package; waits for a slot when it must be fetched.
  ///
  /// @param lock says for which Python and platform a source distribution is built
  /// @param bytes receives counts of bytes as they come; negative when some are thrown away
  /// @throws ImageException code `archive-unreachable` or `archive-mismatch`, or `build-failed` of
  ///   a source distribution
  public Archive wheel(LockedPackage item, Lock lock, Progress progress, LongConsumer bytes) {
    var artifact = item.artifact();
    var sha256 = new Sha256(artifact.sha256());
    if (!isWheel(artifact.fileName())) {
      var built = builds.find(item, lock);
      if (built.isPresent()) {
        bytes.accept(Math.max(0, artifact.sizeBytes()));
        return built.get();
      }
    }
    var file = file(Source.of(here(item, lock, progress)), sha256, bytes);
    if (isWheel(artifact.fileName())) {
      try {
        return new Archive(file, artifact.fileName(), sha256, Files.size(file));
      } catch (IOException e) {
        throw unreadable(file, e);
      }
    }
    return builds.build(item, lock, file, progress);
  }

  /// The package with the place that its archive is had from. A wheel of a repository is built only
  /// when its bytes are neither here nor kept where built wheels are.
  private LockedPackage here(LockedPackage item, Lock lock, Progress progress) {
    var there = directory.resolve("sha256").resolve(item.artifact().sha256());
    return item.commit().isPresent() && Files.isRegularFile(there)
        ? item
        : CommitWheels.here(
            ClientWheels.here(item, home), lock, home, () -> builds.uv(progress), progress);
  }

  /// The wheels of all packages of a lock, in its order, fetched side by side.
  ///
  /// @param progress is told bytes of all bytes
  /// @throws TerroirException the first failure by the order of packages, when all others have
  ///   ended
  public List<Archive> wheels(Lock lock, Progress progress) {
    var total = lock.sizeBytes();
    var done = new AtomicLong();
    LongConsumer bytes = count -> progress.advance(done.addAndGet(count), total);
    var pending = new ArrayList<Future<Archive>>();
    try (var scope = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var item : lock.packages()) {
        pending.add(scope.submit(() -> wheel(item, lock, progress, bytes)));
      }
      var result = new ArrayList<Archive>();
      for (var one : pending) {
        result.add(one.get());
      }
      return List.copyOf(result);
    } catch (ExecutionException e) {
      pending.forEach(one -> one.cancel(true));
      if (e.getCause() instanceof TerroirException known) {
        throw known;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      pending.forEach(one -> one.cancel(true));
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "fetching the packages was canceled"), e);
    }
  }

  /// The archive of one conda package; waits for a slot when it must be fetched.
  ///
  /// @param bytes receives counts of bytes as they come; negative when some are thrown away
  /// @throws ImageException code `archive-unreachable` or `archive-mismatch`
  public Archive conda(CondaPackage item, LongConsumer bytes) {
    var source = new Source(item.title(), item.url(), item.sizeBytes(), channels());
    var known = item.sha256();
    try {
      var sha256 =
          known == null ? byMd5(source, String.valueOf(item.md5()), bytes) : new Sha256(known);
      var file = file(source, sha256, bytes);
      return new Archive(file, item.fileName(), sha256, Files.size(file));
    } catch (IOException e) {
      throw unreadable(directory, e);
    }
  }

  /// Read when the first package comes from a channel.
  private synchronized CondaAccess channels() {
    var open = channels;
    if (open == null) {
      open = openChannels.get();
      channels = open;
    }
    return open;
  }

  /// The SHA-256 of an archive of which only the MD5 is known: noted when it was fetched, else it
  /// is fetched.
  private Sha256 byMd5(Source source, String md5, LongConsumer bytes) throws IOException {
    var note = directory.resolve("md5").resolve(md5);
    var noted = noted(note);
    if (noted != null && Files.isRegularFile(directory.resolve("sha256").resolve(noted.hex()))) {
      return noted;
    }
    var target = directory.resolve("partial").resolve("md5-" + md5);
    slot();
    try (var _ = ProcessLock.acquire(target.resolveSibling("md5-" + md5 + ".lock"), PATIENCE)) {
      if (source.url().startsWith("file:")) {
        Files.copy(local(source), target, StandardCopyOption.REPLACE_EXISTING);
        var wanted = new Downloads.Wanted(source.title(), source.url(), "MD5", md5, -1, null);
        var engine = wanted.engine();
        try (var in = Files.newInputStream(target)) {
          var buffer = new byte[1 << 16];
          for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            engine.update(buffer, 0, count);
          }
        }
        var actual = HexFormat.of().formatHex(engine.digest());
        if (!actual.equals(md5)) {
          Files.deleteIfExists(target);
          throw mismatch(
              source.title(), local(source).toString(), "its MD5 is " + actual + ", not " + md5);
        }
      } else {
        downloads.fetch(
            new Downloads.Wanted(
                source.title(), source.url(), "MD5", md5, source.sizeBytes(), source.channels()),
            target,
            bytes);
      }
      var sha256 = Sha256.of(target);
      var place = directory.resolve("sha256").resolve(sha256.hex());
      Files.createDirectories(place.resolveSibling("."));
      Files.move(
          target, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      AtomicFiles.writeCached(note, sha256.hex() + "\n");
      return sha256;
    } finally {
      slots.release();
    }
  }

  private static @Nullable Sha256 noted(Path note) throws IOException {
    try {
      return new Sha256(Files.readString(note).strip());
    } catch (NoSuchFileException | IllegalArgumentException e) {
      return null;
    }
  }

  /// Where an archive comes from.
  ///
  /// @param title how people are told of it
  /// @param channels the way to conda's channels when it comes from one, or null
  private record Source(String title, String url, long sizeBytes, @Nullable CondaAccess channels) {
    static Source of(LockedPackage item) {
      return new Source(item.title(), item.artifact().url(), item.artifact().sizeBytes(), null);
    }
  }

  /// The archive of a lock as it was published, a source distribution included.
  private Path file(Source source, Sha256 sha256, LongConsumer bytes) {
    var target = directory.resolve("sha256").resolve(sha256.hex());
    try {
      if (isThere(target, source, sha256, bytes)) {
        return target;
      }
      if (source.url().startsWith("file:")) {
        adopt(source, sha256, target);
        bytes.accept(Files.size(target));
      } else {
        download(source, sha256, target, bytes);
      }
      checked.add(sha256);
      return target;
    } catch (IOException e) {
      throw unreadable(target, e);
    }
  }

  /// Whether it is there with the right bytes; damaged bytes are taken away.
  private boolean isThere(Path target, Source source, Sha256 sha256, LongConsumer bytes)
      throws IOException {
    try {
      var size = Files.size(target);
      if (source.sizeBytes() >= 0 && size != source.sizeBytes()
          || !checked.contains(sha256) && !Sha256.of(target).equals(sha256)) {
        Files.deleteIfExists(target);
        return false;
      }
      checked.add(sha256);
      bytes.accept(size);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static Path local(Source source) {
    Path file;
    try {
      file = Path.of(URI.create(source.url()));
    } catch (IllegalArgumentException e) {
      throw new ImageException(
          Problem.of(
                  ImageCode.ARCHIVE_UNREACHABLE,
                  "the archive of " + source.title() + " has no usable URL")
              .at(Place.of(source.url())),
          e);
    }
    if (!Files.isRegularFile(file)) {
      throw new ImageException(
          Problem.of(
                  ImageCode.ARCHIVE_UNREACHABLE,
                  "the archive of " + source.title() + " is not where its lock says")
              .at(Place.file(file))
              .hint("bring the file back, or make the lock anew with --update"));
    }
    return file;
  }

  /// Takes a file of this machine. A hard link where that can be, so that nothing is copied.
  private void adopt(Source wanted, Sha256 sha256, Path target) throws IOException {
    var source = local(wanted);
    Files.createDirectories(target.resolveSibling("."));
    var temporary = AtomicFiles.temporaryBeside(target);
    try {
      try {
        Files.createLink(temporary, source.toRealPath());
      } catch (IOException | UnsupportedOperationException e) {
        // Another file system, or a file that may not be linked to.
        Files.copy(source, temporary);
      }
      var size = Files.size(temporary);
      if (wanted.sizeBytes() >= 0 && size != wanted.sizeBytes()) {
        throw mismatch(
            wanted.title(),
            source.toString(),
            "it has " + size + " bytes, the lock says " + wanted.sizeBytes());
      }
      var actual = Sha256.of(temporary);
      if (!actual.equals(sha256)) {
        throw mismatch(
            wanted.title(), source.toString(), "its SHA-256 is " + actual + ", not " + sha256);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      // A rename onto another link of the same file does nothing and leaves this one.
      Files.deleteIfExists(temporary);
    }
  }

  private void download(Source source, Sha256 sha256, Path target, LongConsumer bytes)
      throws IOException {
    var partial = directory.resolve("partial").resolve(sha256.hex());
    slot();
    try (var _ = ProcessLock.acquire(partial.resolveSibling(sha256.hex() + ".lock"), PATIENCE)) {
      if (isThere(target, source, sha256, bytes)) {
        return;
      }
      try {
        downloads.fetch(
            new Downloads.Wanted(
                source.title(),
                source.url(),
                "SHA-256",
                sha256.hex(),
                source.sizeBytes(),
                source.channels()),
            partial,
            bytes);
      } catch (IOException e) {
        throw FoundationException.ofFile("a package archive cannot be written", partial, e);
      }
      Files.createDirectories(target.resolveSibling("."));
      Files.move(
          partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      slots.release();
    }
  }

  private void slot() {
    try {
      slots.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "fetching the packages was canceled"), e);
    }
  }

  /// Takes an archive away that a reader found to be damaged; the next call fetches it again.
  public void discard(Archive archive) {
    checked.remove(archive.sha256());
    Trees.delete(archive.file());
  }

  /// Whether a file name is that of a wheel.
  public static boolean isWheel(String fileName) {
    return fileName.endsWith(".whl");
  }

  static ImageException mismatch(String title, String where, String why) {
    return new ImageException(
        Problem.of(
                ImageCode.ARCHIVE_MISMATCH,
                "the archive of " + title + " is not the one that is locked")
            .at(Place.of(where))
            .because(why)
            .hint(
                "nothing of it was kept; check the index or proxy that delivered it, or make the"
                    + " lock anew with --update"));
  }

  private static FoundationException unreadable(Path file, IOException e) {
    return FoundationException.ofFile("a package archive cannot be kept", file, e);
  }

  @Override
  public void close() {
    web.close();
  }
}

package dev.terroir.image.archive.fetch;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.artifact.WheelBuild;
import dev.terroir.resolve.artifact.WheelTags;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;

/// Wheels of source distributions: built once by uv, in isolation, and kept under the digest of the
/// source distribution with the Python and the platform, so that every later image gets the same
/// bytes. Thread-safe.
final class WheelBuilds {
  private static final Duration PATIENCE = Duration.ofHours(2);

  private final Path directory;
  private final Settings settings;
  private final TerroirHome home;

  WheelBuilds(Path directory, Settings settings, TerroirHome home) {
    this.directory = directory;
    this.settings = settings;
    this.home = home;
  }

  private Path folder(LockedPackage item, Lock lock) {
    return directory
        .resolve(new Sha256(item.artifact().sha256()).hex())
        .resolve(
            lock.pythonVersion()
                + "-"
                + lock.platform().os()
                + "-"
                + lock.platform().architecture());
  }

  /// The wheel that was built before.
  Optional<Archive> find(LockedPackage item, Lock lock) {
    var folder = folder(item, lock);
    try {
      var wheel = WheelBuild.in(folder);
      if (wheel.isEmpty()) {
        return Optional.empty();
      }
      // Its own digest lies beside it, as nothing else knows it.
      var noted = folder.resolve("sha256");
      var sha256 = Sha256.of(wheel.get());
      if (!Files.isRegularFile(noted) || !Files.readString(noted).strip().equals(sha256.hex())) {
        Trees.delete(folder);
        return Optional.empty();
      }
      return Optional.of(
          new Archive(
              wheel.get(), wheel.get().getFileName().toString(), sha256, Files.size(wheel.get())));
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be read", folder, e);
    }
  }

  /// Builds it, unless another process does.
  ///
  /// @param sdist the checked source distribution
  /// @throws ImageException code `build-failed`
  Archive build(LockedPackage item, Lock lock, Path sdist, Progress progress) {
    var folder = folder(item, lock);
    try (var _ =
        ProcessLock.acquire(folder.resolveSibling(folder.getFileName() + ".lock"), PATIENCE)) {
      var found = find(item, lock);
      if (found.isPresent()) {
        return found.get();
      }
      progress.step("building the wheel of " + item.name() + " " + item.version());
      var work = AtomicFiles.temporaryBeside(folder);
      try {
        var source = work.resolve("source").resolve(fileName(item));
        Files.createDirectories(source.resolveSibling("."));
        Files.createSymbolicLink(source, sdist.toAbsolutePath());
        var result = Files.createDirectories(work.resolve("result"));
        var wheel =
            WheelBuild.run(
                    uv(progress),
                    source,
                    lock.pythonVersion(),
                    result,
                    "the source distribution of `"
                        + item.name()
                        + "` "
                        + item.version()
                        + " cannot be built",
                    progress)
                .orElseThrow(
                    () -> failed(item, "its build made no wheel", "ask for another version"));
        check(item, lock, wheel);
        // uv writes files of its own beside what it builds.
        try (var files = Files.list(result)) {
          files.filter(file -> !file.equals(wheel)).forEach(Trees::delete);
        }
        Files.writeString(result.resolve("sha256"), Sha256.of(wheel).hex() + "\n");
        Files.move(result, folder, StandardCopyOption.ATOMIC_MOVE);
        return find(item, lock).orElseThrow();
      } finally {
        Trees.delete(work);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("a wheel cannot be built", folder, e);
    }
  }

  /// The name that tells uv what it is.
  private static String fileName(LockedPackage item) {
    var name = String.valueOf(Path.of(item.artifact().fileName()).getFileName());
    if (name.endsWith(".tar.gz") || name.endsWith(".zip")) {
      return name;
    }
    throw failed(
        item,
        "`" + name + "` is neither a wheel nor a source distribution (`.tar.gz`)",
        "give the URL of a wheel or of a source distribution");
  }

  private static void check(LockedPackage item, Lock lock, Path wheel) {
    var name = String.valueOf(wheel.getFileName());
    var parts = name.split("-");
    var project = parts[0].toLowerCase(java.util.Locale.ROOT).replaceAll("[-_.]+", "-");
    if (!project.equals(item.name())) {
      throw failed(
          item,
          "its build made `" + name + "`, the wheel of another project",
          "ask for another version");
    }
    if (!name.endsWith("-any.whl") && !lock.platform().equals(Platform.current())) {
      throw failed(
          item,
          "its build on "
              + Platform.current()
              + " made `"
              + name
              + "`, which runs on that platform"
              + " only, and the lock is for "
              + lock.platform(),
          "ask for a version that has a wheel for "
              + lock.platform()
              + ", or build on such a machine");
    }
    if (new WheelTags(lock.pythonVersion(), lock.platform()).rank(name).isEmpty()) {
      throw failed(
          item,
          "its build made `"
              + name
              + "`, which does not fit Python "
              + lock.pythonVersion()
              + " on "
              + lock.platform(),
          "ask for another version");
    }
  }

  private static ImageException failed(LockedPackage item, String why, String hint) {
    return new ImageException(
        Problem.of(
                ResolveCode.BUILD_FAILED,
                "the source distribution of `"
                    + item.name()
                    + "` "
                    + item.version()
                    + " gives no wheel to use")
            .at(Place.of(item.artifact().fileName()))
            .because(why)
            .hint(hint));
  }

  /// What builds, with the user's own indexes.
  Uv uv(Progress progress) {
    return Uv.open(settings, home, progress);
  }
}

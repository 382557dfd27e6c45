package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/// The wheels of commits: of one commit there is one build on a machine, which is kept for good.
///
/// A lock names the commit and the bytes of its wheel. Where those bytes are kept they are taken;
/// elsewhere the commit is built again, and what comes out is used only when it is the same.
///
/// @since 0.1
public final class CommitWheels {
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Uv uv;
  private final KeptWheels kept;

  CommitWheels(Uv uv) {
    this.uv = uv;
    this.kept = KeptWheels.of(uv.home());
  }

  /// A wheel that was built.
  ///
  /// @param wheel where it is kept
  /// @param commit what it was built of
  record Built(Path wheel, RepositoryCommit commit) {}

  /// One build of one commit, whoever asks for it.
  ///
  /// @param python `major.minor` to build for
  /// @throws ResolveException code `build-failed` or `checkout-failed`
  Built build(GitSource source, String python, Progress progress) {
    try {
      return built(source, python, progress);
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be kept", kept.folder(), e);
    }
  }

  private Built built(GitSource source, String python, Progress progress) throws IOException {
    if (source.isCommit()) {
      var known = known(source, source.revision(), python);
      if (known.isPresent()) {
        return known.get();
      }
    }
    Files.createDirectories(kept.folder());
    var work = Files.createTempDirectory(kept.folder(), ".checkout-");
    try {
      var folder = work.resolve("source");
      var commit = new GitCheckout(source, uv.settings(), progress).into(folder);
      try (var _ = ProcessLock.acquire(note(source, commit, python, ".lock"), PATIENCE)) {
        var known = known(source, commit, python);
        if (known.isPresent()) {
          return known.get();
        }
        var project = folder.resolve(source.subdirectory()).normalize();
        if (!project.startsWith(folder) || !Files.isDirectory(project)) {
          throw new ResolveException(
              Problem.of(ResolveCode.CHECKOUT_FAILED, "`" + source + "` cannot be built")
                  .at(Place.of(source.url()))
                  .because("it has no directory `" + source.subdirectory() + "`")
                  .hint("name one that commit " + commit + " has by `#subdirectory=`"));
        }
        progress.step("building a wheel of " + source);
        var result = Files.createDirectory(work.resolve("result"));
        var wheel =
            kept.take(
                WheelBuild.run(
                        uv, project, python, result, "`" + source + "` cannot be built", progress)
                    .orElseThrow(() ->
                        new ResolveException(
                            Problem.of(ResolveCode.BUILD_FAILED, "the build left no wheel")
                                .at(Place.of(source.toString())))));
        AtomicFiles.write(note(source, commit, python, ""), kept.folder().relativize(wheel) + "\n");
        return new Built(wheel, commit(source, commit));
      }
    } finally {
      Trees.delete(work);
    }
  }

  private static RepositoryCommit commit(GitSource source, String commit) {
    return new RepositoryCommit(
        source.url(), commit, source.subdirectory().isEmpty() ? null : source.subdirectory());
  }

  /// The wheel of an earlier build.
  private Optional<Built> known(GitSource source, String commit, String python) throws IOException {
    var note = note(source, commit, python, "");
    if (!Files.isRegularFile(note)) {
      return Optional.empty();
    }
    var wheel = kept.folder().resolve(Files.readString(note).strip());
    return Files.isRegularFile(wheel)
        ? Optional.of(new Built(wheel, commit(source, commit)))
        : Optional.empty();
  }

  private Path note(GitSource source, String commit, String python, String end) {
    var what = String.join("\n", source.url(), commit, source.subdirectory(), python);
    return kept.folder().resolve("git").resolve(Sha256.of(what).hex() + end);
  }

  /// The lock with every wheel that was built of sources named by its file on this machine.
  ///
  /// @param uv opened only when something has to be built
  /// @throws ResolveException as [#here(LockedPackage, Lock, TerroirHome, Supplier, Progress)]
  public static Lock here(Lock lock, TerroirHome home, Supplier<Uv> uv, Progress progress) {
    return lock.withPackages(
        lock.packages().stream().map(item -> here(item, lock, home, uv, progress)).toList());
  }

  /// The same package with the place of its file on this machine, when it is a wheel that was built
  /// of sources: the kept one, else a new build of its commit; else the package itself.
  ///
  /// @param uv opened only when something has to be built
  /// @throws ResolveException code `wheel-not-reproducible` when the build makes other bytes than
  ///   the lock wants, `checkout-failed` or `build-failed`
  public static LockedPackage here(
      LockedPackage item, Lock lock, TerroirHome home, Supplier<Uv> uv, Progress progress) {
    var commit = item.commit();
    if (commit.isEmpty() && !isGone(item)) {
      return item;
    }
    var kept = KeptWheels.of(home).find(item.artifact().sha256(), item.artifact().fileName());
    if (kept.isPresent()) {
      return item.at("archive", kept.get().toUri().toString());
    }
    if (commit.isEmpty()) {
      return item;
    }
    var wheel = rebuilt(item, commit.get(), lock, uv.get(), progress);
    return item.at("archive", wheel.toUri().toString());
  }

  /// Whether a file is not where the lock says, as the wheel of another machine's source directory.
  private static boolean isGone(LockedPackage item) {
    try {
      return item.artifact().url().startsWith("file:")
          && !Files.isRegularFile(Path.of(URI.create(item.artifact().url())));
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return false;
    }
  }

  private static Path rebuilt(
      LockedPackage item, RepositoryCommit commit, Lock lock, Uv uv, Progress progress) {
    var artifact = item.artifact();
    var isPure = WheelFileName.parse(artifact.fileName()).map(WheelFileName::isPure).orElse(false);
    if (!isPure && !lock.platform().equals(Platform.current())) {
      throw new ResolveException(
          Problem.of(
                  ResolveCode.BUILD_FAILED,
                  "the wheel of `" + item.name() + "` " + item.version() + " cannot be built here")
              .at(Place.of(commit.directUrl()))
              .because(
                  "it holds compiled code for "
                      + lock.platform()
                      + ", and this machine is "
                      + Platform.current())
              .hint(
                  "use the workspace in which it was locked, which keeps the wheel, or build on "
                      + lock.platform()));
    }
    progress.step(
        "the wheel of `" + item.name() + "` is not kept here: " + commit.directUrl() + " is built");
    var built =
        new CommitWheels(uv).build(source(commit, lock, uv), lock.pythonVersion(), progress);
    try {
      var sha256 = Sha256.of(built.wheel()).hex();
      var name = String.valueOf(built.wheel().getFileName());
      if (sha256.equals(artifact.sha256()) && name.equals(artifact.fileName())) {
        return built.wheel();
      }
      throw new ResolveException(
          Problem.of(
                  ResolveCode.WHEEL_NOT_REPRODUCIBLE,
                  "the wheel that this machine builds of `"
                      + item.name()
                      + "` "
                      + item.version()
                      + " is not the one that is locked")
              .at(Place.of(commit.directUrl()))
              .because(
                  name.equals(artifact.fileName())
                      ? "its SHA-256 is "
                          + sha256
                          + ", the lock says "
                          + artifact.sha256()
                          + ": two builds of that commit do not make the same bytes"
                      : "it is " + name + ", the lock says " + artifact.fileName())
              .hint(
                  "use the workspace in which it was locked, by its folder or its server: it keeps"
                      + " the wheel")
              .hint("or lock anew on this machine, with `terroir environment lock --update`")
              .hint("or build the wheel once, lay it on an index and require it from there"));
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be read", built.wheel(), e);
    }
  }

  /// The commit as this machine gets it: with the credentials that a requirement of the lock names
  /// by a variable, which stand nowhere else.
  private static GitSource source(RepositoryCommit commit, Lock lock, Uv uv) {
    var subdirectory = commit.subdirectory() == null ? "" : commit.subdirectory();
    var credentials =
        lock.requirements().stream()
            .flatMap(line -> BuiltWheels.repository(line, uv).stream())
            .filter(source -> source.url().equals(commit.url()))
            .map(GitSource::credentials)
            .findFirst()
            .orElse("");
    return new GitSource(commit.url(), credentials, commit.commit(), subdirectory, "");
  }
}

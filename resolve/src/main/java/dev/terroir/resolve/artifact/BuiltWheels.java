package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Builds the source directories that requirements name, and keeps the wheels.
///
/// A directory has no hash and changes under an environment; its wheel has one, and a lock that
/// names the wheel installs the same bytes ever after. Two builds of the same files give the same
/// bytes as far as the build backend heeds `SOURCE_DATE_EPOCH`.
///
/// @since 0.1
public final class BuiltWheels {
  private static final Pattern OPTIONS = Pattern.compile("\\s+(?=--?[A-Za-z])");
  private static final Pattern BARE =
      Pattern.compile("(file:[^\\s\\[;]+|/[^\\[;]+?)(\\[[^\\]]*])?\\s*(?:;\\s*(.*))?");

  /// The first second that a zip archive can hold.
  private static final String EPOCH = "315532800";

  private final Uv uv;

  /// @param uv what builds, in isolation, with the user's own indexes
  public BuiltWheels(Uv uv) {
    this.uv = uv;
  }

  /// A requirement that names a directory of this machine.
  ///
  /// @param extras in brackets, or empty
  /// @param marker or empty
  private record Sources(Path directory, String extras, String marker) {}

  /// The line that installs what was built, for a line that names a source directory; else the line
  /// itself.
  ///
  /// @param python `major.minor` to build for
  /// @param platform the machine that installs it
  /// @throws ResolveException code `build-failed`, or `requirement-not-lockable` for a wheel that
  ///   only this machine can install when the lock is for another
  public String lockable(String line, String python, Platform platform, Progress progress) {
    var written = OPTIONS.split(line, 2);
    var sources = sources(written[0]);
    if (sources.isEmpty()) {
      return line;
    }
    var directory = sources.get().directory();
    var wheel = build(directory, python, progress);
    var name = WheelFileName.parse(String.valueOf(wheel.getFileName())).orElseThrow();
    if (!platform.equals(Platform.current()) && !name.isPure()) {
      throw new ResolveException(
          Problem.of(
                  ResolveCode.REQUIREMENT_NOT_LOCKABLE,
                  "`" + line + "` cannot be locked for " + platform)
              .at(Place.file(directory))
              .because(
                  "its wheel "
                      + wheel.getFileName()
                      + " holds compiled code for this machine, "
                      + Platform.current())
              .hint("build the wheel on " + platform + " and give its path or URL"));
    }
    progress.line(
        "`" + line + "` is locked as " + wheel.getFileName() + ", built of the files of now");
    return name.name()
        + sources.get().extras()
        + " @ "
        + wheel.toUri()
        + (sources.get().marker().isEmpty() ? "" : " ; " + sources.get().marker())
        + (written.length > 1 ? " " + written[1] : "");
  }

  private static Optional<Sources> sources(String requirement) {
    try {
      var parsed = Requirement.parse(requirement);
      var url = parsed.url();
      return url == null
          ? Optional.empty()
          : directory(url)
              .map(directory ->
                  new Sources(
                      directory,
                      parsed.extras().isEmpty()
                          ? ""
                          : "[" + String.join(",", parsed.extras()) + "]",
                      parsed.optionalMarker().orElse("")));
    } catch (Requirement.SyntaxException e) {
      var bare = BARE.matcher(requirement);
      return bare.matches()
          ? directory(bare.group(1))
              .map(directory ->
                  new Sources(
                      directory,
                      bare.group(2) == null ? "" : bare.group(2),
                      bare.group(3) == null ? "" : bare.group(3)))
          : Optional.empty();
    }
  }

  private static Optional<Path> directory(String text) {
    try {
      var path =
          text.startsWith("/")
              ? Path.of(text)
              : text.startsWith("file:") ? Path.of(URI.create(text.split("[#?]", 2)[0])) : null;
      return Optional.ofNullable(path).filter(Files::isDirectory);
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return Optional.empty();
    }
  }

  private Path build(Path directory, String python, Progress progress) {
    progress.step("building a wheel of " + directory);
    var store = uv.home().wheels();
    try {
      Files.createDirectories(store);
      var work = Files.createTempDirectory(store, ".build-");
      try {
        uv.with("SOURCE_DATE_EPOCH", EPOCH)
            .run(
                List.of(
                    "build",
                    "--wheel",
                    "--no-create-gitignore",
                    "--python",
                    uv.python(python, progress).toString(),
                    "--out-dir",
                    work.toString(),
                    directory.toString()),
                null,
                "the source directory " + directory + " cannot be built",
                progress);
        return keep(wheelIn(work, directory), store);
      } finally {
        Trees.delete(work);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be kept", store, e);
    }
  }

  private static Path wheelIn(Path work, Path directory) throws IOException {
    try (var list = Files.list(work)) {
      return list.filter(
              file -> WheelFileName.parse(String.valueOf(file.getFileName())).isPresent())
          .findFirst()
          .orElseThrow(() ->
              new ResolveException(
                  Problem.of(ResolveCode.BUILD_FAILED, "the build left no wheel")
                      .at(Place.file(directory))));
    }
  }

  private static Path keep(Path wheel, Path store) throws IOException {
    var kept = store.resolve(Sha256.of(wheel).hex()).resolve(String.valueOf(wheel.getFileName()));
    Files.createDirectories(kept.getParent());
    try {
      Files.move(wheel, kept, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      // Its name is its hash: the same bytes are there.
    }
    return kept;
  }
}

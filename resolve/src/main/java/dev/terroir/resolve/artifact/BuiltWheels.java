package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Redaction;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Builds the source directories and the git repositories that requirements name, and keeps the
/// wheels.
///
/// Neither has a hash, and both change under an environment; the wheel has one, and a lock that
/// names the wheel installs the same bytes ever after. Two builds of the same files give the same
/// bytes as far as the build backend heeds `SOURCE_DATE_EPOCH`; of one commit there is one build on
/// a machine.
///
/// @since 0.1
public final class BuiltWheels {
  private static final Pattern EDITABLE =
      Pattern.compile("(?:-e|--editable)(?:\\s*=\\s*|\\s+|(?=git\\+))(.*)");
  private static final Pattern REPOSITORY =
      Pattern.compile("\\s*(?:[A-Za-z0-9][\\w.-]*\\s*(?:\\[[^\\]]*])?\\s*@\\s*)?git\\+\\S.*");
  private static final Pattern OPTIONS = Pattern.compile("\\s+(?=--?[A-Za-z])");
  private static final Pattern BARE =
      Pattern.compile(
          "(git\\+[^\\s;]+|file:[^\\s\\[;]+|/[^\\[;]+?)(\\[[^\\]]*])?\\s*(?:;\\s*(.*))?");

  /// The first second that a zip archive can hold.
  private static final String EPOCH = "315532800";

  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Uv uv;

  /// @param uv what builds, in isolation, with the user's own indexes
  public BuiltWheels(Uv uv) {
    this.uv = uv;
  }

  /// A requirement that names files of this machine or of a repository.
  ///
  /// @param place what they are in
  /// @param name the project that the requirement says it is, or empty
  /// @param extras in brackets, or empty
  /// @param marker or empty
  private record Sources(Origin place, String name, String extras, String marker) {}

  /// What holds files to build.
  private sealed interface Origin {
    /// A directory of this machine.
    record Directory(Path path) implements Origin {}

    /// A repository of git.
    record Repository(GitSource source) implements Origin {}
  }

  /// Whether a line asks for what lies in a repository of git.
  public static boolean isRepository(String line) {
    return REPOSITORY.matcher(bare(line)).matches();
  }

  /// The line without the wish that its repository be editable: a lock names one commit of it.
  public static String bare(String line) {
    var editable = EDITABLE.matcher(line.strip());
    return editable.matches() ? unquoted(editable.group(1).strip()) : line;
  }

  private static String unquoted(String text) {
    return text.length() > 1
            && (text.startsWith("\"") || text.startsWith("'"))
            && text.charAt(0) == text.charAt(text.length() - 1)
        ? text.substring(1, text.length() - 1)
        : text;
  }

  /// The line that installs what was built, for a line that names a source directory or a
  /// repository; else the line itself. An editable repository is installed as it is at that commit.
  ///
  /// @param python `major.minor` to build for
  /// @param platform the machine that installs it
  /// @throws ResolveException code `build-failed`, `checkout-failed`, or `requirement-not-lockable`
  ///   for a wheel that only this machine can install when the lock is for another
  public String lockable(String line, String python, Platform platform, Progress progress) {
    var written = OPTIONS.split(bare(line), 2);
    var found = sources(written[0]);
    if (found.isEmpty()) {
      return line;
    }
    var sources = found.get();
    var built = build(sources.place(), python, progress);
    var wheel = built.wheel();
    var name = WheelFileName.parse(String.valueOf(wheel.getFileName())).orElseThrow();
    if (!sources.name().isEmpty()
        && !DistributionName.normalized(sources.name()).equals(name.name())) {
      throw new ResolveException(
          Problem.of(
                  ResolveCode.REQUIREMENT_NOT_LOCKABLE,
                  "`" + line + "` asks for `" + sources.name() + "`")
              .at(Place.of(built.place()))
              .because("what lies there is the project `" + name.name() + "`")
              .hint("write `" + name.name() + " @ ...` if that is what you want"));
    }
    if (!platform.equals(Platform.current()) && !name.isPure()) {
      throw new ResolveException(
          Problem.of(
                  ResolveCode.REQUIREMENT_NOT_LOCKABLE,
                  "`" + line + "` cannot be locked for " + platform)
              .at(Place.of(built.place()))
              .because(
                  "its wheel "
                      + wheel.getFileName()
                      + " holds compiled code for this machine, "
                      + Platform.current())
              .hint("build the wheel on " + platform + " and give its path or URL"));
    }
    progress.line(
        "`"
            + Redaction.of(line)
            + "` is locked as "
            + wheel.getFileName()
            + ", built of "
            + built.what());
    return name.name()
        + sources.extras()
        + " @ "
        + wheel.toUri()
        + (sources.marker().isEmpty() ? "" : " ; " + sources.marker())
        + (written.length > 1 ? " " + written[1] : "");
  }

  private Optional<Sources> sources(String requirement) {
    try {
      var parsed = Requirement.parse(requirement);
      var url = parsed.url();
      return url == null
          ? Optional.empty()
          : origin(url)
              .map(place ->
                  new Sources(
                      place,
                      parsed.name(),
                      parsed.extras().isEmpty()
                          ? ""
                          : "[" + String.join(",", parsed.extras()) + "]",
                      parsed.optionalMarker().orElse("")));
    } catch (Requirement.SyntaxException e) {
      var bare = BARE.matcher(requirement);
      return bare.matches()
          ? origin(bare.group(1))
              .map(place ->
                  new Sources(
                      place,
                      place instanceof Origin.Repository(var source)
                          ? source.egg().replaceFirst("\\[.*", "")
                          : "",
                      bare.group(2) != null ? bare.group(2) : extras(place),
                      bare.group(3) == null ? "" : bare.group(3)))
          : Optional.empty();
    }
  }

  private static String extras(Origin place) {
    return place instanceof Origin.Repository(var source) && source.egg().contains("[")
        ? source.egg().substring(source.egg().indexOf('['))
        : "";
  }

  private Optional<Origin> origin(String text) {
    return GitSource.parse(text, name -> uv.settings().get(name).orElse(""))
        .<Origin>map(Origin.Repository::new)
        .or(() -> directory(text).map(Origin.Directory::new));
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

  /// A wheel that was built.
  ///
  /// @param place where its sources lie, for people
  /// @param what which of them it was built of
  private record Built(Path wheel, String place, String what) {}

  private Built build(Origin origin, String python, Progress progress) {
    var store = uv.home().wheels();
    try {
      Files.createDirectories(store);
      return switch (origin) {
        case Origin.Directory(var path) -> {
          progress.step("building a wheel of " + path);
          yield new Built(
              build(path, path.toString(), python, progress), path.toString(), "the files of now");
        }
        case Origin.Repository(var source) -> build(source, python, progress);
      };
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be kept", store, e);
    }
  }

  /// One build of one commit, whoever asks for it.
  private Built build(GitSource source, String python, Progress progress) throws IOException {
    if (source.isCommit()) {
      var kept = kept(source, source.revision(), python);
      if (kept.isPresent()) {
        return kept.get();
      }
    }
    var work = Files.createTempDirectory(uv.home().wheels(), ".checkout-");
    try {
      var folder = work.resolve("source");
      var commit = new GitCheckout(source, uv.settings(), progress).into(folder);
      try (var _ = ProcessLock.acquire(note(source, commit, python, ".lock"), PATIENCE)) {
        var kept = kept(source, commit, python);
        if (kept.isPresent()) {
          return kept.get();
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
        var wheel = build(project, source.toString(), python, progress);
        AtomicFiles.write(
            note(source, commit, python, ""), uv.home().wheels().relativize(wheel) + "\n");
        return built(source, commit, wheel);
      }
    } finally {
      Trees.delete(work);
    }
  }

  private static Built built(GitSource source, String commit, Path wheel) {
    return new Built(wheel, source.url(), "commit " + commit);
  }

  /// The wheel of an earlier build.
  private Optional<Built> kept(GitSource source, String commit, String python) throws IOException {
    var note = note(source, commit, python, "");
    if (!Files.isRegularFile(note)) {
      return Optional.empty();
    }
    var wheel = uv.home().wheels().resolve(Files.readString(note).strip());
    return Files.isRegularFile(wheel)
        ? Optional.of(built(source, commit, wheel))
        : Optional.empty();
  }

  private Path note(GitSource source, String commit, String python, String end) {
    var what = String.join("\n", source.url(), commit, source.subdirectory(), python);
    return uv.home().wheels().resolve("git").resolve(Sha256.of(what).hex() + end);
  }

  /// @param what it is, for people
  private Path build(Path directory, String what, String python, Progress progress)
      throws IOException {
    var store = uv.home().wheels();
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
              what.equals(directory.toString())
                  ? "the source directory " + directory + " cannot be built"
                  : "`" + what + "` cannot be built",
              progress);
      return keep(wheelIn(work, what), store);
    } finally {
      Trees.delete(work);
    }
  }

  private static Path wheelIn(Path work, String what) throws IOException {
    try (var list = Files.list(work)) {
      return list.filter(
              file -> WheelFileName.parse(String.valueOf(file.getFileName())).isPresent())
          .findFirst()
          .orElseThrow(() ->
              new ResolveException(
                  Problem.of(ResolveCode.BUILD_FAILED, "the build left no wheel")
                      .at(Place.of(what))));
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

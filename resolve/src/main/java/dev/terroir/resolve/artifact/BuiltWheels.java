package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Redaction;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Builds the source directories and the git repositories that requirements name, and keeps the
/// wheels. For one resolution in one thread: it remembers which wheels are of which commits.
///
/// Neither has a hash, and both change under an environment; the wheel has one, and a lock that
/// names the wheel installs the same bytes ever after. Two builds of the same files give the same
/// bytes as far as the build backend heeds `SOURCE_DATE_EPOCH`.
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

  private final Uv uv;
  private final Map<String, RepositoryCommit> commits = new HashMap<>();
  private final Map<String, String> repositories = new HashMap<>();

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
    var options = written.length > 1 ? " " + written[1] : "";
    var made = line(name, sources, wheel.toUri().toString()) + options;
    if (sources.place() instanceof Origin.Repository(var source)) {
      repositories.put(made, line(name, sources, source.directUrl()) + options);
    }
    return made;
  }

  private static String line(WheelFileName name, Sources sources, String url) {
    return name.name()
        + sources.extras()
        + " @ "
        + url
        + (sources.marker().isEmpty() ? "" : " ; " + sources.marker());
  }

  /// A line that [#lockable] made of one that names a repository, with the repository in place of
  /// its wheel.
  Optional<String> asRepository(String line) {
    return Optional.ofNullable(repositories.get(line));
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
    return switch (origin) {
      case Origin.Directory(var path) -> {
        progress.step("building a wheel of " + path);
        yield new Built(ofDirectory(path, python, progress), path.toString(), "the files of now");
      }
      case Origin.Repository(var source) -> {
        var built = new CommitWheels(uv).build(source, python, progress);
        remember(built);
        yield new Built(built.wheel(), source.url(), "commit " + built.commit().commit());
      }
    };
  }

  private void remember(CommitWheels.Built built) {
    try {
      commits.put(Sha256.of(built.wheel()).hex(), built.commit());
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be read", built.wheel(), e);
    }
  }

  /// Builds a directory of sources and keeps the wheel.
  ///
  /// @param python `major.minor` to build for
  /// @throws ResolveException code `build-failed`
  public Path ofDirectory(Path directory, String python, Progress progress) {
    var kept = KeptWheels.of(uv.home());
    try {
      Files.createDirectories(kept.folder());
      var work = Files.createTempDirectory(kept.folder(), ".build-");
      try {
        return kept.take(
            WheelBuild.run(
                    uv,
                    directory,
                    python,
                    work,
                    "the source directory " + directory + " cannot be built",
                    progress)
                .orElseThrow(() ->
                    new ResolveException(
                        Problem.of(ResolveCode.BUILD_FAILED, "the build left no wheel")
                            .at(Place.of(directory.toString())))));
      } finally {
        Trees.delete(work);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be kept", kept.folder(), e);
    }
  }

  /// Builds a commit and keeps the wheel.
  ///
  /// @param python `major.minor` to build for
  /// @throws ResolveException code `build-failed` or `checkout-failed`
  public Path ofCommit(RepositoryCommit commit, String python, Progress progress) {
    var source =
        GitSource.parse(commit.directUrl(), name -> uv.settings().get(name).orElse(""))
            .orElseThrow(() ->
                new ResolveException(
                    Problem.of(
                            ResolveCode.CHECKOUT_FAILED,
                            "`" + Redaction.of(commit.directUrl()) + "` is no repository of git")
                        .hint("its URL begins with https, ssh, git or file")));
    var built = new CommitWheels(uv).build(source, python, progress);
    remember(built);
    return built.wheel();
  }

  /// Makes the wheels of what other packages require by repository or directory.
  ///
  /// @param python `major.minor` to build for
  public Pylock.Sources sources(String python, Progress progress) {
    return new Pylock.Sources() {
      @Override
      public Path ofCommit(RepositoryCommit commit) {
        return BuiltWheels.this.ofCommit(commit, python, progress);
      }

      @Override
      public Path ofDirectory(Path directory) {
        return BuiltWheels.this.ofDirectory(directory, python, progress);
      }
    };
  }

  /// Names the wheels that were built of repositories as locks do: by their commits, wherever the
  /// files lie here.
  public List<LockedPackage> named(List<LockedPackage> packages) {
    return packages.stream()
        .map(item -> {
          var commit = commits.get(item.artifact().sha256());
          return commit == null || !item.artifact().url().startsWith("file:")
              ? item
              : item.at(LockedPackage.VCS, commit.directUrl());
        })
        .toList();
  }

  /// The repository that a line asks for.
  static Optional<GitSource> repository(String line, Uv uv) {
    return new BuiltWheels(uv)
        .sources(OPTIONS.split(bare(line), 2)[0])
        .flatMap(sources ->
            sources.place() instanceof Origin.Repository(var source)
                ? Optional.of(source)
                : Optional.empty());
  }
}

package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A folder whose files a Dockerfile may copy, without those that `.dockerignore` names. Immutable;
/// reads the folder anew at every call.
///
/// Owners, times and the permissions of groups and others are not looked at, so that a build is the
/// same for every user, umask and checkout: files are `0644`, or `0755` if their owner may execute
/// them, directories `0755`.
///
/// @since 0.1
public final class BuildContext implements FileTree {
  /// Why a file is not there in a context without any.
  public static final String NO_FILES =
      "a Dockerfile without a build context has no files beside it";

  /// What to do about it.
  public static final String GIVE_FILES =
      "put the Dockerfile into a folder with the files that it copies, and name that folder in"
          + " `docker.buildContext`";

  private final @Nullable Path root;
  private final IgnoreRules ignore;
  private final String ignoreSource;

  private final String ignoreText;

  private BuildContext(@Nullable Path root, String ignoreText, String ignoreSource) {
    this.root = root;
    this.ignore = IgnoreRules.parse(ignoreText, ignoreSource);
    this.ignoreText = ignoreText;
    this.ignoreSource = ignoreSource;
  }

  /// A context without files.
  public static BuildContext empty() {
    return new BuildContext(null, "", "");
  }

  /// A folder. The ignore rules are those of `<Dockerfile>.dockerignore`, else of `.dockerignore`
  /// in the folder, else none.
  ///
  /// @param root the folder
  /// @param dockerfile the Dockerfile's own file, or null if it is none
  public static BuildContext of(Path root, @Nullable Path dockerfile) {
    try {
      var real = root.toRealPath();
      if (!Files.isDirectory(real)) {
        throw new java.nio.file.NotDirectoryException(root.toString());
      }
      var candidates = new ArrayList<Path>();
      if (dockerfile != null) {
        candidates.add(dockerfile.resolveSibling(dockerfile.getFileName() + ".dockerignore"));
      }
      candidates.add(real.resolve(".dockerignore"));
      for (var file : candidates) {
        if (Files.isRegularFile(file)) {
          return new BuildContext(real, Files.readString(file), String.valueOf(file.getFileName()));
        }
      }
      return new BuildContext(real, "", "");
    } catch (IOException e) {
      throw FoundationException.ofFile("the build context cannot be read", root, e);
    }
  }

  /// The folder, or empty for a context without files.
  public Optional<Path> root() {
    return Optional.ofNullable(root);
  }

  /// The text of its ignore rules, empty if it has none.
  public String ignoreText() {
    return ignoreText;
  }

  /// The name of the file whose rule keeps a path out, if one does.
  Optional<String> ignoredBy(String path) {
    return root != null && ignore.ignores(path) && Files.exists(root.resolve(path))
        ? Optional.of(ignoreSource)
        : Optional.empty();
  }

  @Override
  public Optional<Entry> find(String path) {
    if (root == null || path.contains("\0")) {
      return Optional.empty();
    }
    var file = root.resolve(path);
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
      var attributes =
          Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!path.isEmpty() && ignore.ignores(path)) {
        // A directory stays when something below it was taken back in.
        var holds = attributes.isDirectory() && ignore.hasExceptions() && !children(path).isEmpty();
        if (!holds) {
          return Optional.empty();
        }
      }
      var type =
          attributes.isDirectory()
              ? Type.DIRECTORY
              : attributes.isSymbolicLink()
                  ? Type.LINK
                  : attributes.isRegularFile() ? Type.FILE : Type.SPECIAL;
      var isExecutable =
          type == Type.DIRECTORY
              || attributes.permissions().contains(PosixFilePermission.OWNER_EXECUTE);
      return Optional.of(
          new Entry(
              path,
              type,
              type == Type.LINK ? 0777 : isExecutable ? 0755 : 0644,
              0,
              0,
              0,
              type == Type.FILE ? attributes.size() : 0,
              type == Type.LINK ? Files.readSymbolicLink(file).toString() : null));
    } catch (IOException e) {
      throw FoundationException.ofFile("the build context cannot be read", file, e);
    }
  }

  @Override
  public boolean isClosed() {
    return true;
  }

  @Override
  public List<String> children(String path) {
    if (root == null) {
      return List.of();
    }
    var directory = root.resolve(path);
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    var names = new ArrayList<String>();
    try (var files = Files.newDirectoryStream(directory)) {
      for (var file : files) {
        var name = String.valueOf(file.getFileName());
        if (find(TarTree.join(path, name)).isPresent()) {
          names.add(name);
        }
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the build context cannot be read", directory, e);
    }
    Collections.sort(names);
    return names;
  }

  @Override
  public InputStream open(Entry entry) throws IOException {
    if (root == null) {
      throw new IOException("there is no build context");
    }
    return Files.newInputStream(root.resolve(entry.path()), LinkOption.NOFOLLOW_LINKS);
  }

  /// The digest of all that a build can see of it: paths, types, modes, targets and contents.
  public Sha256 digest() {
    var engine = Sha256.engine();
    digest("", engine);
    return Sha256.finish(engine);
  }

  private void digest(String directory, MessageDigest engine) {
    for (var name : children(directory)) {
      var path = TarTree.join(directory, name);
      var entry = find(path).orElseThrow();
      var content = "";
      if (entry.type() == Type.FILE) {
        try (var in = open(entry)) {
          content = Sha256.of(in).hex();
        } catch (IOException e) {
          throw FoundationException.ofFile("the build context cannot be read", Path.of(path), e);
        }
      }
      var line =
          String.join(
              "\0",
              path,
              entry.type().name(),
              Integer.toOctalString(entry.mode()),
              String.valueOf(entry.target()),
              content);
      engine.update((line + "\0\n").getBytes(StandardCharsets.UTF_8));
      if (entry.isDirectory()) {
        digest(path, engine);
      }
    }
  }
}

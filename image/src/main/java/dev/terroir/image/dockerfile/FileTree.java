package dev.terroir.image.dockerfile;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The files of an image, a stage or a build context. Paths have no slash at the beginning and none
/// at the end; the root is the empty path.
///
/// Thread-safe for reading as long as what it reads from does not change.
///
/// @since 0.1
public interface FileTree {
  /// A tree without files.
  FileTree EMPTY =
      new FileTree() {
        @Override
        public Optional<Entry> find(String path) {
          return Optional.empty();
        }

        @Override
        public List<String> children(String path) {
          return List.of();
        }

        @Override
        public InputStream open(Entry entry) throws IOException {
          throw new IOException("an empty tree has no file " + entry.path());
        }
      };

  /// What a path can be.
  enum Type {
    /// A regular file.
    FILE,
    /// A directory.
    DIRECTORY,
    /// A symbolic link.
    LINK,
    /// A device, a pipe or a socket.
    SPECIAL
  }

  /// One path.
  ///
  /// @param path as the tree has it
  /// @param type what it is
  /// @param mode permission bits, `07777` at most
  /// @param uid the owner
  /// @param gid the owning group
  /// @param mtimeSeconds seconds since 1970
  /// @param sizeBytes of a file, else 0
  /// @param target of a link, else null
  record Entry(
      String path,
      Type type,
      int mode,
      int uid,
      int gid,
      long mtimeSeconds,
      long sizeBytes,
      @Nullable String target) {
    /// Whether it is a directory.
    public boolean isDirectory() {
      return type == Type.DIRECTORY;
    }
  }

  /// What lies at a path; links are not followed, neither at its end nor on the way.
  Optional<Entry> find(String path);

  /// The names in a directory, sorted; none if it is no directory.
  List<String> children(String path);

  /// The content of a regular file; the caller closes it.
  InputStream open(Entry entry) throws IOException;

  /// Whether a link that leads out of the tree is a mistake; else it goes on from the root.
  default boolean isClosed() {
    return false;
  }

  /// Follows links as a process would whose root the tree is, also absolute ones and `..`.
  ///
  /// @param followsLast whether a link at the end is followed
  /// @return the path without links; parts that do not exist stay as they are
  /// @throws IOException if links lead in a circle, or out of a closed tree
  default String resolve(String path, boolean followsLast) throws IOException {
    var rest = new ArrayDeque<>(List.of(path.split("/")));
    var done = new ArrayDeque<String>();
    var followed = 0;
    while (!rest.isEmpty()) {
      var name = rest.removeFirst();
      if (name.isEmpty() || name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        if (done.pollLast() == null && isClosed()) {
          throw new IOException("`" + path + "` leads out of it");
        }
        continue;
      }
      done.addLast(name);
      var here = find(String.join("/", done));
      var target = here.map(Entry::target).orElse(null);
      if (target != null && (followsLast || !rest.isEmpty())) {
        if (++followed > 40) {
          throw new IOException("the links at `" + path + "` lead in a circle");
        }
        done.removeLast();
        if (target.startsWith("/")) {
          if (isClosed()) {
            throw new IOException(
                "the link `" + here.get().path() + "` leads out of it, to `" + target + "`");
          }
          done.clear();
        }
        for (var part : List.of(target.split("/")).reversed()) {
          rest.addFirst(part);
        }
      }
    }
    return String.join("/", done);
  }
}

package dev.terroir.compute.snapshot;

import dev.terroir.compute.ComputeCode;
import dev.terroir.compute.ComputeException;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// The files of a source directory at one moment, kept by content. Immutable.
///
/// The store holds `objects/<2>/<62>` by SHA-256 and `manifests/<id>.json`; the same file is kept
/// once.
///
/// @param id SHA-256 of the manifest
/// @param entries the files, sorted by path
/// @since 0.1
public record Snapshot(String id, List<Entry> entries) {
  /// A file.
  ///
  /// @param path relative, with `/`
  /// @param sizeBytes its size
  /// @param sha256 of its content
  /// @param isExecutable whether its owner may execute it
  public record Entry(String path, long sizeBytes, String sha256, boolean isExecutable) {}

  /// How large a snapshot may be.
  ///
  /// @param maxBytes of all files
  /// @param maxFiles how many
  public record Limits(long maxBytes, int maxFiles) {
    /// The limits of the retired service: 300 MB and 2000 files.
    public static final Limits DEFAULT = new Limits(300L << 20, 2000);
  }

  /// Copies the list.
  public Snapshot {
    entries = List.copyOf(entries);
  }

  /// Takes a snapshot of a directory.
  ///
  /// @throws ComputeException code `snapshot-refused` beyond the limits, with the largest files, or
  ///   when a link leads out of the directory
  public static Snapshot take(Path source, Path store, Limits limits) {
    var root = source.toAbsolutePath().normalize();
    var files = new ArrayList<Path>();
    try {
      collect(root.toRealPath(), root, IgnoreRules.read(root), files);
      check(root, files, limits);
      var entries = new ArrayList<Entry>();
      for (var file : files) {
        var sha256 = keep(file, store);
        entries.add(
            new Entry(relative(root, file), Files.size(file), sha256, Files.isExecutable(file)));
      }
      return write(entries, store);
    } catch (IOException e) {
      throw FoundationException.ofFile("the snapshot cannot be taken", source, e);
    }
  }

  /// A snapshot of files that the store has already.
  ///
  /// @param files in any order, each path once, relative and within
  /// @throws ComputeException code `snapshot-refused` beyond the limits, for a path that is there
  ///   twice or is a folder of another, and for a size that the content does not have
  public static Snapshot of(List<Entry> files, Path store, Limits limits) {
    var entries = new ArrayList<>(files);
    entries.sort(Comparator.comparing(Entry::path));
    var total = entries.stream().mapToLong(Entry::sizeBytes).sum();
    if (total > limits.maxBytes() || entries.size() > limits.maxFiles()) {
      throw new ComputeException(
          Problem.of(
              ComputeCode.SNAPSHOT_REFUSED,
              "a snapshot may have at most "
                  + (limits.maxBytes() >> 20)
                  + " MB and "
                  + limits.maxFiles()
                  + " files; this one has "
                  + (total >> 20)
                  + " MB and "
                  + entries.size()));
    }
    var paths = new java.util.HashSet<String>();
    for (var entry : entries) {
      if (!paths.add(entry.path())) {
        throw refused("the file `" + entry.path() + "` is there twice");
      }
    }
    for (var entry : entries) {
      for (int end = entry.path().lastIndexOf('/');
          end > 0;
          end = entry.path().lastIndexOf('/', end - 1)) {
        if (paths.contains(entry.path().substring(0, end))) {
          throw refused("`" + entry.path().substring(0, end) + "` is a file and a folder");
        }
      }
      var size = object(store, entry.sha256()).toFile().length();
      if (size != entry.sizeBytes()) {
        throw refused(
            "the file `" + entry.path() + "` has " + size + " bytes, not " + entry.sizeBytes());
      }
    }
    return write(entries, store);
  }

  private static ComputeException refused(String what) {
    return new ComputeException(Problem.of(ComputeCode.SNAPSHOT_REFUSED, what));
  }

  private static Snapshot write(List<Entry> entries, Path store) {
    entries.sort(Comparator.comparing(Entry::path));
    var manifest = JsonWriter.canonical(manifest(entries));
    var id = Sha256.of(manifest).hex();
    var target = store.resolve("manifests").resolve(id + ".json");
    if (!Files.exists(target)) {
      AtomicFiles.write(target, manifest);
    }
    return new Snapshot(id, entries);
  }

  /// Makes a fresh working copy straight from a directory and keeps nothing in a store: what a
  /// snapshot of it would hold, under the same limits.
  ///
  /// @throws ComputeException code `snapshot-refused`, as [#take]
  public static void copy(Path source, Path target, Limits limits) {
    var root = source.toAbsolutePath().normalize();
    var files = new ArrayList<Path>();
    try {
      collect(root.toRealPath(), root, IgnoreRules.read(root), files);
      check(root, files, limits);
      for (var file : files) {
        var copy = target.resolve(relative(root, file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
        if (Files.isExecutable(file)) {
          makeExecutable(copy);
        }
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the working copy cannot be made", target, e);
    }
  }

  private static void makeExecutable(Path file) throws IOException {
    var permissions = Files.getPosixFilePermissions(file);
    permissions.add(PosixFilePermission.OWNER_EXECUTE);
    Files.setPosixFilePermissions(file, permissions);
  }

  private static void collect(Path realRoot, Path root, IgnoreRules rules, List<Path> files)
      throws IOException {
    var pending = new ArrayList<Path>();
    pending.add(root);
    while (!pending.isEmpty()) {
      var directory = pending.removeLast();
      try (var list = Files.newDirectoryStream(directory)) {
        for (var entry : list) {
          var isDirectory = Files.isDirectory(entry, java.nio.file.LinkOption.NOFOLLOW_LINKS);
          if (rules.isIgnored(relative(root, entry), isDirectory)) {
            continue;
          }
          if (isDirectory) {
            pending.add(entry);
          } else if (Files.isSymbolicLink(entry)) {
            link(realRoot, entry, files);
          } else if (Files.isRegularFile(entry)) {
            files.add(entry);
          }
        }
      }
    }
    files.sort(null);
  }

  private static void link(Path realRoot, Path link, List<Path> files) throws IOException {
    if (!Files.exists(link)) {
      return;
    }
    if (!link.toRealPath().startsWith(realRoot) || Files.isDirectory(link)) {
      throw new ComputeException(
          Problem.of(
                  ComputeCode.SNAPSHOT_REFUSED,
                  Files.isDirectory(link)
                      ? "a link to a directory cannot be part of a snapshot"
                      : "a link leads out of the source directory")
              .at(Place.file(link))
              .because("it points to " + Files.readSymbolicLink(link))
              .hint("replace it by a copy, or name it in .amlignore"));
    }
    files.add(link);
  }

  private static void check(Path root, List<Path> files, Limits limits) throws IOException {
    var total = 0L;
    for (var file : files) {
      total += Files.size(file);
    }
    if (total <= limits.maxBytes() && files.size() <= limits.maxFiles()) {
      return;
    }
    var largest = new ArrayList<>(files);
    largest.sort(Comparator.comparingLong((Path file) -> file.toFile().length()).reversed());
    var names =
        largest.stream()
            .limit(5)
            .map(file -> relative(root, file) + " (" + file.toFile().length() / 1_000_000 + " MB)")
            .toList();
    throw new ComputeException(
        Problem.of(
                ComputeCode.SNAPSHOT_REFUSED,
                "While attempting to take snapshot of "
                    + root
                    + " Your total snapshot size exceeds the limit of "
                    + String.format(Locale.ROOT, "%.1f", limits.maxBytes() / (double) (1 << 20))
                    + " MB or "
                    + limits.maxFiles()
                    + " files")
            .because("it has " + files.size() + " files of " + (total >> 20) + " MB in all")
            .because("the largest are " + String.join(", ", names))
            .hint(
                "name what a run does not need in a file .amlignore, in the syntax of .gitignore"));
  }

  private static String keep(Path file, Path store) throws IOException {
    var sha256 = Sha256.of(file).hex();
    var object = object(store, sha256);
    if (!Files.exists(object)) {
      AtomicFiles.write(
          object,
          out -> {
            try (var in = Files.newInputStream(file)) {
              in.transferTo(out);
            }
          });
      if (!Sha256.of(object).hex().equals(sha256)) {
        Files.delete(object);
        throw new ComputeException(
            Problem.of(ComputeCode.SNAPSHOT_REFUSED, "a file changed while the snapshot was taken")
                .at(Place.file(file))
                .hint("submit again when nothing writes to it"));
      }
    }
    return sha256;
  }

  /// Makes a fresh working copy.
  ///
  /// @throws ComputeException code `snapshot-refused` when the store's content is not what it was
  public static void restore(Path store, String id, Path target) {
    var manifest = JsonReader.readObject(store.resolve("manifests").resolve(id + ".json"));
    for (var entry : manifest.objects("files")) {
      var file = target.resolve(entry.string("path"));
      var object = object(store, entry.string("sha256"));
      try {
        Files.createDirectories(file.getParent());
        Files.copy(object, file);
        if (entry.optionalBoolean("executable").orElse(false)) {
          makeExecutable(file);
        }
        if (!Sha256.of(file).hex().equals(entry.string("sha256"))) {
          throw new ComputeException(
              Problem.of(ComputeCode.SNAPSHOT_REFUSED, "a file of the snapshot is damaged")
                  .at(Place.file(object)));
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the working copy cannot be made", file, e);
      }
    }
  }

  private static Path object(Path store, String sha256) {
    return store.resolve("objects").resolve(sha256.substring(0, 2)).resolve(sha256.substring(2));
  }

  private static JsonObject manifest(List<Entry> entries) {
    return JsonObject.builder()
        .put("format", "terroir-snapshot/1")
        .put(
            "files",
            new JsonValue.JsonArray(
                entries.stream()
                    .<JsonValue>map(entry ->
                        JsonObject.builder()
                            .put("path", entry.path())
                            .put("size", entry.sizeBytes())
                            .put("sha256", entry.sha256())
                            .put("executable", entry.isExecutable())
                            .build())
                    .toList()))
        .build();
  }

  private static String relative(Path root, Path file) {
    return root.relativize(file).toString();
  }
}

package dev.terroir.image.build;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What Terroir keeps to make the next image fast: package archives, and below `images` the blobs
/// of layers and base images, what bases hold, what was made of Dockerfiles, what link scripts
/// made, what was built of what, and the catalog of layers. All of it can be made or fetched again.
/// The catalog is small and saves fetching packages whose layers a registry has, so it stays.
/// Immutable and thread-safe.
///
/// @since 0.1
public final class ImageCache {
  private static final String BLOBS = "blobs";
  private static final String CATALOG = "layers";

  private final Path archives;
  private final Path images;

  /// The cache of a user.
  public ImageCache(TerroirHome home) {
    this.archives = home.cache().resolve("archives");
    this.images = home.cache().resolve("images");
  }

  /// A part of the cache.
  ///
  /// @param name `archives`, or a folder below `images`
  /// @param directory where it lies
  /// @param files how many
  /// @param sizeBytes of all of them
  public record Part(String name, Path directory, int files, long sizeBytes) {}

  private record Entry(Path file, long sizeBytes, Instant modified) {}

  /// The parts with their sizes.
  public List<Part> list() {
    var parts = new ArrayList<Part>();
    parts.add(part("archives", archives));
    parts.add(part(BLOBS, images.resolve(BLOBS)));
    for (var folder : folders(images)) {
      var name = folder.getFileName().toString();
      if (!name.equals(BLOBS) && !name.startsWith(".")) {
        parts.add(part(name, folder));
      }
    }
    return List.copyOf(parts);
  }

  private static Part part(String name, Path directory) {
    var entries = entries(directory);
    return new Part(
        name, directory, entries.size(), entries.stream().mapToLong(Entry::sizeBytes).sum());
  }

  /// Reads everything and takes away archives and blobs that are not what their name says, and
  /// records that cannot be read; they are made or fetched again when they are needed. What another
  /// process still writes is left alone.
  ///
  /// @return the damaged ones
  public List<Path> verify() {
    var damaged = new ArrayList<Path>();
    for (var directory : List.of(archives, images.resolve(BLOBS))) {
      for (var entry : entries(directory.resolve("sha256"))) {
        if (isUsed(directory, entry.file())) {
          continue;
        }
        check(entry.file(), ImageCache::isWhatItsNameSays, damaged);
      }
    }
    for (var folder : folders(images)) {
      if (!folder.endsWith(BLOBS)) {
        for (var entry : entries(folder)) {
          var isCatalog = folder.endsWith(CATALOG);
          var isJson = isCatalog || entry.file().toString().endsWith(".json");
          if (isJson && !isUsed(folder, entry.file())) {
            check(entry.file(), file -> isRecord(file, isCatalog), damaged);
          }
        }
      }
    }
    return damaged;
  }

  private interface Check {
    boolean isSound(Path file) throws IOException;
  }

  private static void check(Path file, Check check, List<Path> damaged) {
    try {
      if (!check.isSound(file)) {
        damaged.add(file);
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      // Somebody else took it away.
    } catch (IOException e) {
      throw FoundationException.ofFile("the cache cannot be read", file, e);
    }
  }

  private static boolean isWhatItsNameSays(Path file) throws IOException {
    return Sha256.of(file).hex().equals(file.getFileName().toString());
  }

  /// The catalog has one line of JSON, then paths.
  private static boolean isRecord(Path file, boolean isFirstLine) throws IOException {
    var text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    try {
      JsonReader.parseObject(
          isFirstLine ? text.lines().findFirst().orElse("") : text, file.toString());
      return true;
    } catch (FoundationException e) {
      return false;
    }
  }

  /// What pruning took away.
  ///
  /// @param files how many
  /// @param sizeBytes of all of them
  public record Pruned(int files, long sizeBytes) {}

  /// Takes away what was written before a time, and what killed processes left at least an hour
  /// ago, as a file that is younger may still be written; the catalog of layers stays.
  public Pruned prune(Instant before) {
    var files = 0;
    var size = 0L;
    var places = new ArrayList<Path>();
    places.add(archives);
    folders(images).stream().filter(folder -> !folder.endsWith(CATALOG)).forEach(places::add);
    AtomicFiles.sweep(images);
    for (var directory : places) {
      AtomicFiles.sweep(directory);
      folders(directory).forEach(AtomicFiles::sweep);
      for (var entry : entries(directory)) {
        if (entry.modified().isBefore(before) && !isUsed(directory, entry.file())) {
          try {
            if (Files.deleteIfExists(entry.file())) {
              files++;
              size += entry.sizeBytes();
            }
          } catch (IOException e) {
            throw FoundationException.ofFile("the cache cannot be pruned", entry.file(), e);
          }
        }
      }
    }
    return new Pruned(files, size);
  }

  /// Locks may be held, temporaries may be written to.
  private static boolean isUsed(Path directory, Path file) {
    for (var part : directory.relativize(file)) {
      var name = part.toString();
      if (name.endsWith(".lock") || name.startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static List<Path> folders(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var entries = Files.list(directory)) {
      return entries.filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the cache cannot be read", directory, e);
    }
  }

  private static List<Entry> entries(Path directory) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    var entries = new ArrayList<Entry>();
    try (var files = Files.walk(directory)) {
      for (var file : (Iterable<Path>) files.sorted()::iterator) {
        try {
          var attributes = Files.readAttributes(file, BasicFileAttributes.class);
          if (attributes.isRegularFile()) {
            entries.add(
                new Entry(file, attributes.size(), attributes.lastModifiedTime().toInstant()));
          }
        } catch (NoSuchFileException e) {
          // Somebody else took it away.
        }
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the cache cannot be read", directory, e);
    }
    return entries;
  }
}

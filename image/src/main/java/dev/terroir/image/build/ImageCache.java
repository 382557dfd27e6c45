package dev.terroir.image.build;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.TerroirHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What Terroir keeps to make the next image fast: package archives, and blobs of layers and base
/// images. All of it can be made or fetched again; what is remembered of it (the catalog of layers,
/// the records of images) is small and stays. Immutable and thread-safe.
///
/// @since 0.1
public final class ImageCache {
  private final Path archives;
  private final Path blobs;

  /// The cache of a user.
  public ImageCache(TerroirHome home) {
    this.archives = home.cache().resolve("archives");
    this.blobs = home.cache().resolve("images").resolve("blobs");
  }

  /// A part of the cache.
  ///
  /// @param name `archives` or `blobs`
  /// @param directory where it lies
  /// @param files how many
  /// @param sizeBytes of all of them
  public record Part(String name, Path directory, int files, long sizeBytes) {}

  private record Entry(Path file, long sizeBytes, Instant modified) {}

  /// The parts with their sizes.
  public List<Part> list() {
    return List.of(part("archives", archives), part("blobs", blobs));
  }

  private static Part part(String name, Path directory) {
    var entries = entries(directory);
    return new Part(
        name, directory, entries.size(), entries.stream().mapToLong(Entry::sizeBytes).sum());
  }

  /// Reads every archive and blob and takes away those that are not what their name says; they are
  /// made or fetched again when they are needed. What another process still writes is left alone.
  ///
  /// @return the damaged ones
  public List<Path> verify() {
    var damaged = new ArrayList<Path>();
    for (var directory : List.of(archives, blobs)) {
      for (var entry : entries(directory.resolve("sha256"))) {
        if (isTemporary(entry)) {
          continue;
        }
        try {
          if (!Sha256.of(entry.file()).hex().equals(entry.file().getFileName().toString())) {
            damaged.add(entry.file());
            Files.deleteIfExists(entry.file());
          }
        } catch (NoSuchFileException e) {
          // Somebody else took it away.
        } catch (IOException e) {
          throw FoundationException.ofFile("the cache cannot be read", entry.file(), e);
        }
      }
    }
    return damaged;
  }

  /// What pruning took away.
  ///
  /// @param files how many
  /// @param sizeBytes of all of them
  public record Pruned(int files, long sizeBytes) {}

  /// Takes away archives and blobs that were written before a time, and what killed processes left
  /// at least an hour ago: a file that is younger may still be written.
  public Pruned prune(Instant before) {
    var files = 0;
    var size = 0L;
    for (var directory : List.of(archives, blobs)) {
      AtomicFiles.sweep(directory);
      AtomicFiles.sweep(directory.resolve("sha256"));
      for (var entry : entries(directory)) {
        if (entry.modified().isBefore(before)
            && !entry.file().toString().endsWith(".lock")
            && !isTemporary(entry)) {
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

  private static boolean isTemporary(Entry entry) {
    var name = entry.file().getFileName().toString();
    return name.startsWith(".") && name.endsWith(".tmp");
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

package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.image.oci.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Which repositories of a registry were given which blobs from here, so that another repository
/// can take them over there instead of being sent them again. What it says may be out of date: the
/// registry is asked. Thread-safe; any number of processes may use one folder.
///
/// ```
/// <SHA-256 of the registry>/<SHA-256 of the repository>    its name, then a digest per line
/// ```
///
/// @since 0.1
public final class PushedBlobs {
  /// So many of the latest repositories of a registry are looked at.
  private static final int MAX_REPOSITORIES = 64;

  /// So many of the latest blobs of a repository are kept.
  private static final int MAX_BLOBS = 2000;

  private final Path directory;
  private final Map<String, Map<String, List<String>>> read = new HashMap<>();

  /// @param directory made when the first image is put somewhere
  public PushedBlobs(Path directory) {
    this.directory = directory;
  }

  /// The repositories that were given a blob, the latest first.
  List<String> repositories(String domain, Digest blob) {
    return ofDomain(domain).getOrDefault(blob.toString(), List.of());
  }

  private synchronized Map<String, List<String>> ofDomain(String domain) {
    return read.computeIfAbsent(domain, this::readAll);
  }

  private Path folder(String domain) {
    return directory.resolve(Sha256.of(domain).hex());
  }

  private Map<String, List<String>> readAll(String domain) {
    var found = new HashMap<String, List<String>>();
    for (var file : latest(folder(domain))) {
      var lines = lines(file);
      for (var digest : lines.subList(Math.min(1, lines.size()), lines.size())) {
        found.computeIfAbsent(digest, _ -> new ArrayList<>()).add(lines.getFirst());
      }
    }
    return found;
  }

  private static List<Path> latest(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .sorted(Comparator.comparingLong(PushedBlobs::modified).reversed())
          .limit(MAX_REPOSITORIES)
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("what was pushed cannot be read", folder, e);
    }
  }

  private static long modified(Path file) {
    return file.toFile().lastModified();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      // Pruned by another process in the meantime, or damaged.
      return List.of();
    }
  }

  /// Remembers blobs of a repository.
  void add(String domain, String repository, List<Digest> blobs) {
    var file = folder(domain).resolve(Sha256.of(repository).hex());
    var before = lines(file).stream().skip(1);
    var all = new LinkedHashSet<String>();
    Stream.concat(blobs.stream().map(Digest::toString), before).limit(MAX_BLOBS).forEach(all::add);
    AtomicFiles.writeCached(file, repository + "\n" + String.join("\n", all) + "\n");
    synchronized (this) {
      read.remove(domain);
    }
  }
}

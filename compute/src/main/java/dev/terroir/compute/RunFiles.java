package dev.terroir.compute;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// The files of a run: those that are kept, and those that its script is writing. Thread-safe.
///
/// @param artifacts what is kept
/// @param work the working copy, which is gone when the run has ended
record RunFiles(String id, Path artifacts, Path work) {
  private static final List<String> COLLECTED = List.of("outputs", "logs");

  /// By their names.
  SortedMap<String, Path> all() {
    var found = new TreeMap<String, Path>();
    for (var folder : COLLECTED) {
      list(work.resolve(folder), work, found);
    }
    list(artifacts, artifacts, found);
    return found;
  }

  private static void list(Path folder, Path root, SortedMap<String, Path> found) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var walk = Files.walk(folder)) {
      walk.filter(Files::isRegularFile)
          .filter(file -> !isHalf(file))
          .forEach(file -> found.put(root.relativize(file).toString(), file));
    } catch (UncheckedIOException | NoSuchFileException e) {
      // The script deletes files, or the working copy goes, while they are listed.
    } catch (IOException e) {
      throw FoundationException.ofFile("the run's files cannot be listed", folder, e);
    }
  }

  /// A file that is being added; [AtomicFiles#temporaryBeside] names them so.
  private static boolean isHalf(Path file) {
    var name = String.valueOf(file.getFileName());
    return name.startsWith(".") && name.endsWith(".tmp");
  }

  /// A file or folder.
  Path get(String name) {
    var path = check(name.replaceFirst("/+$", ""));
    var kept = artifacts.resolve(path);
    var isCollected = COLLECTED.contains(path.replaceFirst("/.*", ""));
    var file = Files.exists(kept) || !isCollected ? kept : work.resolve(path);
    if (!Files.exists(file) || !isBelow(file)) {
      throw new ComputeException(
          Problem.of(ComputeCode.RUN_FILE_NOT_FOUND, "run `" + id + "` has no file `" + name + "`")
              .because("it has " + String.join(", ", all().keySet())));
    }
    return file;
  }

  /// A script may have left links that lead elsewhere.
  private boolean isBelow(Path file) {
    try {
      var root = artifacts.resolveSibling("").normalize();
      return file.toRealPath().startsWith(root.toRealPath());
    } catch (IOException e) {
      return false;
    }
  }

  /// Adds a file under a name that is free.
  void add(String name, InputStream in) {
    var file = artifacts.resolve(check(name));
    var temporary = AtomicFiles.temporaryBeside(file);
    try {
      Files.createDirectories(file.resolveSibling("").normalize());
      Files.copy(in, temporary);
      // Unlike a move, a link never replaces a file that is there.
      Files.createLink(file, temporary);
    } catch (FileAlreadyExistsException e) {
      throw new ComputeException(
          Problem.of(
                  ComputeCode.RUN_FILE_EXISTS, "run `" + id + "` has a file `" + name + "` already")
              .hint("choose another name"));
    } catch (IOException e) {
      throw FoundationException.ofFile("the run's file cannot be kept", file, e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // It was never there.
      }
    }
  }

  private static String check(String name) {
    var isSound =
        !name.isEmpty()
            && name.length() <= 4096
            && name.chars().noneMatch(c -> c < 0x20 || c == 0x7f || c == '\\')
            && Arrays.stream(name.split("/", -1))
                .noneMatch(part ->
                    part.isEmpty() || part.equals(".") || part.equals("..") || part.length() > 255);
    if (!isSound) {
      throw new ComputeException(
          Problem.of(ComputeCode.RUN_FILE_NAME, "`" + name + "` cannot name a file of a run")
              .hint("write it relative, with `/` between its parts, without `..`"));
    }
    return name;
  }

  /// Moves a folder, or its files one by one when some of it was added before; names that are taken
  /// stay as they are. May be repeated after a kill, and done by several processes at once.
  static void take(Path from, Path to) throws IOException {
    if (!Files.isDirectory(from)) {
      return;
    }
    try {
      Files.createDirectories(to.resolveSibling("").normalize());
      if (!Files.exists(to)) {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        return;
      }
      List<Path> files;
      try (var walk = Files.walk(from)) {
        files = walk.filter(file -> !Files.isDirectory(file)).sorted().toList();
      }
      for (var file : files) {
        var target = to.resolve(from.relativize(file).toString());
        if (!Files.exists(target)) {
          Files.createDirectories(target.resolveSibling("").normalize());
          Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        }
      }
    } catch (NoSuchFileException | UncheckedIOException e) {
      // Another process looked at the same moment and has moved it.
    }
  }
}

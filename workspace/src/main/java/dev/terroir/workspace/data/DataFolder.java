package dev.terroir.workspace.data;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;

/// The folder of a datastore on this machine.
///
/// @param name the datastore's
/// @param path where it is
/// @since 0.1
public record DataFolder(String name, Path path) {
  /// A file or folder of it, which need not be there.
  ///
  /// @param relative with `/`; empty, `.` and `/` are the datastore itself
  /// @throws WorkspaceException code `data-refused` when it leads out
  public Path resolve(String relative) {
    var text = relative.replaceFirst("^(\\./+|/+)+", "").replaceFirst("/+$", "");
    if (text.isEmpty() || text.equals(".")) {
      return path;
    }
    var isSound =
        text.length() <= 4096
            && text.chars().noneMatch(c -> c < 0x20 || c == 0x7f || c == '\\')
            && Arrays.stream(text.split("/", -1))
                .noneMatch(part ->
                    part.isEmpty() || part.equals(".") || part.equals("..") || part.length() > 255);
    if (!isSound) {
      throw refusal("`" + relative + "` is no path of a datastore");
    }
    var file = path.resolve(text);
    try {
      Path there = file;
      while (!Files.exists(there)) {
        there = there.resolveSibling("").normalize();
      }
      if (!there.toRealPath().startsWith(path.toRealPath())) {
        throw refusal("`" + relative + "` leads out of the datastore `" + name + "`");
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the path cannot be followed", file, e);
    }
    return file;
  }

  private static WorkspaceException refusal(String what) {
    return new WorkspaceException(
        Problem.of(WorkspaceCode.DATA_REFUSED, what)
            .hint("write it relative, with `/` between its parts, without `..`"));
  }

  /// The names of its files that begin so, with `/`, sorted.
  public List<String> files(String prefix) {
    if (!Files.isDirectory(path)) {
      return List.of();
    }
    try (var walk = Files.walk(path)) {
      return walk.filter(Files::isRegularFile)
          .map(file -> path.relativize(file).toString())
          .filter(file -> file.startsWith(prefix))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the files cannot be listed", path, e);
    }
  }

  /// A file of it.
  ///
  /// @throws WorkspaceException code `data-file-not-found`
  public Path file(String relative) {
    var file = resolve(relative);
    if (!Files.isRegularFile(file)) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.DATA_FILE_NOT_FOUND,
              "the datastore `" + name + "` has no file `" + relative + "`"));
    }
    return file;
  }

  /// Writes a file; it appears whole.
  ///
  /// @throws WorkspaceException code `data-file-exists`
  public void write(String relative, InputStream in, boolean isOverwriting) {
    var file = resolve(relative);
    var temporary = AtomicFiles.temporaryBeside(file);
    try {
      if (Files.isDirectory(file) || (Files.exists(file) && !isOverwriting)) {
        throw new WorkspaceException(
            Problem.of(
                    WorkspaceCode.DATA_FILE_EXISTS,
                    "the datastore `" + name + "` has a file `" + relative + "`")
                .hint("say `overwrite` to replace it"));
      }
      Files.createDirectories(file.resolveSibling("").normalize());
      Files.copy(in, temporary);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be written", file, e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // It was never there.
      }
    }
  }

  /// Deletes a file.
  public void delete(String relative) {
    var file = file(relative);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be deleted", file, e);
    }
  }
}

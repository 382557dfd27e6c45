package dev.terroir.foundation;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A failure of files, processes or JSON.
///
/// @since 0.1
public final class FoundationException extends TerroirException {

  /// A failure without a cause in another library.
  public FoundationException(Problem problem) {
    this(problem, null);
  }

  /// A failure with the original error kept.
  public FoundationException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }

  /// Says in our words what the JDK said about a file.
  ///
  /// @param what the sentence, such as "the lock cannot be written"
  /// @param file where it happened
  public static FoundationException ofFile(String what, Path file, IOException cause) {
    var message = String.valueOf(cause.getMessage());
    if (message.toLowerCase(Locale.ROOT).contains("no space left")
        || message.toLowerCase(Locale.ROOT).contains("disk quota")) {
      return new FoundationException(
          Problem.of(FoundationCode.DISK_FULL, what + ": the disk is full")
              .at(dev.terroir.foundation.problem.Place.file(file))
              .hint("free some space there, or set TERROIR_HOME to a directory on another disk"),
          cause);
    }
    var why =
        switch (cause) {
          case NoSuchFileException e -> e.getFile() + " does not exist";
          case AccessDeniedException e -> "permission to use " + e.getFile() + " is denied";
          case FileAlreadyExistsException e -> e.getFile() + " exists already";
          case NotDirectoryException e -> e.getFile() + " is not a directory";
          case FileSystemException e ->
              e.getReason() == null ? message : e.getFile() + ": " + e.getReason();
          default -> message;
        };
    return new FoundationException(
        Problem.of(FoundationCode.FILE_ACCESS, what)
            .at(dev.terroir.foundation.problem.Place.file(file))
            .because(why),
        cause);
  }
}

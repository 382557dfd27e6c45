package dev.terroir.foundation.file;

import dev.terroir.foundation.FoundationException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/// Writes files that readers see either not at all or whole: a temporary beside the target,
/// `fsync`, rename.
///
/// A killed writer leaves only a file named `.<name>.<uuid>.tmp`, which [#sweep] takes away.
///
/// @since 0.1
public final class AtomicFiles {
  private AtomicFiles() {}

  /// Writes bytes to a stream.
  @FunctionalInterface
  public interface Content {
    /// @param out to write to; closed by the caller
    void writeTo(OutputStream out) throws IOException;
  }

  /// Writes text as UTF-8, replacing what is there; makes missing directories.
  public static void write(Path file, String text) {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /// Writes bytes, replacing what is there; makes missing directories.
  public static void write(Path file, Content content) {
    write(file, content, false, true);
  }

  /// The same as [#write(Path, String)] without waiting for the disk: for records of caches, which
  /// can be made again when a loss of power has damaged them.
  public static void writeCached(Path file, String text) {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)), false, false);
  }

  /// Writes text that only its owner may read (mode 0600), replacing what is there.
  public static void writePrivate(Path file, String text) {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)), true, true);
  }

  private static void write(Path file, Content content, boolean ownerOnly, boolean isDurable) {
    Path temporary = temporaryBeside(file);
    try {
      Files.createDirectories(directoryOf(file));
      try (var channel = open(temporary, ownerOnly)) {
        // Closed by the channel; buffering is the writer's choice.
        OutputStream out = Channels.newOutputStream(channel);
        content.writeTo(out);
        out.flush();
        if (isDurable) {
          channel.force(true);
        }
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      deleteQuietly(temporary);
      throw FoundationException.ofFile("the file cannot be written", file, e);
    } catch (RuntimeException e) {
      deleteQuietly(temporary);
      throw e;
    }
  }

  private static FileChannel open(Path temporary, boolean ownerOnly) throws IOException {
    var options = java.util.Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    return ownerOnly
        ? FileChannel.open(
            temporary,
            options,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
        : FileChannel.open(temporary, options);
  }

  /// A fresh name beside `target`, for work that is renamed to it at the end.
  public static Path temporaryBeside(Path target) {
    return directoryOf(target)
        .resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  private static Path directoryOf(Path file) {
    var parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }

  /// Deletes temporaries that killed writers left in a directory at least an hour ago.
  public static void sweep(Path directory) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    var limit = System.currentTimeMillis() - 3_600_000L;
    try (var entries = Files.newDirectoryStream(directory, ".*.tmp")) {
      for (var entry : entries) {
        if (Files.getLastModifiedTime(entry).toMillis() < limit) {
          Trees.delete(entry);
        }
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the directory cannot be swept", directory, e);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // The first failure is the one to report; the leftover is swept later.
    }
  }
}

package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.TerroirHome;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// Wheels that were built, each as `SHA256/FILE` in a folder: of this machine, or of a workspace
/// that machines share. Safe for any number of processes.
///
/// @param folder what they lie in
/// @since 0.1
public record KeptWheels(Path folder) {
  /// Those of this machine.
  public static KeptWheels of(TerroirHome home) {
    return new KeptWheels(home.wheels());
  }

  /// The wheel of these bytes; one that was damaged is taken away.
  ///
  /// @param sha256 64 hex digits
  /// @param fileName of the wheel; other names are never there
  public Optional<Path> find(String sha256, String fileName) {
    if (!isName(sha256, fileName)) {
      return Optional.empty();
    }
    var file = folder.resolve(sha256).resolve(fileName);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      if (Sha256.of(file).hex().equals(sha256)) {
        return Optional.of(file);
      }
      Files.deleteIfExists(file);
      return Optional.empty();
    } catch (IOException e) {
      throw FoundationException.ofFile("a kept wheel cannot be read", file, e);
    }
  }

  /// What stands in a lock may be anything; a wheel has no folders in its name.
  private static boolean isName(String sha256, String fileName) {
    return sha256.matches("[0-9a-f]{64}")
        && !fileName.contains("/")
        && WheelFileName.parse(fileName).isPresent();
  }

  /// Moves a wheel here.
  ///
  /// @param wheel on the same file system
  /// @return where it lies now
  Path take(Path wheel) throws IOException {
    var kept = folder.resolve(Sha256.of(wheel).hex()).resolve(String.valueOf(wheel.getFileName()));
    Files.createDirectories(kept.getParent());
    try {
      Files.move(wheel, kept, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      // Its name is its hash: the same bytes are there.
    }
    return kept;
  }

  /// Keeps bytes that come from elsewhere, if they are the right ones.
  ///
  /// @param content writes them
  /// @param fileName of the wheel; under other names nothing is kept
  /// @return whether they were; nothing is kept otherwise
  public boolean put(String sha256, String fileName, AtomicFiles.Content content) {
    if (!isName(sha256, fileName)) {
      return false;
    }
    var target = folder.resolve(sha256).resolve(fileName);
    var temporary = AtomicFiles.temporaryBeside(target);
    try {
      AtomicFiles.write(temporary, content);
      if (!Sha256.of(temporary).hex().equals(sha256)) {
        return false;
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return true;
    } catch (IOException e) {
      throw FoundationException.ofFile("a wheel cannot be kept", target, e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // Swept later.
      }
    }
  }
}

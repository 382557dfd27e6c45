package dev.terroir.server.http;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// A log that may still grow. Thread-safe.
///
/// @since 0.1
public interface LogSource {
  /// Whether nothing will be added; asked before [#size], so that nothing is missed.
  boolean isComplete();

  /// Its status as documents say it, such as `Running`.
  String status();

  /// Bytes there are.
  long size() throws IOException;

  /// Bytes from `offset` on, at most `max`, none at the end.
  byte[] read(long offset, int max) throws IOException;

  /// A file, which need not be there yet.
  ///
  /// @param isComplete whether nothing will be added
  /// @param status its word
  static LogSource of(Path file, BooleanSupplier isComplete, Supplier<String> status) {
    return of(() -> file, isComplete, status);
  }

  /// A file whose place may change while it is followed.
  static LogSource of(Supplier<Path> file, BooleanSupplier isComplete, Supplier<String> status) {
    return new LogSource() {
      @Override
      public boolean isComplete() {
        return isComplete.getAsBoolean();
      }

      @Override
      public String status() {
        return status.get();
      }

      @Override
      public long size() throws IOException {
        try {
          return Files.size(file.get());
        } catch (NoSuchFileException e) {
          return 0;
        }
      }

      @Override
      public byte[] read(long offset, int max) throws IOException {
        try (var in = new RandomAccessFile(file.get().toFile(), "r")) {
          var length = (int) Math.min(max, Math.max(0, in.length() - offset));
          var bytes = new byte[length];
          in.seek(offset);
          in.readFully(bytes);
          return bytes;
        } catch (java.io.FileNotFoundException e) {
          return new byte[0];
        }
      }
    };
  }
}

package dev.terroir.image.layout;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/// An open tar file whose members are read where they lie. A gzip file is unpacked beside the
/// system's temporary files first. Thread-safe.
final class TarFile implements AutoCloseable {
  /// Largest tar that a gzip file is unpacked to, in bytes: the largest images that are shipped so
  /// have some ten gigabytes.
  private static final long MAX_UNPACKED = 64L << 30;

  private final Path file;
  private final FileChannel channel;
  private final TarIndex index;

  private TarFile(Path file, FileChannel channel, TarIndex index) {
    this.file = file;
    this.channel = channel;
    this.index = index;
  }

  static TarFile open(Path file) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      if (isGzip(channel)) {
        channel.close();
        channel = unpacked(file);
      }
      return new TarFile(file, channel, TarIndex.read(channel, file.toString()));
    } catch (NoSuchFileException e) {
      throw new ImageException(
          Problem.of(ImageCode.IMAGE_NOT_FOUND, "there is no archive of an image")
              .at(Place.file(file)),
          e);
    } catch (IOException e) {
      closeQuietly(channel);
      throw FoundationException.ofFile("the archive cannot be read", file, e);
    } catch (RuntimeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static void closeQuietly(@org.jspecify.annotations.Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // The first failure is the one to report.
      }
    }
  }

  private static boolean isGzip(FileChannel channel) throws IOException {
    var magic = ByteBuffer.allocate(2);
    return channel.read(magic, 0) == 2
        && magic.get(0) == (byte) 0x1f
        && magic.get(1) == (byte) 0x8b;
  }

  private static FileChannel unpacked(Path file) throws IOException {
    var temporary = Files.createTempFile("terroir-archive", ".tar");
    var channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    try (var in = new GZIPInputStream(Files.newInputStream(file), 1 << 16)) {
      var buffer = new byte[1 << 16];
      long total = 0;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        total += read;
        if (total > MAX_UNPACKED) {
          throw TarIndex.refused(file.toString(), "(all)", "more than 64 GiB when unpacked");
        }
        var bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
      return channel;
    } catch (java.util.zip.ZipException | java.io.EOFException e) {
      closeQuietly(channel);
      throw new ImageException(
          Problem.of(ImageCode.INVALID_ARCHIVE, "the archive is damaged")
              .at(Place.file(file))
              .because(String.valueOf(e.getMessage())),
          e);
    } catch (IOException | RuntimeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  Path file() {
    return file;
  }

  TarIndex index() {
    return index;
  }

  /// The size of a file in it.
  Optional<TarIndex.Member.Regular> find(String name) {
    return index.file(name);
  }

  /// The bytes of a small file in it.
  ///
  /// @throws ImageException when it is larger than `maxBytes`
  Optional<byte[]> bytes(String name, int maxBytes) {
    return find(name)
        .map(member -> {
          if (member.sizeBytes() > maxBytes) {
            throw TarIndex.refused(
                file.toString(), name, "a document of " + member.sizeBytes() + " bytes");
          }
          try (var in = stream(member)) {
            return in.readAllBytes();
          } catch (IOException e) {
            throw FoundationException.ofFile("the archive cannot be read", file, e);
          }
        });
  }

  /// The bytes of a member; any number of streams may be open.
  InputStream stream(TarIndex.Member.Regular member) {
    return new InputStream() {
      private long at = member.offset();
      private final long end = member.offset() + member.sizeBytes();

      @Override
      public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        if (at >= end) {
          return -1;
        }
        var count = (int) Math.min(length, end - at);
        var read = channel.read(ByteBuffer.wrap(bytes, offset, count), at);
        if (read > 0) {
          at += read;
        }
        return read;
      }
    };
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }
}

package dev.terroir.client;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.TerroirException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/// Sends one file: a small one whole, a big one in pieces, which go on where they were when the
/// connection breaks off. Only a piece's buffer is in memory. For one thread.
final class Pieces {
  /// A cut connection costs this much at most.
  static final long PIECE = 8L << 20;

  /// How long a server may be away in the middle of a file.
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final RestClient client;
  private final Path file;
  private final LongConsumer sent;

  /// @param sent is told how many bytes of the file are there
  Pieces(RestClient client, Path file, LongConsumer sent) {
    this.client = client;
    this.file = file;
    this.sent = sent;
  }

  private static boolean isBig(Path file) {
    try {
      return Files.size(file) > PIECE;
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  /// Sends it.
  ///
  /// @param path where it goes
  /// @param digestOf the file, asked for one that is big
  void send(String path, Supplier<String> digestOf) {
    if (!isBig(file)) {
      client.put(path, () -> Contents.publisher(file));
      return;
    }
    var digest = digestOf.get();
    var upload = "/uploads/" + digest;
    try {
      pieces(upload);
    } catch (ClientException e) {
      if (e.problem().code().id().equals("path-not-found")) {
        // An older server takes files whole.
        client.put(path, () -> Contents.publisher(file));
        return;
      }
      throw e;
    }
    client.put(RestClient.query(path, "uploaded", digest), BodyPublishers::noBody);
  }

  private void pieces(String upload) {
    try (var channel = FileChannel.open(file)) {
      var size = channel.size();
      var at = received(upload, size);
      var moved = System.nanoTime();
      while (at < size) {
        sent.accept(at);
        var before = at;
        try {
          var piece = Math.min(PIECE, size - at);
          client.put(upload + "?offset=" + at, () -> publisher(before, piece));
          at += piece;
        } catch (TerroirException e) {
          var code = e.problem().code();
          var isAway = code == ClientCode.SERVER_UNREACHABLE;
          if (!isAway && !code.id().equals("upload-offset")) {
            throw e;
          }
          if (System.nanoTime() - moved > PATIENCE.toNanos()) {
            throw e;
          }
          if (isAway) {
            RestClient.sleep(PAUSE);
          }
          at = receivedUnlessAway(upload, size, at);
        }
        if (at > before) {
          moved = System.nanoTime();
        }
      }
      sent.accept(size);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  private long receivedUnlessAway(String upload, long size, long known) {
    try {
      return received(upload, size);
    } catch (ClientException e) {
      if (e.problem().code() == ClientCode.SERVER_UNREACHABLE) {
        return known;
      }
      throw e;
    }
  }

  /// Where to go on; an upload that is larger than the file is one of another file, begun anew.
  private long received(String upload, long size) {
    var received = client.get(upload).json().longValue("received");
    if (received <= size) {
      return received;
    }
    client.delete(upload);
    return 0;
  }

  private BodyPublisher publisher(long from, long count) {
    return BodyPublishers.fromPublisher(
        BodyPublishers.ofInputStream(() -> part(from, count)), count);
  }

  private InputStream part(long from, long count) {
    try {
      var channel = FileChannel.open(file);
      channel.position(from);
      return new Part(Channels.newInputStream(channel), count);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  /// So many bytes of a stream.
  private static final class Part extends FilterInputStream {
    private long left;

    Part(InputStream in, long count) {
      super(in);
      this.left = count;
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      var count = in.read(bytes, offset, (int) Math.min(length, left));
      left -= Math.max(0, count);
      return count;
    }
  }
}

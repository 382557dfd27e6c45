package dev.terroir.server.http;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A body as it comes, held to the limits. Read by one thread, watched by another.
final class ReceivedBody extends FilterInputStream {
  /// What is taken of a refused body, and for how long; whoever sends more is cut off.
  private static final long DISCARDED = 32L << 20;

  private static final Duration DISCARDING = Duration.ofSeconds(5);

  private final Limits limits;
  private final long limit;
  private final long announced;
  private final boolean isWatchedOnly;
  private final long begun = System.nanoTime();
  private volatile long last = System.nanoTime();
  private volatile boolean isReading;
  private volatile boolean isEnded;
  private volatile long received;

  /// @param announced its length, or -1 when it comes in chunks
  /// @param limit bytes at most
  ReceivedBody(InputStream in, long announced, long limit, Limits limits) {
    this(in, announced, limit, limits, false);
  }

  private ReceivedBody(
      InputStream in, long announced, long limit, Limits limits, boolean isWatchedOnly) {
    super(in);
    this.isWatchedOnly = isWatchedOnly;
    this.announced = announced;
    this.limit = limit;
    this.limits = limits;
  }

  /// Refuses one that is announced as too large.
  void checkAnnounced() {
    if (announced > limit) {
      throw tooLarge();
    }
  }

  /// A body that another judges: watched for stalls alone, and what breaks it off stays an
  /// [IOException].
  static ReceivedBody watched(InputStream in, Limits limits) {
    return new ReceivedBody(in, -1, Long.MAX_VALUE, limits, true);
  }

  /// Takes the rest of a body that nobody wants any more: who is still sending would not see the
  /// answer, but a connection that was cut off.
  void discard() {
    var deadline = System.nanoTime() + DISCARDING.toNanos();
    var left = DISCARDED;
    var bytes = new byte[1 << 16];
    isReading = true;
    try {
      while (!isEnded && left > 0 && System.nanoTime() < deadline) {
        var read = in.read(bytes);
        last = System.nanoTime();
        isEnded = read < 0;
        received += Math.max(0, read);
        left -= read;
      }
    } catch (IOException e) {
      // The sender has gone, or was too slow.
      isEnded = true;
    } finally {
      isReading = false;
    }
  }

  private ServerException tooLarge() {
    return ServerException.of(
        ServerCode.BODY_TOO_LARGE,
        "the body may have at most " + limit + " bytes",
        "`terroir serve --max-upload` says how large files may be");
  }

  @Override
  public int read() throws IOException {
    var one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (isEnded) {
      return -1;
    }
    last = System.nanoTime();
    isReading = true;
    int read;
    try {
      read = super.read(bytes, offset, length);
    } catch (IOException e) {
      if (isWatchedOnly) {
        throw e;
      }
      throw cutOff(e);
    } finally {
      isReading = false;
    }
    last = System.nanoTime();
    if (read < 0) {
      isEnded = true;
      if (announced >= 0 && received < announced) {
        throw cutOff(null);
      }
      return -1;
    }
    received += read;
    if (received > limit) {
      throw tooLarge();
    }
    return read;
  }

  private ServerException cutOff(@Nullable Throwable cause) {
    return new ServerException(
        Problem.of(
            ServerCode.INVALID_BODY,
            "the body ended after "
                + received
                + (announced < 0 ? " bytes, within a chunk" : " of " + announced + " bytes")),
        cause);
  }

  /// Whether its sender is waited for longer than is right.
  boolean isStalled(long now) {
    if (!isReading || isEnded) {
      return false;
    }
    var stall = limits.stall().toNanos();
    if (now - last > stall) {
      return true;
    }
    var seconds = (now - begun) / 1_000_000_000L;
    return now - begun > stall && received < seconds * limits.slowestBytesPerSecond();
  }

  /// Bytes so far.
  long received() {
    return received;
  }

  /// Whether all of it was read.
  boolean isEnded() {
    return isEnded || (announced >= 0 && received >= announced);
  }

  @Override
  public void close() {
    // The exchange closes it.
  }
}

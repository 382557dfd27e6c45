package dev.terroir.image.archive.fetch;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Web;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.resolve.conda.CondaAccess;
import dev.terroir.resolve.index.HostCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Fetches one file by HTTP into a place of the caller's: resumed after a cut, tried again where
/// that can help, checked against its size and SHA-256. Thread-safe.
///
/// Credentials are those of the URL's own scheme, host and port; a redirect elsewhere is followed
/// without any.
final class Downloads {
  /// No index serves a larger package; a body that goes on for ever ends here.
  private static final long MAX_BYTES = 32L << 30;

  private static final int MAX_REDIRECTS = 10;

  /// Tries in a row that bring nothing.
  private static final int MAX_FRUITLESS = 5;

  /// Tries in all, for a server that cuts after a few bytes each time.
  private static final int MAX_TRIES = 50;

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);
  private static final int BUFFER = 1 << 17;

  private final Web web;
  private final HostCredentials credentials;
  private final Duration stall;
  private final Duration firstPause;

  /// @param stall how long a server may send nothing
  /// @param firstPause before the second try; doubled for each one after
  Downloads(Web web, HostCredentials credentials, Duration stall, Duration firstPause) {
    this.web = web;
    this.credentials = credentials;
    this.stall = stall;
    this.firstPause = firstPause;
  }

  /// What is to be fetched.
  ///
  /// @param title how people are told of it
  /// @param url http or https
  /// @param algorithm of the digest, `SHA-256` or `MD5`
  /// @param digest what it must be, as lower-case hex digits
  /// @param sizeBytes what it must have, or -1
  /// @param channels the way to conda's channels when it comes from one, or null
  record Wanted(
      String title,
      String url,
      String algorithm,
      String digest,
      long sizeBytes,
      @Nullable CondaAccess channels) {
    MessageDigest engine() {
      try {
        return MessageDigest.getInstance(algorithm);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /// A try that another one may follow.
  private static final class Interrupted extends Exception {
    private final transient @Nullable Duration pause;

    Interrupted(String why, @Nullable Duration pause, @Nullable Throwable cause) {
      super(why, cause);
      this.pause = pause;
    }
  }

  /// Fetches it. When it fails, what came stays in the file for the next try.
  ///
  /// @param partial where the bytes go; what an earlier try left there is continued
  /// @param bytes receives counts of bytes that came; negative when some are thrown away
  /// @throws ImageException code `archive-unreachable` or `archive-mismatch`
  void fetch(Wanted wanted, Path partial, LongConsumer bytes) throws IOException {
    try (var file =
        FileChannel.open(
            partial,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      var transfer = new Transfer(wanted, file, bytes);
      transfer.takeUp();
      var continued = transfer.length > 0;
      var fruitless = 0;
      for (int tries = 1; ; tries++) {
        var before = transfer.length;
        try {
          transfer.run();
          var actual = HexFormat.of().formatHex(transfer.engine.digest());
          if (actual.equals(wanted.digest())) {
            file.force(true);
            return;
          }
          var length = transfer.length;
          transfer.restart();
          if (!continued) {
            throw mismatch(
                wanted,
                "its "
                    + length
                    + " bytes have the "
                    + wanted.algorithm()
                    + " "
                    + actual
                    + ", not "
                    + wanted.digest());
          }
          // The piece of an earlier try was damaged; from the start now.
          continued = false;
        } catch (Interrupted e) {
          fruitless = transfer.length > before ? 0 : fruitless + 1;
          if (fruitless >= MAX_FRUITLESS || tries >= MAX_TRIES) {
            throw unreachable(wanted, e.getMessage() + ", after " + tries + " tries", e);
          }
          pause(e.pause, fruitless, wanted);
        }
      }
    }
  }

  private void pause(@Nullable Duration asked, int fruitless, Wanted wanted) {
    var millis = firstPause.toMillis() << Math.max(0, fruitless - 1);
    // Spread, so that many downloads do not come back at one moment; the same in every run.
    millis += millis * Integer.parseInt(wanted.digest().substring(0, 2), 16) / 512;
    if (asked != null) {
      millis = Math.max(millis, asked.toMillis());
    }
    try {
      Thread.sleep(Math.min(millis, LONGEST_PAUSE.toMillis()));
    } catch (InterruptedException e) {
      throw canceled(wanted, e);
    }
  }

  /// One file on its way. For one thread.
  private final class Transfer {
    private final Wanted wanted;
    private final FileChannel file;
    private final LongConsumer bytes;
    private MessageDigest engine;
    private long length;

    Transfer(Wanted wanted, FileChannel file, LongConsumer bytes) {
      this.wanted = wanted;
      this.engine = wanted.engine();
      this.file = file;
      this.bytes = bytes;
    }

    /// Hashes what is there already.
    void takeUp() throws IOException {
      if (wanted.sizeBytes() >= 0 && file.size() > wanted.sizeBytes()) {
        restart();
        return;
      }
      var buffer = ByteBuffer.allocate(BUFFER);
      for (int read = file.read(buffer); read >= 0; read = file.read(buffer)) {
        engine.update(buffer.array(), 0, read);
        length += read;
        bytes.accept(read);
        buffer.clear();
      }
    }

    void restart() throws IOException {
      bytes.accept(-length);
      file.truncate(0);
      file.position(0);
      engine = wanted.engine();
      length = 0;
    }

    /// Brings the rest.
    void run() throws Interrupted, IOException {
      if (wanted.sizeBytes() >= 0 && length == wanted.sizeBytes()) {
        return;
      }
      var response = open();
      try (var in = response.body()) {
        switch (response.statusCode()) {
          case 200 -> {
            if (length > 0) {
              restart();
            }
            receive(in, response.headers().firstValueAsLong("Content-Length").orElse(-1));
          }
          case 206 -> {
            var range = response.headers().firstValue("Content-Range").orElse("");
            if (!range.replace(" ", "").startsWith("bytes" + length + "-")) {
              restart();
              throw new Interrupted("the server sent another range: `" + range + "`", null, null);
            }
            receive(in, response.headers().firstValueAsLong("Content-Length").orElse(-1));
          }
          case 416 -> {
            restart();
            throw new Interrupted("the server has no such range", null, null);
          }
          case 408, 425, 429, 500, 502, 503, 504 ->
              throw new Interrupted(
                  "the server answers " + response.statusCode(), retryAfter(response), null);
          case 401, 403, 407 ->
              throw unreachable(
                  wanted,
                  "the server answers "
                      + response.statusCode()
                      + ": it wants other"
                      + " credentials",
                  null);
          default -> throw unreachable(wanted, "the server answers " + response.statusCode(), null);
        }
      }
    }

    private HttpResponse<InputStream> open() throws Interrupted {
      var channels = wanted.channels();
      var named = uri(wanted.url(), wanted);
      // The address may hold a token, and so is never told to anybody.
      var start = channels == null ? named : channels.address(named);
      var uri = start;
      var mayCarry = true;
      var asked = false;
      var credential = credentials.find(start);
      for (int redirects = 0; ; ) {
        var response = send(uri, mayCarry, mayCarry ? credential : Optional.empty());
        var status = response.statusCode();
        if (status == 401 && mayCarry && !asked) {
          asked = true;
          var more = credentials.ask(uri);
          if (more.isPresent() && !more.equals(credential)) {
            credential = more;
            closeQuietly(response);
            continue;
          }
        }
        var location = response.headers().firstValue("Location");
        if (!isRedirect(status) || location.isEmpty()) {
          return response;
        }
        closeQuietly(response);
        if (++redirects > MAX_REDIRECTS) {
          throw unreachable(wanted, "it is redirected more than " + MAX_REDIRECTS + " times", null);
        }
        var next = uri.resolve(uri(location.get(), wanted));
        if (next.getHost() == null || !isWeb(next)) {
          throw unreachable(wanted, "it is redirected to what is no http or https URL", null);
        }
        mayCarry = mayCarry && isSameHolder(uri, next);
        uri = next;
      }
    }

    private HttpResponse<InputStream> send(
        URI uri, boolean mayCarry, Optional<HostCredentials.Credential> credential)
        throws Interrupted {
      var request = web.request(uri).timeout(stall).header("Accept-Encoding", "identity");
      if (length > 0) {
        request.header("Range", "bytes=" + length + "-");
      }
      var channels = wanted.channels();
      Optional<String> authorization =
          channels == null || !mayCarry ? Optional.empty() : channels.authorization(uri);
      authorization
          .or(() -> credential.map(HostCredentials.Credential::authorization))
          .ifPresent(value -> request.header("Authorization", value));
      try {
        return web.client().send(request.build(), BodyHandlers.ofInputStream());
      } catch (InterruptedException e) {
        throw canceled(wanted, e);
      } catch (IOException e) {
        throw new Interrupted(explain(e), null, e);
      }
    }

    private void receive(InputStream in, long announced) throws Interrupted, IOException {
      if (wanted.sizeBytes() >= 0 && announced >= 0 && length + announced != wanted.sizeBytes()) {
        var size = length + announced;
        restart();
        throw mismatch(
            wanted, "the server has " + size + " bytes, the lock says " + wanted.sizeBytes());
      }
      var limit = wanted.sizeBytes() >= 0 ? wanted.sizeBytes() : MAX_BYTES;
      var end = announced < 0 ? -1 : length + announced;
      var buffer = new byte[BUFFER];
      try (var clock = new StallClock(in, stall)) {
        while (true) {
          int read;
          try {
            read = in.read(buffer);
          } catch (IOException e) {
            throw new Interrupted(clock.isStalled() ? clock.why() : explain(e), null, e);
          }
          if (clock.isStalled()) {
            throw new Interrupted(clock.why(), null, null);
          }
          if (read < 0) {
            break;
          }
          if (Thread.currentThread().isInterrupted()) {
            throw canceled(wanted, null);
          }
          if (length + read > limit) {
            restart();
            throw mismatch(wanted, "the server sends more than " + limit + " bytes");
          }
          var chunk = ByteBuffer.wrap(buffer, 0, read);
          while (chunk.hasRemaining()) {
            file.write(chunk);
          }
          engine.update(buffer, 0, read);
          length += read;
          bytes.accept(read);
          clock.tick();
        }
      }
      if ((end >= 0 && length < end) || (wanted.sizeBytes() >= 0 && length < wanted.sizeBytes())) {
        throw new Interrupted("the server cut the body at byte " + length, null, null);
      }
    }
  }

  /// Closes a body that brings nothing for too long, which ends the read.
  private static final class StallClock implements AutoCloseable {
    private final AtomicLong last = new AtomicLong(System.nanoTime());
    private final Duration stall;
    private final Thread watch;
    private volatile boolean stalled;

    StallClock(InputStream in, Duration stall) {
      this.stall = stall;
      this.watch = Thread.ofVirtual().start(() -> watch(in));
    }

    private void watch(InputStream in) {
      try {
        while (true) {
          var left = stall.toNanos() - (System.nanoTime() - last.get());
          if (left <= 0) {
            stalled = true;
            in.close();
            return;
          }
          Thread.sleep(Duration.ofNanos(left).plusMillis(1));
        }
      } catch (InterruptedException | IOException e) {
        // The body has come, or cannot be closed any more.
      }
    }

    void tick() {
      last.set(System.nanoTime());
    }

    boolean isStalled() {
      return stalled;
    }

    String why() {
      return "the server sent nothing for " + stall.toSeconds() + " s";
    }

    @Override
    public void close() {
      watch.interrupt();
    }
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static boolean isWeb(URI uri) {
    var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    return scheme.equals("http") || scheme.equals("https");
  }

  /// Whether credentials of one address may go to the other: the same scheme, host and port, or the
  /// same host by TLS in place of plain HTTP on the standard ports.
  private static boolean isSameHolder(URI from, URI to) {
    var left = HostCredentials.origin(from);
    var right = HostCredentials.origin(to);
    return left.equals(right)
        || (left.startsWith("http://")
            && left.endsWith(":80")
            && right.equals(
                "https://" + left.substring("http://".length(), left.length() - 3) + ":443"));
  }

  private static @Nullable Duration retryAfter(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("Retry-After")
        .filter(value -> value.matches("[0-9]{1,6}"))
        .map(value -> Duration.ofSeconds(Long.parseLong(value)))
        .orElse(null);
  }

  private static void closeQuietly(HttpResponse<InputStream> response) {
    try {
      response.body().close();
    } catch (IOException e) {
      // Nothing of it is needed.
    }
  }

  private static URI uri(String text, Wanted wanted) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw unreachable(wanted, "`" + shown(text) + "` is no URL", null);
    }
  }

  private static String explain(IOException e) {
    return switch (e) {
      case java.net.http.HttpTimeoutException _ -> "the server does not answer in time";
      case java.net.ConnectException _ -> "no connection can be made";
      case javax.net.ssl.SSLException ssl -> "TLS fails: " + ssl.getMessage();
      default -> "the connection broke: " + e.getMessage();
    };
  }

  /// A URL for people: without user part, query (which may hold a signature) and fragment.
  static String shown(String url) {
    return url.replaceAll("//[^/@]*@", "//").replaceAll("[?#].*", "");
  }

  private static ImageException unreachable(Wanted wanted, String why, @Nullable Throwable cause) {
    return new ImageException(
        Problem.of(
                ImageCode.ARCHIVE_UNREACHABLE,
                "the archive of " + wanted.title() + " cannot be fetched")
            .at(Place.of(shown(wanted.url())))
            .because(why)
            .hint(
                "check the network, the proxy and the credentials for that host"
                    + " (`terroir doctor` shows the settings); what has come is kept for the next"
                    + " try"),
        cause);
  }

  private static ImageException mismatch(Wanted wanted, String why) {
    return ArchiveStore.mismatch(wanted.title(), shown(wanted.url()), why);
  }

  private static FoundationException canceled(Wanted wanted, @Nullable InterruptedException e) {
    Thread.currentThread().interrupt();
    return new FoundationException(
        Problem.of(FoundationCode.CANCELED, "fetching a package archive was canceled")
            .at(Place.of(shown(wanted.url()))),
        e);
  }
}

package dev.terroir.client;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.util.Locale;
import java.util.regex.Pattern;

/// The address of a server.
///
/// @param url `https://HOST[:PORT]`, or `http://` of this machine, without a slash at its end
/// @since 0.1
public record Endpoint(String url) {
  private static final Pattern URL = Pattern.compile("https?://[^/@?#\\s]+");

  private static final Pattern LOOPBACK =
      Pattern.compile("http://(localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]+)?");

  /// Its host and, where one is written, its port.
  String host() {
    return url.substring(url.indexOf("://") + "://".length());
  }

  /// Whether a text that names a workspace names one on a server.
  public static boolean isOne(String text) {
    var lower = text.strip().toLowerCase(Locale.ROOT);
    return lower.startsWith("http://") || lower.startsWith("https://");
  }

  /// Reads an address.
  ///
  /// @throws ClientException code `endpoint-refused`
  public static Endpoint parse(String text) {
    var url = text.strip().replaceFirst("/+$", "");
    if (!URL.matcher(url).matches()) {
      // What stands before an `@` may be a password: it is not repeated.
      throw new ClientException(
          Problem.of(
                  ClientCode.ENDPOINT_REFUSED,
                  url.contains("@")
                      ? "the address of a server has a user or a password in it"
                      : "`" + text + "` is no address of a server")
              .hint("write https://HOST or https://HOST:PORT"));
    }
    if (url.startsWith("http://") && !LOOPBACK.matcher(url).matches()) {
      throw new ClientException(
          Problem.of(
                  ClientCode.ENDPOINT_REFUSED,
                  "without TLS everybody on the way would read the token")
              .at(Place.of(url))
              .hint("write https://; http:// is for a server on this machine"));
    }
    return new Endpoint(url);
  }
}

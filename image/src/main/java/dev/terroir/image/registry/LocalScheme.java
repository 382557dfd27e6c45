package dev.terroir.image.registry;

import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLHandshakeException;

/// Whether a registry on this machine is spoken to by TLS. References name no scheme; elsewhere it
/// is TLS always, here most registries have none. Engines try TLS first; here a request without it
/// comes first, as servers that wait for the end of a line never answer the beginning of TLS.
final class LocalScheme {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private LocalScheme() {}

  /// Whether an answer to a request without TLS may be that of a server that wants TLS.
  static boolean mayWantTls(int status) {
    return status == 400;
  }

  static URI byTls(URI plain) {
    return URI.create("https://" + plain.getRawAuthority());
  }

  /// Whether a server at an address speaks TLS, trusted or not.
  static boolean isTls(Transport transport, URI plain) {
    var request = transport.request(byTls(plain).resolve("/v2/")).timeout(PATIENCE).GET().build();
    try {
      transport.send(request, new AtomicLong()).body().close();
      return true;
    } catch (IOException e) {
      return isDistrust(e);
    }
  }

  /// Whether a connection ended because one side does not trust the other: it would again.
  static boolean isDistrust(IOException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof GeneralSecurityException
          || cause instanceof SSLHandshakeException
              && String.valueOf(cause.getMessage()).contains("fatal alert")) {
        return true;
      }
    }
    return false;
  }
}

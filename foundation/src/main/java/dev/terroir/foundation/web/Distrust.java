package dev.terroir.foundation.web;

import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Why the certificate that a server shows is not trusted; the message says it in one sentence.
///
/// @since 0.1
public final class Distrust extends CertificateException {
  /// The kinds of reasons.
  public enum Kind {
    /// The authority is none of those that are trusted.
    AUTHORITY,
    /// It is for other names than the one that was asked for.
    NAME,
    /// It has ended, or has not begun by this machine's clock.
    TIME
  }

  private final Kind kind;

  private Distrust(Kind kind, String message, CertificateException cause) {
    super(message, cause);
    this.kind = kind;
  }

  /// The reason's kind.
  public Kind kind() {
    return kind;
  }

  /// The reason in a failure's chain of causes.
  public static Optional<Distrust> in(Throwable failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof Distrust found) {
        return Optional.of(found);
      }
    }
    return Optional.empty();
  }

  /// What helps, of which the first is about the authority.
  ///
  /// @param authority what names the authority to trust, an instruction
  public String hint(String authority) {
    return switch (kind) {
      case AUTHORITY -> authority;
      case NAME -> "use a name that the certificate is for, or have one made for this name";
      case TIME -> "have the certificate renewed at the server, or set this machine's clock right";
    };
  }

  /// @param chain what the server showed
  static Distrust of(X509Certificate[] chain, CertificateException failure) {
    var own = chain[0];
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateExpiredException) {
        var ended =
            List.of(chain).stream()
                .map(X509Certificate::getNotAfter)
                .min(java.util.Date::compareTo);
        return new Distrust(
            Kind.TIME, "its certificate ended on " + ended.orElseThrow().toInstant(), failure);
      }
      if (cause instanceof CertificateNotYetValidException) {
        var begins =
            List.of(chain).stream()
                .map(X509Certificate::getNotBefore)
                .max(java.util.Date::compareTo);
        return new Distrust(
            Kind.TIME, "its certificate begins on " + begins.orElseThrow().toInstant(), failure);
      }
    }
    var said = String.valueOf(failure.getMessage());
    // What the JDK's check of names says (RFC 9110, section 4.3.4) has no class of its own.
    if (failure.getCause() == null
        && (said.startsWith("No subject alternative") || said.startsWith("No name matching"))) {
      return new Distrust(Kind.NAME, "its certificate is for " + names(own), failure);
    }
    return new Distrust(
        Kind.AUTHORITY,
        "its certificate is by `"
            + chain[chain.length - 1].getIssuerX500Principal().getName()
            + "`, whom nobody here vouches for",
        failure);
  }

  private static String names(X509Certificate certificate) {
    try {
      var names = certificate.getSubjectAlternativeNames();
      if (names != null && !names.isEmpty()) {
        return names.stream()
            .map(Distrust::name)
            .map(name -> "`" + name + "`")
            .limit(10)
            .collect(Collectors.joining(", "));
      }
    } catch (CertificateParsingException e) {
      // The subject says what it can.
    }
    return "`" + certificate.getSubjectX500Principal().getName() + "` and names no host";
  }

  /// @param pair the kind and the name, as the JDK gives them
  private static Object name(Collection<?> pair) {
    return List.copyOf(pair).get(1);
  }
}

package dev.terroir.server;

import dev.terroir.server.http.Limits;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a server is started. Immutable.
///
/// @param address where it listens
/// @param certificate PEM, or null for no TLS
/// @param key PEM, not encrypted, or null for no TLS
/// @param isInsecureAllowed whether it may be reached from elsewhere without TLS
/// @param url what callers reach it by, or null for the address
/// @param limits what it takes
/// @param idle how long nobody may call before it ends by itself, or null for ever
/// @param log receives its log
/// @param version of the program
/// @since 0.1
public record ServerOptions(
    InetSocketAddress address,
    @Nullable Path certificate,
    @Nullable Path key,
    boolean isInsecureAllowed,
    @Nullable String url,
    Limits limits,
    @Nullable Duration idle,
    PrintStream log,
    String version) {

  /// On a free port of loopback, for ever.
  public static ServerOptions loopback(String version, PrintStream log) {
    return new ServerOptions(
        new InetSocketAddress(loopback(), 0),
        null,
        null,
        false,
        null,
        Limits.DEFAULT,
        null,
        log,
        version);
  }

  /// Loopback by its number: its name may mean another address to a caller.
  private static InetAddress loopback() {
    try {
      return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  /// The same elsewhere.
  public ServerOptions withAddress(InetSocketAddress other) {
    return new ServerOptions(
        other, certificate, key, isInsecureAllowed, url, limits, idle, log, version);
  }

  /// The same with TLS.
  public ServerOptions withTls(Path certificateFile, Path keyFile) {
    return new ServerOptions(
        address, certificateFile, keyFile, isInsecureAllowed, url, limits, idle, log, version);
  }

  /// The same, also without TLS.
  public ServerOptions withInsecureHttp() {
    return new ServerOptions(address, certificate, key, true, url, limits, idle, log, version);
  }

  /// The same, known to callers by another address.
  public ServerOptions withUrl(@Nullable String other) {
    return new ServerOptions(
        address, certificate, key, isInsecureAllowed, other, limits, idle, log, version);
  }

  /// The same with other limits.
  public ServerOptions withLimits(Limits other) {
    return new ServerOptions(
        address, certificate, key, isInsecureAllowed, url, other, idle, log, version);
  }

  /// The same, ending when it is idle.
  public ServerOptions withIdle(Duration time) {
    return new ServerOptions(
        address, certificate, key, isInsecureAllowed, url, limits, time, log, version);
  }

  /// Whether it speaks TLS.
  public boolean isTls() {
    return certificate != null && key != null;
  }
}

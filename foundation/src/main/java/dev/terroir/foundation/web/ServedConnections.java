package dev.terroir.foundation.web;

/// How many connections the JDK's HTTP server keeps, and for how long. A server that closes a
/// connection on which nothing was asked may do so while the next request is under way; its client
/// then sees `connection reset by peer`, and the server's log knows of no request. So connections
/// are kept longer than the clients and proxies of the field keep them, and more of them than the
/// JDK's 200, beyond which it closes each as soon as it has been answered.
///
/// Spec: RFC 9112, section 9.5; the module `jdk.httpserver`.
///
/// @since 0.1
public final class ServedConnections {
  /// Callers whom the kernel lets wait until they are accepted; the JDK's 50 are fewer than come at
  /// once while a machine is busy. The kernel's own limit (`net.core.somaxconn`) holds beside it.
  public static final int BACKLOG = 1024;

  /// Connections at once; further ones are closed.
  public static final int MOST = 2000;

  /// Connections on which nothing is asked; less than [#MOST], so that some are left for new
  /// callers.
  public static final int MOST_IDLE = 1500;

  /// Java's client keeps a connection for 30 s, proxies for 60 s, Go's client for 90 s.
  private static final int IDLE_SECONDS = 120;

  private ServedConnections() {}

  /// Sets the limits, which the JDK's server reads once, before its first use in a process.
  public static void limit() {
    System.setProperty("jdk.httpserver.maxConnections", Integer.toString(MOST));
    System.setProperty("sun.net.httpserver.maxIdleConnections", Integer.toString(MOST_IDLE));
    System.setProperty("sun.net.httpserver.idleInterval", Integer.toString(IDLE_SECONDS));
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }
}

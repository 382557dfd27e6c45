package dev.terroir.image.registry;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;

/// Where a server may send this client: no nearer to this machine than the server is itself. A
/// registry of the internet has no business with the addresses of a private network, and nobody
/// with those where clouds keep a machine's secrets.
final class Reach {
  private Reach() {}

  /// Host and port, the port always there.
  static String authority(URI uri) {
    int port = uri.getPort();
    if (port < 0) {
      port = "http".equals(uri.getScheme()) ? 80 : 443;
    }
    return String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT) + ":" + port;
  }

  /// Whether two addresses are one server, spoken to in one way.
  static boolean isSame(URI one, URI other) {
    return String.valueOf(one.getScheme()).equals(other.getScheme())
        && authority(one).equals(authority(other));
  }

  /// Whether a host is this machine, by its name alone.
  static boolean isLoopback(String host) {
    var bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    return bare.equalsIgnoreCase("localhost")
        || bare.equals("::1")
        || bare.matches("127(\\.[0-9]{1,3}){3}");
  }

  /// What is wrong with going from one server to another, or empty.
  static String objection(URI from, URI to) {
    if (to.getHost() == null || to.getUserInfo() != null) {
      return "the address has no host, or a user in it";
    }
    if (!"https".equals(to.getScheme())
        && !("http".equals(to.getScheme()) && "http".equals(from.getScheme()))) {
      return "the connection would not be protected by TLS";
    }
    if (isSame(from, to) || from.getHost().equalsIgnoreCase(to.getHost())) {
      return "";
    }
    int nearest = nearness(to.getHost());
    if (nearest == LINK_LOCAL || nearest > nearness(from.getHost())) {
      return "it is in a network that `" + from.getHost() + "` has no business with";
    }
    return "";
  }

  private static final int LINK_LOCAL = 3;

  private static int nearness(String host) {
    try {
      int nearest = 0;
      for (var address :
          InetAddress.getAllByName(
              host.startsWith("[") ? host.substring(1, host.length() - 1) : host)) {
        nearest = Math.max(nearest, nearness(address));
      }
      return nearest;
    } catch (UnknownHostException e) {
      // Behind a proxy names need not be known here; the proxy decides then.
      return 0;
    }
  }

  private static int nearness(InetAddress address) {
    var bytes = address.getAddress();
    if (address.isLinkLocalAddress()) {
      return LINK_LOCAL;
    }
    if (address.isLoopbackAddress() || address.isAnyLocalAddress()) {
      return 2;
    }
    var unique = bytes.length == 16 && (bytes[0] & 0xfe) == 0xfc;
    var shared = bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64;
    return address.isSiteLocalAddress() || unique || shared ? 1 : 0;
  }
}

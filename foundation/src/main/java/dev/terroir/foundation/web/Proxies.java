package dev.terroir.foundation.web;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which proxy an address goes through: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in
/// lower case first, as curl and Python read them. Immutable; may hold credentials.
///
/// @since 0.1
public final class Proxies {
  private final @Nullable Proxy http;
  private final @Nullable Proxy https;
  private final List<String> direct;

  private Proxies(@Nullable Proxy http, @Nullable Proxy https, List<String> direct) {
    this.http = http;
    this.https = https;
    this.direct = List.copyOf(direct);
  }

  /// A proxy for HTTP and for tunnels.
  ///
  /// @param host its name or address
  /// @param port its port
  /// @param authorization the value of `Proxy-Authorization`, or null
  public record Proxy(String host, int port, @Nullable String authorization) {
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /// Reads the variables.
  ///
  /// @throws FoundationException code `bad-setting`, when one holds no address of an HTTP proxy
  public static Proxies of(Settings settings) {
    var direct = new ArrayList<String>();
    for (var entry : either(settings, "no_proxy").orElse("").split("[,\\s]+")) {
      if (!entry.isEmpty()) {
        direct.add(entry.toLowerCase(Locale.ROOT));
      }
    }
    return new Proxies(read(settings, "http_proxy"), read(settings, "https_proxy"), direct);
  }

  private static Optional<String> either(Settings settings, String name) {
    return settings.get(name).or(() -> settings.get(name.toUpperCase(Locale.ROOT)));
  }

  private static @Nullable Proxy read(Settings settings, String name) {
    var value = either(settings, name).or(() -> either(settings, "all_proxy")).orElse(null);
    if (value == null) {
      return null;
    }
    try {
      var uri = new URI(value.contains("://") ? value : "http://" + value);
      var host = uri.getHost();
      if (!"http".equalsIgnoreCase(uri.getScheme()) || host == null) {
        throw unusable(name, "it is no `http://host:port`");
      }
      var user = uri.getUserInfo();
      return new Proxy(
          host,
          uri.getPort() < 0 ? 80 : uri.getPort(),
          user == null ? null : basic(user.contains(":") ? user : user + ":"));
    } catch (URISyntaxException e) {
      // The exception's own message would show the value, which may hold a password.
      throw unusable(name, "it is no URL");
    }
  }

  private static FoundationException unusable(String name, String why) {
    return new FoundationException(
        Problem.of(FoundationCode.BAD_SETTING, "the proxy that is set cannot be used")
            .at(Place.of("variable `" + name.toUpperCase(Locale.ROOT) + "`"))
            .because(why)
            .hint("set it to `http://HOST:PORT`, or add the address to NO_PROXY"));
  }

  static String basic(String userAndPassword) {
    return "Basic "
        + Base64.getEncoder().encodeToString(userAndPassword.getBytes(StandardCharsets.UTF_8));
  }

  /// The proxy of an address, or empty when it is reached directly.
  public Optional<Proxy> find(URI uri) {
    var host = uri.getHost();
    if (host == null) {
      return Optional.empty();
    }
    var secure = "https".equalsIgnoreCase(uri.getScheme());
    var port = uri.getPort() < 0 ? (secure ? 443 : 80) : uri.getPort();
    return isDirect(host.toLowerCase(Locale.ROOT), port)
        ? Optional.empty()
        : Optional.ofNullable(secure ? https : http);
  }

  private boolean isDirect(String host, int port) {
    var bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    for (var entry : direct) {
      if (entry.equals("*") || entry.equals(bare) || entry.equals(host + ":" + port)) {
        return true;
      }
      var slash = entry.indexOf('/');
      if (slash > 0) {
        if (contains(entry.substring(0, slash), entry.substring(slash + 1), bare)) {
          return true;
        }
        continue;
      }
      var colon = entry.lastIndexOf(':');
      var name = entry;
      if (colon > 0 && entry.indexOf(':') == colon) {
        if (!entry.substring(colon + 1).equals(String.valueOf(port))) {
          continue;
        }
        name = entry.substring(0, colon);
      }
      name = name.startsWith("*.") ? name.substring(1) : name;
      var domain = name.startsWith(".") ? name : "." + name;
      if (("." + bare).endsWith(domain)) {
        return true;
      }
    }
    return false;
  }

  /// Whether a network such as `10.0.0.0/8` holds an address; names are never looked up.
  private static boolean contains(String network, String bits, String host) {
    if (!isAddress(network) || !isAddress(host)) {
      return false;
    }
    try {
      var left = InetAddress.getByName(network).getAddress();
      var right = InetAddress.getByName(host).getAddress();
      var length = Integer.parseInt(bits);
      if (left.length != right.length || length < 0 || length > left.length * 8) {
        return false;
      }
      var shift = left.length * 8 - length;
      return new BigInteger(1, left)
          .shiftRight(shift)
          .equals(new BigInteger(1, right).shiftRight(shift));
    } catch (UnknownHostException | NumberFormatException e) {
      return false;
    }
  }

  private static boolean isAddress(String text) {
    return text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}") || text.contains(":");
  }
}

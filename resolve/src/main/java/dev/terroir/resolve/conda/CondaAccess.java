package dev.terroir.resolve.conda;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.resolve.index.HostCredentials;
import dev.terroir.resolve.index.IndexSettings;
import dev.terroir.resolve.tool.UvProgram;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The way to a user's channels: settings, credentials, and where things are kept. Immutable; holds
/// secrets in memory only.
///
/// @since 0.1
public final class CondaAccess {
  /// How long one request to a channel may take unless conda's settings say otherwise, in seconds.
  private static final long TIMEOUT_SECONDS = 300;

  private static final long RETRIES = 2;

  private final TerroirHome home;
  private final CondaSettings settings;
  private final ChannelAccess credentials;

  private CondaAccess(TerroirHome home, CondaSettings settings, ChannelAccess credentials) {
    this.home = home;
    this.settings = settings;
    this.credentials = credentials;
  }

  /// Reads what the user has set up.
  public static CondaAccess of(Settings settings, TerroirHome home) {
    var conda = CondaSettings.read(settings);
    var hosts = HostCredentials.of(IndexSettings.read(settings, UvProgram.python(settings)));
    return new CondaAccess(home, conda, ChannelAccess.of(conda, settings, hosts));
  }

  /// conda's settings.
  public CondaSettings settings() {
    return settings;
  }

  TerroirHome home() {
    return home;
  }

  /// The address that a channel's archive is fetched from: its first mirror's, if it has any, and
  /// with the user's token in its path. Never to be written anywhere.
  public URI address(URI uri) {
    var names = new Channels(settings, Path.of("/"));
    var text = uri.toString();
    for (var entry : settings.mirrors().entrySet()) {
      for (var url : names.resolve(entry.getKey()).urls()) {
        if (text.startsWith(url + "/") && !entry.getValue().isEmpty()) {
          var mirror = Channels.clean(entry.getValue().getFirst());
          return credentials.address(URI.create(mirror + text.substring(url.length())));
        }
      }
    }
    return credentials.address(uri);
  }

  /// The value of the header `Authorization` for an address of a channel.
  public Optional<String> authorization(URI uri) {
    return credentials.authorization(uri);
  }

  /// What is told to a user whose settings are not followed.
  List<String> warnings() {
    return settings.wantsUncheckedCertificates()
        ? List.of(
            "`ssl_verify: false` of conda's settings is not followed: certificates are always"
                + " checked; name your authority's file with SSL_CERT_FILE or `ssl_verify: /PATH`")
        : List.of();
  }

  /// The part of a request that says where the channels are and how they are fetched.
  JsonObject request(List<Channel> channels, Channels names) {
    return fetching(Channels.urls(channels), names.mirrors(channels)).toBuilder()
        .put("channels", CondaSolver.json(channels))
        .build();
  }

  /// The part that says how archives of channels are fetched.
  ///
  /// @param channels their URLs
  JsonObject fetching(Collection<String> channels) {
    var names = new Channels(settings, Path.of("/"));
    return fetching(
        channels,
        names.mirrors(channels.stream().map(url -> new Channel(null, List.of(url))).toList()));
  }

  private JsonObject fetching(Collection<String> channels, Map<String, List<String>> known) {
    var mirrors = new LinkedHashMap<String, List<String>>(known);
    credentials
        .addresses(channels.stream().filter(url -> !known.containsKey(url)).toList())
        .forEach((url, address) -> mirrors.put(url, List.of(address)));
    var servers = new LinkedHashSet<String>(channels);
    mirrors.values().forEach(servers::addAll);
    return JsonObject.builder()
        .put("repodataCache", Rattler.repodataCache(home).toString())
        .put("packageCache", Rattler.packageCache(home).toString())
        .put("offline", settings.isOffline())
        .put("timeoutSeconds", settings.timeoutSeconds().orElse(TIMEOUT_SECONDS))
        .put("retries", settings.retries().orElse(RETRIES))
        .put("headers", credentials.headers(servers))
        .put("mirrors", lists(mirrors))
        .build();
  }

  private static JsonValue lists(Map<String, List<String>> map) {
    var json = JsonObject.builder();
    map.forEach((name, values) -> json.put(name, new ArrayList<>(values)));
    return json.build();
  }
}

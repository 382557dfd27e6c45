package dev.terroir.resolve.conda;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.web.Percent;
import dev.terroir.resolve.index.HostCredentials;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The user's credentials for channels: in the URLs of conda's settings (user part or `/t/TOKEN`),
/// in rattler's file (`RATTLER_AUTH_FILE`, else `~/.rattler/credentials.json`), in `.netrc`, and
/// the tokens of `anaconda login`. Holds secrets in memory only, and no text of its types shows
/// one.
///
/// @since 0.1
public final class ChannelAccess {
  private final List<Entry> entries;
  private final Map<String, String> addresses;
  private final Map<String, JsonObject> stored;
  private final HostCredentials hosts;
  private final AnacondaTokens tokens;

  private ChannelAccess(
      List<Entry> entries,
      Map<String, String> addresses,
      Map<String, JsonObject> stored,
      HostCredentials hosts,
      AnacondaTokens tokens) {
    this.tokens = tokens;
    this.entries = entries;
    this.addresses = addresses;
    this.stored = stored;
    this.hosts = hosts;
  }

  /// What is sent to the addresses below a URL.
  private record Entry(URI below, String authorization) {
    @Override
    public String toString() {
      return below + " (credential)";
    }
  }

  /// Reads what the user has set up.
  ///
  /// @param hosts the credentials in `.netrc`
  public static ChannelAccess of(CondaSettings conda, Settings settings, HostCredentials hosts) {
    var entries = new ArrayList<Entry>();
    var addresses = new LinkedHashMap<String, String>();
    var urls = new ArrayList<String>();
    urls.addAll(conda.channels());
    urls.addAll(conda.defaultChannels());
    urls.add(conda.channelAlias());
    conda.customChannels().forEach((name, url) -> urls.add(url));
    conda.customMultichannels().values().forEach(urls::addAll);
    conda.mirrors().values().forEach(urls::addAll);
    for (var url : urls) {
      if (url.contains("://")) {
        var clean = Channels.clean(url);
        user(url)
            .ifPresent(credential ->
                entries.add(new Entry(URI.create(clean), credential.authorization())));
        Channels.token(url).ifPresent(_ -> addresses.put(clean, address(url)));
      }
    }
    return new ChannelAccess(
        entries, addresses, stored(settings), hosts, AnacondaTokens.read(conda, settings));
  }

  private static String address(String url) {
    return url.replaceFirst("://[^/]*@", "://").replaceAll("/+$", "");
  }

  private static Optional<HostCredentials.Credential> user(String url) {
    var start = url.indexOf("://") + 3;
    var end = url.indexOf('/', start);
    var authority = end < 0 ? url.substring(start) : url.substring(start, end);
    var at = authority.lastIndexOf('@');
    if (at < 0) {
      return Optional.empty();
    }
    var split = authority.substring(0, at).split(":", 2);
    return Optional.of(
        new HostCredentials.Credential(
            Percent.decoded(split[0]), split.length > 1 ? Percent.decoded(split[1]) : ""));
  }

  private static Map<String, JsonObject> stored(Settings settings) {
    var home = settings.get("HOME").orElse(System.getProperty("user.home"));
    var file =
        settings
            .get("RATTLER_AUTH_FILE")
            .map(Path::of)
            .orElse(Path.of(home, ".rattler", "credentials.json"));
    var found = new LinkedHashMap<String, JsonObject>();
    if (Files.isRegularFile(file)) {
      try {
        JsonReader.readObject(file)
            .members()
            .forEach((host, value) -> {
              if (value instanceof JsonObject one) {
                found.put(host.toLowerCase(Locale.ROOT), one);
              }
            });
      } catch (FoundationException e) {
        // rattler goes on without a store that it cannot read.
      }
    }
    return found;
  }

  /// The address that a URL of a channel is fetched from: with the token in its path where the
  /// user's settings have one. Never to be written anywhere.
  public URI address(URI uri) {
    var text = uri.toString();
    for (var entry : addresses.entrySet()) {
      if (text.startsWith(entry.getKey() + "/")) {
        return URI.create(entry.getValue() + text.substring(entry.getKey().length()));
      }
    }
    return storedToken(uri)
        .map(token ->
            URI.create(
                uri.getScheme() + "://" + uri.getRawAuthority() + "/t/" + token + uri.getRawPath()))
        .or(() -> tokens.address(uri))
        .orElse(uri);
  }

  /// The value of the header `Authorization` for an address.
  public Optional<String> authorization(URI uri) {
    Entry best = null;
    for (var entry : entries) {
      if (HostCredentials.origin(entry.below()).equals(HostCredentials.origin(uri))
          && path(uri).startsWith(path(entry.below()))
          && (best == null || path(entry.below()).length() > path(best.below()).length())) {
        best = entry;
      }
    }
    if (best != null) {
      return Optional.of(best.authorization());
    }
    return storedHeader(uri)
        .or(() -> hosts.find(uri).map(HostCredentials.Credential::authorization));
  }

  private static String path(URI uri) {
    return uri.getPath() == null ? "" : uri.getPath();
  }

  private Optional<JsonObject> storedFor(URI uri) {
    var host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
    var withPort = host + ":" + uri.getPort();
    for (var name : List.of(withPort, host)) {
      if (stored.containsKey(name)) {
        return Optional.of(stored.get(name));
      }
    }
    for (var entry : stored.entrySet()) {
      if (entry.getKey().startsWith("*.") && host.endsWith(entry.getKey().substring(1))) {
        return Optional.of(entry.getValue());
      }
    }
    return Optional.empty();
  }

  private Optional<String> storedToken(URI uri) {
    return storedFor(uri).flatMap(one -> one.optionalString("CondaToken"));
  }

  private Optional<String> storedHeader(URI uri) {
    var one = storedFor(uri);
    if (one.isEmpty()) {
      return Optional.empty();
    }
    var bearer = one.get().optionalString("BearerToken");
    if (bearer.isPresent()) {
      return bearer.map(token -> "Bearer " + token);
    }
    return one.get()
        .optionalObject("BasicHTTP")
        .map(basic ->
            new HostCredentials.Credential(
                    basic.optionalString("username").orElse(""),
                    basic.optionalString("password").orElse(""))
                .authorization());
  }

  /// The same for rattler: what to send below which channels. Its own store and `.netrc` are read
  /// here, for it reads the latter without quotes.
  ///
  /// @param channels URLs that things are fetched from
  JsonValue headers(Collection<String> channels) {
    var headers = new ArrayList<JsonValue>();
    for (var channel : channels) {
      var uri = URI.create(channel);
      if (uri.getHost() != null) {
        authorization(uri)
            .ifPresent(value ->
                headers.add(
                    JsonObject.builder()
                        .put("host", uri.getHost())
                        .put("path", path(uri))
                        .put("value", value)
                        .build()));
      }
    }
    return new JsonValue.JsonArray(headers);
  }

  /// Channels whose address holds a token, and that address. What rattler keeps it adds itself.
  ///
  /// @param channels URLs that things are fetched from
  Map<String, String> addresses(Collection<String> channels) {
    var all = new LinkedHashMap<String, String>();
    for (var channel : channels) {
      var uri = URI.create(channel);
      if (storedToken(uri).isEmpty()) {
        tokens.address(uri).ifPresent(address -> all.put(channel, address.toString()));
      }
    }
    all.putAll(addresses);
    return all;
  }

  @Override
  public String toString() {
    return "(channel credentials)";
  }
}

package dev.terroir.resolve.conda;

import dev.terroir.environment.requirement.Credentials;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.exchange.Subdirs;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Names of channels and the URLs that they stand for with a user's settings. Immutable.
///
/// Spec: conda, "Managing channels"; a name is looked for among multichannels, then custom
/// channels, then below the channel alias.
///
/// @since 0.1
public final class Channels {
  /// In a list of channels: those of the user's settings are not to be added.
  public static final String NO_DEFAULTS = "nodefaults";

  private static final Pattern MEMBER =
      Pattern.compile(
          "(?<=[\\[,])\\s*channel\\s*=\\s*(?:\"([^\"]+)\"|'([^']+)'|([^,\\]\\s]+))\\s*");
  private static final Pattern TOKEN = Pattern.compile("/t/([^/]+)(?=/|$)");
  private final CondaSettings settings;
  private final Path directory;

  /// @param directory what relative paths are relative to
  public Channels(CondaSettings settings, Path directory) {
    this.settings = settings;
    this.directory = directory;
  }

  /// The channels of a definition in their order, then those that the user's own settings name
  /// unless it says `nodefaults`. A definition without channels has those of the settings, or
  /// `defaults`.
  ///
  /// @throws ResolveException code `channel-denied`
  public List<Channel> of(List<String> names) {
    var all = new ArrayList<String>();
    names.stream().filter(name -> !name.equals(NO_DEFAULTS)).forEach(all::add);
    if (!names.contains(NO_DEFAULTS)) {
      all.addAll(settings.channels());
    }
    if (all.isEmpty()) {
      all.add("defaults");
    }
    var found = new LinkedHashMap<List<String>, Channel>();
    for (var name : all) {
      if (!name.equals(NO_DEFAULTS) && !name.isBlank()) {
        var channel = resolve(name);
        if (!channel.urls().isEmpty()) {
          found.putIfAbsent(channel.urls(), channel);
        }
      }
    }
    found.values().forEach(this::check);
    return List.copyOf(found.values());
  }

  /// What one name, URL or path stands for.
  public Channel resolve(String name) {
    var text = name.strip();
    var multi = multichannel(text);
    if (multi.isPresent()) {
      var urls = new ArrayList<String>();
      collect(text, List.of(), urls);
      return new Channel(text, urls.stream().distinct().toList());
    }
    return new Channel(null, List.of(url(text)));
  }

  /// Collects what a name stands for; a name of several may hold other such names.
  ///
  /// @param above the names that led here
  private void collect(String name, List<String> above, List<String> urls) {
    var multi = multichannel(name);
    if (multi.isEmpty()) {
      urls.add(url(name));
      return;
    }
    if (above.contains(name)) {
      throw new ResolveException(
          Problem.of(
                  ResolveCode.CHANNEL_DENIED,
                  "the channel `" + name + "` of conda's settings stands for itself")
              .at(Place.of(settings.files().toString()))
              .because(String.join(" → ", above) + " → " + name)
              .hint("take one of them out of `custom_multichannels` in .condarc"));
    }
    var here = new ArrayList<>(above);
    here.add(name);
    multi.get().forEach(part -> collect(part.strip(), here, urls));
  }

  private Optional<List<String>> multichannel(String name) {
    var own = settings.customMultichannels().get(name);
    if (own != null) {
      return Optional.of(own);
    }
    return switch (name) {
      case "defaults" -> Optional.of(settings.defaultChannels());
      // Never a channel of that name on a server, which anybody may own.
      case "local" -> Optional.of(settings.localChannels());
      default -> Optional.empty();
    };
  }

  /// A match spec whose channel is named as this user's settings have it: by its URL, or by the
  /// name of several.
  ///
  /// @param spec such as `conda-forge::numpy` or `conda-forge/linux-64::numpy`
  public String withUrl(String spec) {
    var text = channelFirst(spec);
    var end = end(text);
    if (end <= 0) {
      return spec;
    }
    var name = text.substring(0, end).strip();
    if (multichannel(name).isPresent()) {
      return text;
    }
    var subdir = name.substring(name.lastIndexOf('/') + 1);
    var within = Subdirs.isKnown(subdir) ? "/" + subdir : "";
    return url(name) + within + text.substring(end);
  }

  private static int end(String spec) {
    var end = spec.indexOf("::");
    return spec.indexOf('[') >= 0 && spec.indexOf('[') < end ? -1 : end;
  }

  /// `x::name` for `name[channel=x]`, which means the same.
  private static String channelFirst(String spec) {
    var bracket = spec.indexOf('[');
    var member = MEMBER.matcher(spec);
    if (bracket <= 0 || end(spec) >= 0 || !member.find(bracket)) {
      return spec;
    }
    var name = member.group(1) != null ? member.group(1) : member.group(2);
    var rest = spec.substring(0, member.start()) + spec.substring(member.end());
    rest = rest.replaceAll("\\[\\s*,", "[").replaceAll(",\\s*]", "]");
    rest = rest.replaceAll(",\\s*,", ",").replace("[]", "");
    return (name != null ? name : member.group(3)) + "::" + rest;
  }

  /// The channel that a match spec names, if it names one.
  public Optional<Channel> named(String spec) {
    var text = channelFirst(spec);
    var end = end(text);
    return end <= 0 ? Optional.empty() : Optional.of(resolve(text.substring(0, end)));
  }

  private String url(String name) {
    if (name.contains("://") || name.startsWith("file:/")) {
      return clean(name);
    }
    if (name.startsWith("/") || name.startsWith("~") || name.startsWith(".")) {
      var path = Path.of(name.startsWith("~") ? settings.home() + name.substring(1) : name);
      return clean(directory.resolve(path).normalize().toUri().toString());
    }
    var bare = withoutSubdir(name);
    var custom = settings.customChannels();
    // The name itself, else what is left of it without its last parts.
    for (var part = bare; !part.isEmpty(); part = above(part)) {
      if (custom.containsKey(part)) {
        return clean(base(custom.get(part)) + "/" + bare);
      }
    }
    if (Files.isDirectory(directory.resolve(name).resolve("noarch"))) {
      return clean(directory.resolve(name).normalize().toUri().toString());
    }
    return clean(base(settings.channelAlias()) + "/" + bare);
  }

  private static String above(String name) {
    return name.substring(0, Math.max(0, name.lastIndexOf('/')));
  }

  private String base(String url) {
    var absolute = url.startsWith("/") ? Path.of(url).toUri().toString() : url;
    return absolute.replaceAll("/+$", "");
  }

  /// A URL without user, token, subdir, query and slashes at its end.
  static String clean(String url) {
    var bare = Credentials.withoutInChannel(url).replaceFirst("[?#].*$", "").replaceAll("/+$", "");
    if (bare.startsWith("file:/") && !bare.startsWith("file:///")) {
      bare = "file://" + bare.substring("file:".length()).replaceFirst("^/+", "/");
    }
    return withoutSubdir(bare.replace(" ", "%20"));
  }

  private static String withoutSubdir(String name) {
    var slash = name.lastIndexOf('/');
    return slash > 0 && Subdirs.isKnown(name.substring(slash + 1))
        ? name.substring(0, slash)
        : name;
  }

  /// The token in the path of a channel's URL, as Anaconda's servers and Quetz take it.
  static Optional<String> token(String url) {
    var matcher = TOKEN.matcher(url);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private void check(Channel channel) {
    for (var url : channel.urls()) {
      var isDenied =
          settings.denied().stream().anyMatch(name -> resolve(name).urls().contains(url));
      var isMissing =
          !settings.allowed().isEmpty()
              && settings.allowed().stream().noneMatch(name -> resolve(name).urls().contains(url));
      if (isDenied || isMissing) {
        throw new ResolveException(
            Problem.of(ResolveCode.CHANNEL_DENIED, "the channel " + url + " may not be used here")
                .at(Place.of(settings.files().toString()))
                .because(
                    isDenied
                        ? "it is in `denylist_channels` of conda's settings"
                        : "it is not in `allowlist_channels` of conda's settings")
                .hint("use another channel in the definition, with `nodefaults` if need be"));
      }
    }
  }

  /// Whether a URL lies on a channel's server whose terms ask companies of more than 200 people for
  /// a licence.
  ///
  /// Spec: Anaconda's terms of service of 2024 cover `repo.anaconda.com` and the channels
  /// `anaconda`, `main`, `r` and `msys2` of its other server.
  static boolean isRestricted(String url) {
    var uri = URI.create(url.replace(" ", "%20"));
    var host = String.valueOf(uri.getHost());
    var path = uri.getPath() == null ? "" : uri.getPath();
    return host.equals("repo.anaconda.com")
        || host.equals("repo.continuum.io")
        || (host.equals("conda.anaconda.org")
            && Set.of("anaconda", "main", "r", "msys2")
                .contains(path.replaceFirst("^/+", "").replaceFirst("/.*$", "")));
  }

  /// The URLs of all, each once, in order.
  static List<String> urls(List<Channel> channels) {
    return channels.stream().flatMap(channel -> channel.urls().stream()).distinct().toList();
  }

  /// The mirrors of channels that are in use, by URL.
  Map<String, List<String>> mirrors(List<Channel> channels) {
    var urls = urls(channels);
    var found = new LinkedHashMap<String, List<String>>();
    settings
        .mirrors()
        .forEach((name, mirrors) -> {
          for (var url : resolve(name).urls()) {
            if (urls.contains(url)) {
              found.put(url, mirrors.stream().map(mirror -> mirror.replaceAll("/+$", "")).toList());
            }
          }
        });
    return found;
  }
}

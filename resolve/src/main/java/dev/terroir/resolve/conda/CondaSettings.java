package dev.terroir.resolve.conda;

import dev.terroir.environment.conda.Condarc;
import dev.terroir.foundation.home.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What conda's settings say of channels and of how they are fetched. Immutable; may hold
/// credentials, so it is never written anywhere.
///
/// Spec: conda, "Configuration", "Settings reference".
///
/// @since 0.1
public final class CondaSettings {
  private static final String ALIAS = "https://conda.anaconda.org";
  private static final List<String> DEFAULT_CHANNELS =
      List.of("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r");

  /// How a file says that a scheme has no proxy.
  private static final List<String> NO_PROXY = List.of("", "none", "null", "false");

  private final Settings settings;
  private final Condarc condarc;

  private CondaSettings(Settings settings, Condarc condarc) {
    this.settings = settings;
    this.condarc = condarc;
  }

  /// Reads what applies to a user.
  ///
  /// @throws dev.terroir.environment.EnvironmentException for a file that is no YAML mapping, with
  ///   file and line
  public static CondaSettings read(Settings settings) {
    return new CondaSettings(settings, Condarc.read(settings));
  }

  /// The files that were read, in the order in which later ones win.
  public List<Path> files() {
    return condarc.files();
  }

  /// The channels that the user's own settings name; empty when they name none.
  public List<String> channels() {
    return condarc.list("channels");
  }

  /// What the channel `defaults` stands for; nothing where an empty list says so.
  public List<String> defaultChannels() {
    var own = condarc.list("default_channels");
    return own.isEmpty() && !condarc.isList("default_channels") ? DEFAULT_CHANNELS : own;
  }

  /// What the channel `local` stands for: the folders that conda-build puts packages into, as far
  /// as they are there.
  public List<String> localChannels() {
    var folders = new ArrayList<Path>();
    settings.get("CONDA_BLD_PATH").map(Path::of).ifPresent(folders::add);
    condarc.text("croot").map(Path::of).ifPresent(folders::add);
    condarc.text("bld_path").map(Path::of).ifPresent(folders::add);
    settings
        .get("CONDA_EXE")
        .map(program -> Path.of(program).resolve("../../conda-bld").normalize())
        .ifPresent(folders::add);
    folders.add(Path.of(home(), "conda-bld"));
    return folders.stream()
        .filter(folder -> folder.isAbsolute() && Files.isDirectory(folder))
        .map(Path::toString)
        .distinct()
        .toList();
  }

  /// The user's home directory.
  String home() {
    return settings.get("HOME").orElse(System.getProperty("user.home"));
  }

  /// What comes before a channel that is only a name.
  public String channelAlias() {
    return condarc.text("channel_alias").orElse(ALIAS).replaceAll("/+$", "");
  }

  /// Channels that lie elsewhere than below the alias: name and the URL that comes before it.
  public Map<String, String> customChannels() {
    var all = new LinkedHashMap<String, String>();
    all.put("pkgs/main", "https://repo.anaconda.com");
    all.put("pkgs/r", "https://repo.anaconda.com");
    all.put("pkgs/msys2", "https://repo.anaconda.com");
    all.put("pkgs/pro", "https://repo.anaconda.com");
    condarc
        .map("custom_channels")
        .forEach((name, urls) -> urls.stream().findFirst().ifPresent(url -> all.put(name, url)));
    return all;
  }

  /// Names that stand for several channels.
  public Map<String, List<String>> customMultichannels() {
    return condarc.map("custom_multichannels");
  }

  /// Other addresses of channels, tried before the channel's own: name or URL and its mirrors.
  public Map<String, List<String>> mirrors() {
    return condarc.map("mirrored_channels");
  }

  /// `strict`, `flexible` or `disabled`; strict unless the user says otherwise.
  public String channelPriority() {
    return switch (condarc.text("channel_priority").orElse("strict").toLowerCase(Locale.ROOT)) {
      case "flexible", "true", "yes", "on", "1" -> "flexible";
      case "disabled", "false", "no", "off", "0" -> "disabled";
      default -> "strict";
    };
  }

  /// Whether nothing may be fetched.
  public boolean isOffline() {
    return List.of("true", "yes", "1", "on")
        .contains(condarc.text("offline").orElse("").toLowerCase(Locale.ROOT));
  }

  /// Whether the tokens of `anaconda login` are put into the addresses of channels.
  public boolean addsAnacondaToken() {
    var told =
        condarc.text("add_anaconda_token").or(() -> condarc.text("add_binstar_token")).orElse("");
    return !List.of("false", "no", "0", "off").contains(told.toLowerCase(Locale.ROOT));
  }

  /// Channels that may not be used; with an allow list, all that are not on it.
  public List<String> denied() {
    return condarc.list("denylist_channels");
  }

  /// The only channels that may be used; empty when all may.
  public List<String> allowed() {
    return condarc.list("allowlist_channels");
  }

  /// How long a server may take to answer, in seconds, or empty for the usual time.
  public Optional<Long> timeoutSeconds() {
    return condarc
        .text("remote_read_timeout_secs")
        .filter(value -> value.matches("[0-9]{1,6}(\\.[0-9]+)?"))
        .map(value -> Math.max(1L, (long) Double.parseDouble(value)));
  }

  /// How often a request is tried again, or empty for the usual number.
  public Optional<Long> retries() {
    return condarc
        .text("remote_max_retries")
        .filter(value -> value.matches("[0-9]{1,3}"))
        .map(Long::parseLong);
  }

  /// The variables of a process that fetches from channels: the user's own, and conda's proxy and
  /// certificates where the variables name none.
  public Map<String, String> variables() {
    var variables = settings.variables();
    condarc
        .map("proxy_servers")
        .forEach((scheme, urls) -> {
          var name = scheme.toUpperCase(Locale.ROOT) + "_PROXY";
          if (scheme.matches("https?") && !variables.containsKey(name.toLowerCase(Locale.ROOT))) {
            urls.stream()
                .filter(url -> !NO_PROXY.contains(url.toLowerCase(Locale.ROOT)))
                .findFirst()
                .ifPresent(url -> variables.putIfAbsent(name, url));
          }
        });
    condarc
        .text("ssl_verify")
        .filter(value -> value.startsWith("/"))
        .ifPresent(bundle -> variables.putIfAbsent("SSL_CERT_FILE", bundle));
    for (var name : List.of("REQUESTS_CA_BUNDLE", "PIP_CERT")) {
      settings.get(name).ifPresent(bundle -> variables.putIfAbsent("SSL_CERT_FILE", bundle));
    }
    return variables;
  }

  /// Whether the user wants certificates unchecked, which is not done.
  public boolean wantsUncheckedCertificates() {
    return List.of("false", "no", "off", "0")
        .contains(condarc.text("ssl_verify").orElse("").toLowerCase(Locale.ROOT));
  }
}

package dev.terroir.foundation.home;

import java.nio.file.Path;

/// Where Terroir keeps things on this machine. Immutable; makes no directories.
///
/// Spec: XDG Base Directory Specification 0.8.
///
/// @param data what is kept for good: workspaces, prefixes, tools
/// @param cache what can be made again from elsewhere: downloads, package archives
/// @param config the user's own settings
/// @since 0.1
public record TerroirHome(Path data, Path cache, Path config) {

  /// Where the settings point: `TERROIR_HOME`, else the XDG directories, else their defaults below
  /// the user's home.
  public static TerroirHome of(Settings settings) {
    var home = settings.get(Settings.TERROIR_HOME);
    if (home.isPresent()) {
      return in(Path.of(home.get()).toAbsolutePath().normalize());
    }
    var user = Path.of(settings.get("HOME").orElse(System.getProperty("user.home")));
    return new TerroirHome(
        base(settings, "XDG_DATA_HOME", user.resolve(".local/share")),
        base(settings, "XDG_CACHE_HOME", user.resolve(".cache")),
        base(settings, "XDG_CONFIG_HOME", user.resolve(".config")));
  }

  /// Everything below one directory, as `TERROIR_HOME` asks.
  public static TerroirHome in(Path directory) {
    return new TerroirHome(
        directory.resolve("data"), directory.resolve("cache"), directory.resolve("config"));
  }

  private static Path base(Settings settings, String variable, Path fallback) {
    // The specification has relative paths ignored.
    return settings
        .get(variable)
        .map(Path::of)
        .filter(Path::isAbsolute)
        .orElse(fallback)
        .resolve("terroir");
  }

  /// Programs that Terroir fetched, one directory per name and version.
  public Path tools() {
    return data.resolve("tools");
  }

  /// Wheels built of source directories, one directory per SHA-256. Locks name them, so they are
  /// kept for good.
  public Path wheels() {
    return data.resolve("wheels");
  }

  /// Local environments, one directory per lock digest.
  public Path prefixes() {
    return data.resolve("prefixes");
  }

  /// Local workspaces, one directory per name.
  public Path workspaces() {
    return data.resolve("workspaces");
  }
}

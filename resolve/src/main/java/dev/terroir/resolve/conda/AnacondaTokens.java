package dev.terroir.resolve.conda;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The tokens that `anaconda login` keeps and conda puts into the addresses of channels: one file
/// for each server, named after its URL. Holds secrets in memory only. Immutable.
///
/// Spec: conda, `add_anaconda_token`; anaconda-client, `BINSTAR_CONFIG_DIR` and platformdirs'
/// folders of the application `binstar`, where older versions use the one for data and younger ones
/// that for configuration.
final class AnacondaTokens {
  private static final String SUFFIX = ".token";

  private final Map<String, String> tokens;
  private final String alias;

  private AnacondaTokens(Map<String, String> tokens, String alias) {
    this.tokens = tokens;
    this.alias = alias;
  }

  static AnacondaTokens read(CondaSettings conda, Settings settings) {
    var tokens = new TreeMap<String, String>();
    if (conda.addsAnacondaToken()) {
      folders(settings).forEach(folder -> read(folder, tokens));
    }
    return new AnacondaTokens(tokens, Channels.clean(conda.channelAlias()));
  }

  private static List<Path> folders(Settings settings) {
    var own = settings.get("BINSTAR_CONFIG_DIR");
    if (own.isPresent()) {
      return List.of(Path.of(own.get(), "data"));
    }
    var home = settings.get("HOME").orElse(System.getProperty("user.home"));
    var folders = new ArrayList<Path>();
    folders.add(
        settings
            .get("XDG_CONFIG_HOME")
            .map(Path::of)
            .orElse(Path.of(home, ".config"))
            .resolve("binstar"));
    folders.add(
        settings
            .get("XDG_DATA_HOME")
            .map(Path::of)
            .orElse(Path.of(home, ".local", "share"))
            .resolve("binstar"));
    return folders;
  }

  private static void read(Path folder, Map<String, String> tokens) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      for (var file : files) {
        one(file, tokens);
      }
    } catch (IOException | DirectoryIteratorException e) {
      // As by conda nobody is signed in, then; the channel says whether that matters.
    }
  }

  private static void one(Path file, Map<String, String> tokens) {
    var name = file.getFileName().toString();
    try {
      var url =
          URLDecoder.decode(
              name.substring(0, name.length() - SUFFIX.length()), StandardCharsets.UTF_8);
      var token = Files.readString(file).strip();
      if (url.contains("://") && token.matches("[A-Za-z0-9-]+")) {
        var bare = url.replaceAll("/+$", "");
        tokens.putIfAbsent(bare, token);
        // The server's API has the token, its channels lie beside that.
        tokens.putIfAbsent(bare.replaceFirst("([./])api([./]|$)", "$1conda$2"), token);
      }
    } catch (IOException | IllegalArgumentException e) {
      // No token of a server that can be named.
    }
  }

  /// The address with the token in its path. Never to be written anywhere.
  Optional<URI> address(URI uri) {
    var text = uri.toString();
    return tokens.entrySet().stream()
        .filter(entry -> isBelow(text, entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .map(token -> {
          var location = location(uri, text);
          return URI.create(location + "/t/" + token + text.substring(location.length()));
        });
  }

  /// What comes before the name of a channel: the alias, else the host, with `/conda` as the
  /// servers of Anaconda have it.
  private String location(URI uri, String text) {
    if (isBelow(text, alias)) {
      return alias;
    }
    var host = uri.getScheme() + "://" + uri.getRawAuthority();
    return isBelow(text, host + "/conda") ? host + "/conda" : host;
  }

  private static boolean isBelow(String url, String above) {
    return url.equals(above) || url.startsWith(above + "/");
  }

  @Override
  public String toString() {
    return "(tokens)";
  }
}

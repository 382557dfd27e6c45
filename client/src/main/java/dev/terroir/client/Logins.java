package dev.terroir.client;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Tokens for servers, kept by endpoint in `tokens.json`, which its owner alone can read.
///
/// @since 0.1
public final class Logins {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Settings settings;
  private final Path file;

  /// @param settings say where it is, and what goes before it
  public Logins(Settings settings) {
    this.settings = settings;
    this.file = TerroirHome.of(settings).config().resolve("tokens.json");
  }

  /// The token for an endpoint: `TERROIR_TOKEN`, the file of `TERROIR_TOKEN_FILE`, or the kept one.
  public Optional<String> find(String endpoint) {
    var given = settings.get(Settings.TERROIR_TOKEN);
    if (given.isPresent()) {
      return given;
    }
    var named = settings.get(Settings.TERROIR_TOKEN_FILE).map(Path::of);
    if (named.isPresent()) {
      try {
        return Optional.of(Files.readString(named.get()).strip());
      } catch (java.io.IOException e) {
        throw dev.terroir.foundation.FoundationException.ofFile(
            "the file with the token cannot be read", named.get(), e);
      }
    }
    return kept().optionalString(endpoint);
  }

  private JsonObject kept() {
    return Files.isRegularFile(file) ? JsonReader.readObject(file) : JsonObject.EMPTY;
  }

  /// Keeps a token.
  ///
  /// @return the file
  public Path keep(String endpoint, String token) {
    try (var _ = ProcessLock.acquire(file.resolveSibling("tokens.json.lock"), PATIENCE)) {
      var all = kept().toBuilder().put(endpoint, token).build();
      AtomicFiles.writePrivate(file, JsonWriter.indented(all, 2) + "\n");
    }
    return file;
  }
}

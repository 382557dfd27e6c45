package dev.terroir.server.local;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Web;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;

/// Asks a server what it is.
///
/// @since 0.1
public final class ServerProbe {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Web web;

  /// @param web how servers are reached
  public ServerProbe(Web web) {
    this.web = web;
  }

  /// What the server says of itself to the holder of a token.
  ///
  /// @throws ServerException code `unauthenticated` when it refuses the token, `server-not-ready`
  ///   when no server of ours answers
  public JsonObject about(URI url, String token) {
    try {
      var response =
          web.client()
              .send(
                  web.request(url.resolve("/api/v1"))
                      .header("Authorization", "Bearer " + token)
                      .timeout(PATIENCE)
                      .build(),
                  BodyHandlers.ofString());
      if (response.statusCode() == 401) {
        throw ServerException.of(
            ServerCode.UNAUTHENTICATED,
            "the server at " + url + " refuses the token",
            "an owner makes one with `terroir token create`");
      }
      var json = JsonReader.parseObject(response.body(), url.toString());
      if (response.statusCode() != 200
          || !json.optionalString("program").equals(Optional.of("terroir"))) {
        throw silent(url, "it answers " + response.statusCode(), null);
      }
      return json;
    } catch (IOException | IllegalArgumentException | FoundationException e) {
      throw silent(url, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw silent(url, "the question was interrupted", e);
    }
  }

  private static ServerException silent(
      URI url, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new ServerException(
        Problem.of(ServerCode.SERVER_NOT_READY, "no server of Terroir answers there")
            .at(Place.of(url.toString()))
            .because(why)
            .hint("check the address, and that `terroir serve` runs there"),
        cause);
  }
}

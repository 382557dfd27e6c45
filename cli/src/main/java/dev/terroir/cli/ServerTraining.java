package dev.terroir.cli;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerFiles;
import dev.terroir.server.ServerOptions;
import dev.terroir.server.TerroirServer;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/// Serves once and is asked what clients ask first, so that the cache holds what a server needs.
final class ServerTraining {
  private ServerTraining() {}

  static void run(Settings settings) {
    var silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    try (var workspace =
            Workspace.create(Workspace.DEFAULT_NAME, null, true, settings, Progress.SILENT);
        var server =
            TerroirServer.start(
                workspace, ServerOptions.loopback(Main.VERSION, silent), settings)) {
      var token = Files.readString(new ServerFiles(workspace.directory()).token()).strip();
      for (var path :
          List.of(
              "/health/ready",
              "/api/v1",
              "/api/v1/openapi.json",
              "/api/v1/environments?limit=5",
              "/api/v1/environments/training/versions/latest",
              "/api/v1/jobs",
              "/metrics",
              "/api/v1/nothing")) {
        ask(server.url() + path, "GET", token, "");
      }
      ask(
          server.url() + "/api/v1/environments",
          "POST",
          token,
          """
          {"name": "served", "python": {"userManagedDependencies": true, "interpreterPath": "python"}}
          """);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void ask(String url, String method, String token, String body) throws IOException {
    var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setRequestMethod(method);
    connection.setRequestProperty("Authorization", "Bearer " + token);
    if (!body.isEmpty()) {
      connection.setDoOutput(true);
      connection.setRequestProperty("Content-Type", "application/json");
      connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
    }
    var isExpected = connection.getResponseCode() < 300 || url.endsWith("/nothing");
    if (!isExpected) {
      throw new IllegalStateException(url + " answers " + connection.getResponseCode());
    }
    if (connection.getResponseCode() < 400) {
      connection.getInputStream().readAllBytes();
    }
  }
}

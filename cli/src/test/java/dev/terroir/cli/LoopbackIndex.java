package dev.terroir.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// An index of a folder of wheels on loopback, which can be told to misbehave.
final class LoopbackIndex implements AutoCloseable {
  private final HttpServer server;
  private final Path wheels;

  /// Answered requests that carried the credentials that are asked for.
  final AtomicInteger authorised = new AtomicInteger();

  /// `user:password` that is asked for, or empty.
  volatile String credentials = "";

  /// Whether only half of each wheel is sent before the connection ends.
  volatile boolean cutsWheels;

  /// Whether wheels are sent with another content than before.
  volatile boolean changesWheels;

  LoopbackIndex(Path wheels) throws IOException {
    this.wheels = wheels;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  /// Its simple API, with something before the host.
  String url(String user) {
    return "http://" + user + "127.0.0.1:" + server.getAddress().getPort() + "/simple/";
  }

  /// The variables of a Terroir that uses it.
  List<String> settings(String user) {
    return List.of(
        "PIP_NO_INDEX=0", "PIP_FIND_LINKS=", "PIP_INDEX_URL=" + url(user), "UV_HTTP_RETRIES=0");
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var given = exchange.getRequestHeaders().getFirst("Authorization");
      var wanted =
          "Basic "
              + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
      if (!credentials.isEmpty()) {
        if (!wanted.equals(given)) {
          exchange.getResponseHeaders().set("WWW-Authenticate", "Basic");
          exchange.sendResponseHeaders(401, -1);
          return;
        }
        authorised.incrementAndGet();
      }
      var path = exchange.getRequestURI().getPath();
      if (path.endsWith(".whl")) {
        sendWheel(exchange, path.substring(path.lastIndexOf('/') + 1));
      } else {
        var page = page(path.replaceAll("^/simple/|/$", "")).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/html");
        exchange.sendResponseHeaders(200, page.length);
        exchange.getResponseBody().write(page);
      }
    }
  }

  private void sendWheel(HttpExchange exchange, String name) throws IOException {
    var body = Files.readAllBytes(wheels.resolve(name));
    if (changesWheels) {
      body = java.util.Arrays.copyOf(body, body.length + 1);
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body, 0, cutsWheels ? body.length / 2 : body.length);
  }

  private String page(String name) throws IOException {
    var links = new StringBuilder("<html><body>");
    try (var files = Files.list(wheels)) {
      for (var file : files.map(file -> file.getFileName().toString()).sorted().toList()) {
        if (file.replace('_', '-').startsWith(name + "-")) {
          links.append("<a href='/files/").append(file).append("'>").append(file).append("</a>");
        }
      }
    }
    return links.append("</body></html>").toString();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}

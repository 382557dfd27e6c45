package dev.terroir.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Code;
import dev.terroir.foundation.problem.TerroirException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Requests to a server that stumbles")
class RestClientTest {
  private interface Reply {
    void to(HttpExchange exchange) throws IOException;
  }

  /// A request as it arrived.
  private record Seen(String method, String path, Map<String, List<String>> headers) {
    String header(String name) {
      return headers.getOrDefault(name, List.of("")).getFirst();
    }
  }

  @TempDir Path folder;
  private final List<Seen> seen = new ArrayList<>();
  private final List<Reply> replies = new ArrayList<>();
  private HttpServer server;
  private RestClient client;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
    client =
        new RestClient(
            Endpoint.parse("http://127.0.0.1:" + server.getAddress().getPort()),
            "secret",
            Settings.of(Map.of()));
  }

  @AfterEach
  void end() {
    client.close();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      Reply reply;
      synchronized (seen) {
        seen.add(
            new Seen(
                exchange.getRequestMethod(),
                exchange.getRequestURI().toString(),
                Map.copyOf(exchange.getRequestHeaders())));
        reply = replies.size() > 1 ? replies.removeFirst() : replies.getFirst();
      }
      reply.to(exchange);
    }
  }

  private static Reply reply(int status, String type, String body, String... headers) {
    return exchange -> {
      exchange.getResponseHeaders().set("Content-Type", type);
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      var bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private static Reply json(int status, String body) {
    return reply(status, "application/json", body);
  }

  /// Ends the connection without an answer.
  private static final Reply BREAK = HttpExchange::close;

  private static TerroirException failure(Runnable work) {
    try {
      work.run();
    } catch (TerroirException e) {
      return e;
    }
    throw new AssertionError("it did not fail");
  }

  @Test
  void aPostIsSentAgainWithTheSameKey() {
    replies.add(BREAK);
    replies.add(reply(502, "text/html", "<html>"));
    replies.add(json(201, "{\"a\": \"b\"}"));
    var answer = client.post("/environments", JsonObject.EMPTY);
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.json().string("a")).isEqualTo("b");
    assertThat(seen).hasSizeGreaterThanOrEqualTo(3);
    assertThat(seen.stream().map(it -> it.header("Idempotency-key")).distinct()).hasSize(1);
    assertThat(seen).allMatch(it -> it.header("Authorization").equals("Bearer secret"));
    assertThat(seen.getFirst().path()).isEqualTo("/api/v1/environments");
  }

  @Test
  void aServersOwnRefusalIsNotAskedForAgain() {
    replies.add(
        reply(
            503,
            "application/problem+json",
            "{\"code\": \"server-not-ready\", \"title\": \"the server cannot do its work\","
                + " \"status\": 503}"));
    var failure = failure(() -> client.get("/workspace"));
    assertThat(failure.problem().code().id()).isEqualTo("server-not-ready");
    assertThat(failure.problem().code().kind()).isEqualTo(Code.Kind.SURROUNDINGS);
    assertThat(seen).hasSize(1);
  }

  @Test
  void whatAServerSaysKeepsItsCodeSentencesAndKind() {
    replies.add(
        reply(
            422,
            "application/problem+json",
            """
            {"code": "unsolvable", "title": "no set of packages fits", "status": 422,
             "where": ["requirements.txt:1"], "because": ["a needs b"], "hints": ["ask for less"],
             "errors": [{"code": "unsolvable", "title": "no set of packages fits"},
                        {"code": "json-field", "title": "a second one", "where": ["field `x`"]}]}
            """));
    var failure = failure(() -> client.post("/locks", JsonObject.EMPTY));
    assertThat(failure.problem().render())
        .isEqualTo(
            """
            error: no set of packages fits  [unsolvable]
              at requirements.txt:1
              because a needs b

            hint: ask for less\
            """);
    assertThat(failure.problem().code().kind().exitCode()).isEqualTo(3);
    assertThat(failure.problems()).hasSize(2);
    assertThat(failure.problems().getLast().what()).isEqualTo("a second one");
  }

  @Test
  void whatIsNoServerOfTerroirIsSaidToBeNone() {
    replies.add(reply(404, "text/html", "<html>Nothing here"));
    var failure = failure(() -> client.get(""));
    assertThat(failure.problem().code()).isEqualTo(ClientCode.SERVER_INCOMPATIBLE);
    assertThat(failure.problem().why()).containsExactly("<html>Nothing here");
  }

  @Test
  void aLogGoesOnWhereItBroke() {
    replies.add(exchange -> {
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      exchange.sendResponseHeaders(200, 1000);
      exchange
          .getResponseBody()
          .write("event: line\nid: 4\ndata: one\n\nevent: line\nid: 8\nda".getBytes());
      exchange.getResponseBody().flush();
    });
    replies.add(
        reply(
            200,
            "text/event-stream",
            ": \n\nevent: status\ndata: Running\n\nevent: line\nid: 8\ndata: two\ndata: 2\n\n"
                + "event: end\nid: 8\ndata: Completed\n\n"));
    var lines = new ArrayList<String>();
    new RemoteLog(client, "/runs/a/log").follow(lines::add);
    assertThat(lines).containsExactly("one", "two\n2");
    assertThat(seen.getLast().header("Last-event-id")).isEqualTo("4");
  }

  @Test
  void allPagesAreRead() {
    replies.add(json(200, "{\"items\": [{\"n\": 1}], \"next\": \"a/b\"}"));
    replies.add(json(200, "{\"items\": [{\"n\": 2}]}"));
    assertThat(client.pages("/models").stream().map(it -> it.longValue("n")))
        .containsExactly(1L, 2L);
    assertThat(seen.getLast().path()).endsWith("limit=1000&after=a%2Fb");
  }

  @Test
  void aFileThatIsCutShortIsNotKept() {
    replies.add(exchange -> {
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write(new byte[10]);
      exchange.getResponseBody().flush();
    });
    var target = folder.resolve("file");
    assertThatThrownBy(() -> new Contents(client).receive("/x", target, -1))
        .isInstanceOf(TerroirException.class);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void namesOfFilesStayBelowTheFolderTheyAreFor() {
    for (var name : List.of("../x", "/etc/passwd", "a/../../x", "")) {
      assertThatThrownBy(() -> Contents.below(folder, name))
          .as(name)
          .isInstanceOf(ClientException.class);
    }
    assertThat(Contents.below(folder, "a/b é")).isEqualTo(folder.resolve("a/b é"));
    assertThat(RestClient.parts("a b/é?#%")).isEqualTo("a%20b/%C3%A9%3F%23%25");
  }
}

package dev.terroir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A channel served on loopback, well and badly")
class CondaServerTest {
  @TempDir Path folder;
  CondaServer server;
  HttpClient client = HttpClient.newHttpClient();

  @BeforeEach
  void start() throws IOException {
    Files.createDirectories(folder.resolve("chan/noarch"));
    Files.writeString(folder.resolve("chan/noarch/repodata.json"), "{\"packages\": {}}\n");
    server = CondaServer.serving(folder);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void filesAreServedAndCounted() throws Exception {
    assertThat(get("chan/noarch/repodata.json").body()).isEqualTo("{\"packages\": {}}\n");
    assertThat(get("chan/linux-64/repodata.json").statusCode()).isEqualTo(404);
    assertThat(get("../../etc/passwd").statusCode()).isNotEqualTo(200);
    assertThat(server.requests("noarch/repodata.json")).isEqualTo(1);
    assertThat(server.requests()).containsEntry("chan/linux-64/repodata.json", 1);
  }

  @Test
  void whatTheClientHasIsNotSentAgain() throws Exception {
    var tag = get("chan/noarch/repodata.json").headers().firstValue("ETag").orElseThrow();
    var again =
        client.send(
            HttpRequest.newBuilder(URI.create(server.url("chan") + "/noarch/repodata.json"))
                .header("If-None-Match", tag)
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(again.statusCode()).isEqualTo(304);
  }

  @Test
  void userAndPasswordAreDemanded() throws Exception {
    server.withBasic("alice", "wonder");
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(401);
    client =
        HttpClient.newBuilder()
            .authenticator(
                new Authenticator() {
                  @Override
                  protected PasswordAuthentication getPasswordAuthentication() {
                    return new PasswordAuthentication("alice", "wonder".toCharArray());
                  }
                })
            .build();
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(200);
  }

  @Test
  void tokenIsDemandedInTheHeader() throws Exception {
    server.withBearer("s3cret");
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(401);
    assertThat(get("chan/noarch/repodata.json", "Authorization", "Bearer s3cret").statusCode())
        .isEqualTo(200);
  }

  @Test
  void tokenIsDemandedInThePathAndNotCounted() throws Exception {
    server.withPathToken("s3cret");
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(403);
    assertThat(get("t/s3cret/chan/noarch/repodata.json").statusCode()).isEqualTo(200);
    assertThat(server.requests("chan/noarch/repodata.json")).isEqualTo(2);
  }

  @Test
  void statusIsAnswered() throws Exception {
    server.misbehave("chan/noarch/repodata.json", new Misbehaviour.Status(500));
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(500);
    server.behave();
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(200);
  }

  @Test
  void nothingIsAnswered() {
    server.misbehave("*", new Misbehaviour.Hang());
    var request =
        HttpRequest.newBuilder(URI.create(server.url("chan") + "/noarch/repodata.json"))
            .timeout(Duration.ofMillis(200))
            .build();
    assertThatThrownBy(() -> client.send(request, HttpResponse.BodyHandlers.ofString()))
        .isInstanceOf(HttpTimeoutException.class);
  }

  @Test
  void connectionEndsEarly() {
    server.misbehave("chan/noarch/repodata.json", new Misbehaviour.Truncated(5));
    assertThatThrownBy(() -> get("chan/noarch/repodata.json")).isInstanceOf(IOException.class);
  }

  @Test
  void oneBitIsWrong() throws Exception {
    server.misbehave("chan/noarch/repodata.json", new Misbehaviour.Corrupted());
    assertThat(get("chan/noarch/repodata.json").body())
        .hasSize(17)
        .isNotEqualTo("{\"packages\": {}}\n");
  }

  @Test
  void fileChangesBetweenRequests() throws Exception {
    server.misbehave(
        "chan/noarch/repodata.json", new Misbehaviour.After(1, Misbehaviour.text("{}")));
    assertThat(get("chan/noarch/repodata.json").body()).contains("packages");
    assertThat(get("chan/noarch/repodata.json").body()).isEqualTo("{}");
    server.misbehave(
        "chan/noarch/repodata.json", new Misbehaviour.Until(1, new Misbehaviour.Status(503)));
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(503);
    assertThat(get("chan/noarch/repodata.json").statusCode()).isEqualTo(200);
  }

  @Test
  void sameSamplesGiveTheSameChannel() throws IOException {
    var one = SampleChannel.small(folder.resolve("one"));
    var two = SampleChannel.small(folder.resolve("two"));
    for (var file : new String[] {"linux-64/repodata.json", "noarch/repodata_shards.msgpack.zst"}) {
      assertThat(Sha256.of(one.directory().resolve(file)))
          .isEqualTo(Sha256.of(two.directory().resolve(file)));
    }
  }

  private HttpResponse<String> get(String path, String... headers) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(server.url() + "/" + path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}

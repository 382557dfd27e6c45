package dev.terroir.image.serve;

import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/// Plain requests to a registry.
record Wire(HttpClient client, String address) implements AutoCloseable {
  static Wire to(String address) {
    return new Wire(HttpClient.newHttpClient(), address);
  }

  /// An answer, read in the words of the protocol.
  record Answer(HttpResponse<byte[]> response) {
    int status() {
      return response.statusCode();
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    byte[] bytes() {
      return response.body();
    }

    String text() {
      return new String(response.body(), StandardCharsets.UTF_8);
    }

    /// The status and the code of the error.
    String error() {
      return status()
          + " "
          + JsonReader.parseObject(text(), "answer").objects("errors").getFirst().string("code");
    }
  }

  Answer send(String method, String path, byte[] body, String... headers) {
    var request =
        HttpRequest.newBuilder(URI.create("http://" + address + path))
            .method(
                method,
                body.length == 0
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return new Answer(client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Answer send(String method, String path, String... headers) {
    return send(method, path, new byte[0], headers);
  }

  @Override
  public void close() {
    client.close();
  }
}

package dev.terroir.serving.front;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// One request to a scoring process on loopback, over a connection of its own.
///
/// Spoken is HTTP/1.0 (RFC 1945), so that an answer ends with its connection and is never chunked:
/// the scoring server closes connections after each answer anyway, and a general client cost more
/// than the request itself.
final class BackendCall {
  private static final int CONNECT_TIMEOUT_MILLIS = 2000;

  /// An answer is as large as a model makes it; the limit keeps a broken one from filling the
  /// memory.
  private static final int MAX_ANSWER_BYTES = 512 << 20;

  private BackendCall() {}

  /// An answer.
  ///
  /// @param headers names in lower case
  record Answer(int status, Map<String, List<String>> headers, byte[] body) {}

  /// Sends a request and reads its answer.
  ///
  /// @throws java.net.ConnectException when nothing was sent
  static Answer send(
      int port, String method, String target, Map<String, List<String>> headers, byte[] body)
      throws IOException {
    try (var socket = new Socket()) {
      socket.setTcpNoDelay(true);
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_TIMEOUT_MILLIS);
      var head = new StringBuilder(method).append(' ').append(target).append(" HTTP/1.0\r\n");
      head.append("Host: 127.0.0.1:").append(port).append("\r\n");
      headers.forEach((name, values) ->
          values.forEach(value -> head.append(name).append(": ").append(value).append("\r\n")));
      if (body.length > 0 || !method.equals("GET")) {
        head.append("Content-Length: ").append(body.length).append("\r\n");
      }
      var request = new ByteArrayOutputStream(head.length() + body.length + 2);
      request.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
      request.write(body);
      request.writeTo(socket.getOutputStream());
      return parse(socket.getInputStream().readNBytes(MAX_ANSWER_BYTES), method);
    }
  }

  private static Answer parse(byte[] bytes, String method) throws IOException {
    var end = -1;
    for (int i = 0; i + 3 < bytes.length && end < 0; i++) {
      if (bytes[i] == '\r'
          && bytes[i + 1] == '\n'
          && bytes[i + 2] == '\r'
          && bytes[i + 3] == '\n') {
        end = i;
      }
    }
    if (end < 0) {
      throw new EOFException("the scoring process closed the connection before its answer");
    }
    var lines = new String(bytes, 0, end, StandardCharsets.ISO_8859_1).split("\r\n");
    var status = lines[0].split(" ", 3);
    var headers = new LinkedHashMap<String, List<String>>();
    for (int i = 1; i < lines.length; i++) {
      var colon = lines[i].indexOf(':');
      if (colon > 0) {
        headers
            .computeIfAbsent(
                lines[i].substring(0, colon).toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
            .add(lines[i].substring(colon + 1).strip());
      }
    }
    var body = java.util.Arrays.copyOfRange(bytes, end + 4, bytes.length);
    var announced = headers.getOrDefault("content-length", List.of());
    try {
      if (!announced.isEmpty()
          && !method.equals("HEAD")
          && Integer.parseInt(announced.getFirst()) != body.length) {
        throw new EOFException("the scoring process closed the connection within its answer");
      }
      return new Answer(Integer.parseInt(status[1]), headers, body);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new IOException("the scoring process answered with something else than HTTP", e);
    }
  }
}

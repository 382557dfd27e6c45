package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The server has a process of its own, as the JDK reads the limits of its server once.
@DisplayName("Connections that are kept for further requests (RFC 9112, section 9.3)")
class KeptConnectionsTest {
  private static final int MANY = 400;

  @TempDir Path folder;

  private Process process;
  private InetSocketAddress address;
  private final List<Socket> connections = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    process = ServedProcess.start(folder, "");
    ServedProcess.await(folder, process);
    var url =
        URI.create(new ServerFiles(folder.resolve("team")).read().orElseThrow().string("url"));
    address = new InetSocketAddress(InetAddress.getByName(url.getHost()), url.getPort());
  }

  @AfterEach
  void end() throws Exception {
    for (var connection : connections) {
      connection.close();
    }
    process.destroy();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
  }

  private static void ask(Socket connection) throws IOException {
    connection
        .getOutputStream()
        .write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  /// Reads an answer to its end.
  ///
  /// @return its status, or what came instead
  private static String answer(Socket connection) {
    try {
      connection.setSoTimeout(20_000);
      var in = connection.getInputStream();
      var head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        var next = in.read();
        if (next < 0) {
          return "closed";
        }
        head.append((char) next);
      }
      for (var line : head.toString().split("\r\n")) {
        if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
          in.readNBytes(Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()));
        }
      }
      return head.substring(9, 12);
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void fourHundredCallersWhoWaitBetweenRequestsAreAllAnsweredAgain() throws Exception {
    for (int i = 0; i < MANY; i++) {
      var connection = new Socket();
      connection.connect(address);
      connections.add(connection);
      ask(connection);
      assertThat(answer(connection)).isEqualTo("200");
    }
    Thread.sleep(200);
    var answers = new ArrayList<String>();
    for (var connection : connections) {
      try {
        ask(connection);
        answers.add(answer(connection));
      } catch (IOException e) {
        answers.add(String.valueOf(e.getMessage()));
      }
    }
    assertThat(answers).hasSize(MANY).containsOnly("200");
  }

  @Test
  void fourHundredCallersWhoComeWhileTheServerIsHeldUpAreAllAnswered() throws Exception {
    signal("STOP");
    var channels = new ArrayList<SocketChannel>();
    try {
      for (int i = 0; i < MANY; i++) {
        var channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.connect(address);
        channels.add(channel);
      }
      // Those whom the kernel has no place for in the queue are not connected.
      Thread.sleep(200);
      var connected = 0;
      for (var channel : channels) {
        connected += channel.finishConnect() ? 1 : 0;
      }
      assertThat(connected).isEqualTo(MANY);
      for (var channel : channels) {
        channel.write(
            ByteBuffer.wrap(
                "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII)));
      }
    } finally {
      signal("CONT");
    }
    for (var channel : channels) {
      channel.configureBlocking(true);
      connections.add(channel.socket());
      assertThat(answer(channel.socket())).isEqualTo("200");
    }
  }

  private void signal(String name) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }
}

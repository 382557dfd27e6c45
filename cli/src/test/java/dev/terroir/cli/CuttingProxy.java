package dev.terroir.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Stands between a client and a server on loopback, and cuts a connection whenever so many bytes
/// more have gone to the server, or come from it, until it has cut often enough.
final class CuttingProxy implements AutoCloseable {
  private final ServerSocket listening;
  private final int port;
  private final long every;
  private final AtomicInteger left;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();
  private final AtomicLong nextCut;
  private final AtomicLong nextCutBack;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /// @param port of the server
  /// @param every after how many bytes a connection is cut
  /// @param cuts how often
  CuttingProxy(int port, long every, int cuts) throws IOException {
    this.port = port;
    this.every = every;
    this.left = new AtomicInteger(cuts);
    this.nextCut = new AtomicLong(every);
    this.nextCutBack = new AtomicLong(every);
    this.listening = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    threads.execute(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /// Bytes that clients have sent.
  long sent() {
    return sent.get();
  }

  /// Bytes that the server has sent.
  long received() {
    return received.get();
  }

  /// How many cuts are to come.
  int cutsLeft() {
    return left.get();
  }

  /// Has as many cuts to come.
  void cutAgain(int cuts) {
    nextCut.set(sent.get() + every);
    nextCutBack.set(received.get() + every);
    left.set(cuts);
  }

  private void accept() {
    try {
      while (true) {
        var client = listening.accept();
        threads.execute(() -> serve(client));
      }
    } catch (IOException e) {
      // It is closed.
    }
  }

  private void serve(Socket client) {
    try (client;
        var server = new Socket("127.0.0.1", port)) {
      threads.execute(() -> copyBack(server, client));
      copy(client, server, sent, nextCut);
    } catch (IOException e) {
      // One side has gone; so does the other.
    }
  }

  private void copyBack(Socket server, Socket client) {
    try (server;
        client) {
      copy(server, client, received, nextCutBack);
    } catch (IOException e) {
      // One side has gone; so does the other.
    }
  }

  private void copy(Socket from, Socket to, AtomicLong moved, AtomicLong next) throws IOException {
    var in = from.getInputStream();
    var out = to.getOutputStream();
    var buffer = new byte[1 << 14];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      var total = moved.addAndGet(read);
      if (total >= next.get() && left.get() > 0) {
        left.decrementAndGet();
        next.set(total + every);
        from.setSoLinger(true, 0);
        to.setSoLinger(true, 0);
        return;
      }
      out.write(buffer, 0, read);
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    threads.shutdownNow();
  }
}

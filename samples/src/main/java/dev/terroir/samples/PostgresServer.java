package dev.terroir.samples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A real server of PostgreSQL on loopback, with a password and in a language whose order of words
/// is not that of bytes. It never runs as root: started by root, it runs as Debian's `postgres`.
///
/// Its folder is removed when it is closed.
///
/// @since 0.1
public final class PostgresServer implements AutoCloseable {
  /// Who may log in.
  public static final String USER = "terroir";

  /// By this password.
  public static final String PASSWORD = "word-of-a-test";

  /// The database that is there.
  public static final String DATABASE = "postgres";

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final AtomicInteger SCHEMAS = new AtomicInteger();

  /// The one of [#shared], guarded by this class.
  private static @Nullable PostgresServer shared;

  private final Path programs;
  private final Path folder;
  private final int port;
  private boolean isStopped = true;

  private PostgresServer(Path programs, Path folder, int port) {
    this.programs = programs;
    this.folder = folder;
    this.port = port;
  }

  /// The folder of its programs, the newest that is installed; says so where there is none, since
  /// tests are skipped then.
  public static Optional<Path> programs() {
    var folders = new ArrayList<Path>();
    var root = Path.of("/usr/lib/postgresql");
    if (Files.isDirectory(root)) {
      try (var versions = Files.list(root)) {
        versions
            .sorted(Comparator.comparingInt(PostgresServer::number).reversed())
            .map(version -> version.resolve("bin"))
            .forEach(folders::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    try {
      folders.add(Path.of(output(List.of("pg_config", "--bindir")).strip()));
    } catch (IOException e) {
      // Not installed, or without its headers.
    }
    var found =
        folders.stream().filter(folder -> Files.isExecutable(folder.resolve("initdb"))).findFirst();
    if (found.isEmpty()) {
      System.err.println("SKIPPED: no PostgreSQL; install Debian's `postgresql`");
    }
    return found;
  }

  private static int number(Path version) {
    var name = version.getFileName().toString().replaceAll("[^0-9].*", "");
    return name.isEmpty() ? 0 : Integer.parseInt(name);
  }

  /// The one that all tests of this process share, each in a schema of its own ([#newSchema]);
  /// nobody stops it, and it ends with the process.
  ///
  /// @return empty when it is not installed, which was printed then
  public static synchronized Optional<PostgresServer> shared() throws IOException {
    var running = shared;
    if (running == null) {
      var programs = programs();
      if (programs.isEmpty()) {
        return Optional.empty();
      }
      running = start(programs.get());
      shared = running;
    }
    return Optional.of(running);
  }

  /// Starts one of its own.
  ///
  /// @param programs as [#programs] found them
  public static PostgresServer start(Path programs) throws IOException {
    var folder = Files.createTempDirectory("postgres-sample");
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    var server = new PostgresServer(programs, folder, port);
    Runtime.getRuntime().addShutdownHook(new Thread(server::close));
    try {
      Files.writeString(folder.resolve("password"), PASSWORD);
      if (isRoot()) {
        output(List.of("chown", "-R", "postgres", folder.toString()));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      server.program(
          "initdb",
          "--no-sync",
          "--auth=scram-sha-256",
          "--username=" + USER,
          "--pwfile=" + folder.resolve("password"),
          "--encoding=UTF8",
          "--locale=C.UTF-8",
          "--locale-provider=icu",
          "--icu-locale=en-US",
          "-D",
          folder.resolve("data").toString());
      server.begin();
      return server;
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  /// Starts it again after [#stop], with what it held and on the same port.
  public void begin() throws IOException {
    program(
        "pg_ctl",
        "start",
        "--wait",
        "--timeout=" + PATIENCE.toSeconds(),
        "-D",
        folder.resolve("data").toString(),
        "--log=" + folder.resolve("log"),
        "-o",
        "-p "
            + port
            + " -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories='"
            + folder
            + "'");
    isStopped = false;
  }

  /// Stops it as a crash does: connections break, what was committed stays.
  public void stop() throws IOException {
    program(
        "pg_ctl", "stop", "--mode=immediate", "--wait", "-D", folder.resolve("data").toString());
    isStopped = true;
  }

  /// Where it listens, on 127.0.0.1.
  public int port() {
    return port;
  }

  /// The address of its database, as a workspace has it.
  ///
  /// @param schema which need not be there
  public String url(String schema) {
    return "postgresql://127.0.0.1:" + port + "/" + DATABASE + "?schema=" + schema;
  }

  /// A name for a schema that no other test of this process has.
  public static String newSchema() {
    return "test_" + SCHEMAS.incrementAndGet();
  }

  /// The variables by which a client logs in.
  public static Map<String, String> variables() {
    return Map.of("PGUSER", USER, "PGPASSWORD", PASSWORD);
  }

  private void program(String name, String... arguments) throws IOException {
    var command = new ArrayList<String>();
    if (isRoot()) {
      command.addAll(
          List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"));
    }
    command.add(programs.resolve(name).toString());
    command.addAll(List.of(arguments));
    output(command);
  }

  private static boolean isRoot() {
    return System.getProperty("user.name", "").equals("root");
  }

  private static String output(List<String> command) throws IOException {
    // A file and no pipe: a server that goes on would hold the pipe open.
    var told = Files.createTempFile("postgres-sample", ".txt");
    try {
      var process =
          new ProcessBuilder(command)
              .directory(Path.of("/").toFile())
              .redirectErrorStream(true)
              .redirectOutput(told.toFile())
              .start();
      if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new IOException(command + " does not end");
      }
      var text = Files.readString(told);
      if (process.exitValue() != 0) {
        throw new IOException(command + " ended with " + process.exitValue() + ": " + text);
      }
      return text;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(command + " was interrupted", e);
    } finally {
      Files.delete(told);
    }
  }

  /// Stops it and removes what it held.
  @Override
  public synchronized void close() {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      if (!isStopped) {
        stop();
      }
      try (Stream<Path> files = Files.walk(folder)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

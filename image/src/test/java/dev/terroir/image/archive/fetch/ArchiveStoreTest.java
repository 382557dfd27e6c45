package dev.terroir.image.archive.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.tool.UvProgram;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The wheels of a lock as files")
class ArchiveStoreTest {
  private static final byte[] CONTENT = bytes(300_000, 7);

  @TempDir Path folder;

  private HttpServer server;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final AtomicInteger answers = new AtomicInteger();

  /// What the server does with one request, by its number.
  private interface Answer {
    void to(HttpExchange exchange, int number) throws IOException;
  }

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static byte[] bytes(int length, long seed) {
    var bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private void answer(String path, Answer answer) {
    server.createContext(
        path,
        exchange -> {
          var number = answers.incrementAndGet();
          requests.add(
              exchange.getRequestURI()
                  + " range="
                  + exchange.getRequestHeaders().getFirst("Range")
                  + " authorization="
                  + exchange.getRequestHeaders().getFirst("Authorization"));
          try (exchange) {
            answer.to(exchange, number);
          }
        });
  }

  private static void send(HttpExchange exchange, int status, byte[] body, int from, int count)
      throws IOException {
    exchange.sendResponseHeaders(status, body.length - from);
    exchange.getResponseBody().write(body, from, count);
    exchange.getResponseBody().flush();
  }

  private static void sendAll(HttpExchange exchange) throws IOException {
    send(exchange, 200, CONTENT, 0, CONTENT.length);
  }

  /// The rest from where the request's `Range` begins.
  private static void sendRange(HttpExchange exchange) throws IOException {
    var range = exchange.getRequestHeaders().getFirst("Range");
    if (range == null) {
      sendAll(exchange);
      return;
    }
    var from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes " + from + "-" + (CONTENT.length - 1) + "/" + CONTENT.length);
    send(exchange, 206, CONTENT, from, CONTENT.length - from);
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  private Settings settings(Map<String, String> more) {
    var all = new HashMap<String, String>();
    all.put("HOME", folder.toString());
    all.put("PATH", System.getenv("PATH"));
    all.put("PIP_CONFIG_FILE", "/dev/null");
    all.put("TERROIR_HOME", folder.resolve("terroir").toString());
    all.putAll(more);
    return Settings.of(all);
  }

  private ArchiveStore open(Map<String, String> more) {
    var settings = settings(more);
    return ArchiveStore.open(settings, TerroirHome.of(settings), Duration.ofMillis(5));
  }

  private static LockedPackage item(String url, String name, byte[] content) {
    return new LockedPackage(
        name.split("-")[0],
        "1",
        new LockedPackage.Artifact(
            name.endsWith(".whl") ? "wheel" : "sdist",
            url,
            name,
            Sha256.of(content).hex(),
            content.length),
        null,
        List.of());
  }

  private static Lock lock(LockedPackage... items) {
    return new Lock(
        "0".repeat(32),
        Platform.LINUX_AMD64,
        "3.11",
        List.of(),
        List.of(),
        Map.of(),
        List.of(items),
        Map.of());
  }

  private static final String WHEEL = "demo-1-py3-none-any.whl";

  private Archive fetch(Map<String, String> more, String path) {
    try (var store = open(more)) {
      return store.wheels(lock(item(url(path), WHEEL, CONTENT)), Progress.SILENT).getFirst();
    }
  }

  private TerroirException refused(Map<String, String> more, String path) {
    try {
      fetch(more, path);
      throw new AssertionError("nothing was refused");
    } catch (TerroirException e) {
      return e;
    }
  }

  private List<String> left() throws IOException {
    var root = folder.resolve("terroir");
    if (!Files.exists(root)) {
      return List.of();
    }
    try (var files = Files.walk(root)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getParent().getFileName() + "/" + file.getFileName())
          .filter(name -> !name.endsWith(".lock"))
          .sorted()
          .toList();
    }
  }

  private static String hex() {
    return Sha256.of(CONTENT).hex();
  }

  @Test
  void anArchiveIsFetchedOnceAndItsBytesAreCounted() throws IOException {
    answer("/a", (exchange, _) -> sendAll(exchange));
    var seen = new AtomicLong();
    var total = new AtomicLong();
    var progress =
        new Progress() {
          @Override
          public void step(String what) {}

          @Override
          public void line(String text) {}

          @Override
          public void warn(String text) {}

          @Override
          public void advance(long done, long all) {
            seen.set(done);
            total.set(all);
          }
        };
    for (int i = 0; i < 2; i++) {
      try (var store = open(Map.of())) {
        var wheel = store.wheels(lock(item(url("/a"), WHEEL, CONTENT)), progress).getFirst();
        assertThat(wheel.fileName()).isEqualTo(WHEEL);
        assertThat(wheel.sizeBytes()).isEqualTo(CONTENT.length);
        assertThat(wheel.file()).hasBinaryContent(CONTENT).hasFileName(hex());
      }
      assertThat(seen.get()).isEqualTo(CONTENT.length).isEqualTo(total.get());
    }
    assertThat(requests).hasSize(1);
    assertThat(left()).containsExactly("sha256/" + hex());
  }

  @Test
  void aCutBodyIsContinuedFromWhereItEnded() {
    answer(
        "/a",
        (exchange, number) -> {
          if (number == 1) {
            send(exchange, 200, CONTENT, 0, 100_000);
          } else {
            sendRange(exchange);
          }
        });
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests).hasSize(2);
    assertThat(requests.get(1)).contains("range=bytes=100000-");
  }

  @Test
  void aServerWithoutRangesIsReadFromTheStart() {
    answer(
        "/a",
        (exchange, number) ->
            send(exchange, 200, CONTENT, 0, number == 1 ? 100_000 : CONTENT.length));
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
  }

  @Test
  void whatAKilledProcessLeftIsContinuedOrIfDamagedFetchedAnew() throws IOException {
    answer("/a", (exchange, _) -> sendRange(exchange));
    var partial = folder.resolve("terroir/cache/archives/partial");
    Files.createDirectories(partial);
    Files.write(partial.resolve(hex()), java.util.Arrays.copyOf(CONTENT, 1000));
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests).hasSize(1);
    assertThat(requests.getFirst()).contains("range=bytes=1000-");

    Files.delete(folder.resolve("terroir/cache/archives/sha256").resolve(hex()));
    Files.write(partial.resolve(hex()), bytes(1000, 1));
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests.getLast()).contains("range=null");
  }

  @Test
  void wrongBytesGetNoName() throws IOException {
    var other = bytes(CONTENT.length, 8);
    answer("/a", (exchange, _) -> send(exchange, 200, other, 0, other.length));
    var problem = refused(Map.of(), "/a").problem();
    assertThat(problem.code().id()).isEqualTo("archive-mismatch");
    assertThat(problem.render()).contains(hex()).contains(Sha256.of(other).hex());
    assertThat(left()).noneMatch(name -> name.startsWith("sha256/"));

    var shorter = bytes(10, 8);
    answer("/b", (exchange, _) -> send(exchange, 200, shorter, 0, shorter.length));
    assertThat(refused(Map.of(), "/b").problem().render())
        .contains("archive-mismatch")
        .contains("10 bytes, the lock says 300000");
  }

  @Test
  void aServerThatIsBusyIsAskedAgain() {
    answer(
        "/a",
        (exchange, number) -> {
          if (number <= 3) {
            exchange.sendResponseHeaders(number == 2 ? 429 : 503, -1);
          } else {
            sendAll(exchange);
          }
        });
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests).hasSize(4);
  }

  @Test
  void aServerThatHasNoSuchFileIsAskedOnce() {
    answer("/gone", (exchange, _) -> exchange.sendResponseHeaders(404, -1));
    var problem = refused(Map.of(), "/gone").problem();
    assertThat(problem.code().id()).isEqualTo("archive-unreachable");
    assertThat(problem.render()).contains("404").contains("/gone");
    assertThat(requests).hasSize(1);
  }

  @Test
  void aServerThatNeverRecoversIsGivenUpWithWhatItSaid() {
    answer("/a", (exchange, _) -> exchange.sendResponseHeaders(503, -1));
    assertThat(refused(Map.of(), "/a").problem().render())
        .contains("archive-unreachable")
        .contains("503")
        .contains("5 tries");
  }

  @Test
  void aBodyThatStallsIsCutAndContinued() {
    answer(
        "/a",
        (exchange, number) -> {
          if (number == 1) {
            send(exchange, 200, CONTENT, 0, 5000);
            try {
              Thread.sleep(4000);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          } else {
            sendRange(exchange);
          }
        });
    assertThat(fetch(Map.of("UV_HTTP_TIMEOUT", "1"), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests.getLast()).contains("range=bytes=5000-");
  }

  @Test
  void aServerThatIsNotThereIsNamed() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    try (var store = open(Map.of())) {
      var lock = lock(item("http://127.0.0.1:" + port + "/x?token=secret", WHEEL, CONTENT));
      assertThatThrownBy(() -> store.wheels(lock, Progress.SILENT))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e ->
                  assertThat(e.problem().render())
                      .contains("http://127.0.0.1:" + port + "/x")
                      .contains("no connection")
                      .doesNotContain("secret"));
    }
  }

  @Test
  void credentialsOfNetrcGoToTheirHostAndAcrossNoRedirectToAnother() throws IOException {
    Files.writeString(
        folder.resolve(".netrc"),
        "machine 127.0.0.1 login ada password hidden\n"
            + "machine localhost login eve password other\n");
    answer(
        "/a",
        (exchange, _) -> {
          exchange
              .getResponseHeaders()
              .set("Location", "http://localhost:" + server.getAddress().getPort() + "/b");
          var sent = exchange.getRequestHeaders().getFirst("Authorization");
          exchange.sendResponseHeaders(sent == null ? 401 : 302, -1);
        });
    answer("/b", (exchange, _) -> sendAll(exchange));
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests)
        .containsExactly(
            "/a range=null authorization=Basic YWRhOmhpZGRlbg==",
            "/b range=null authorization=null");
  }

  @Test
  void credentialsStayOnTheirHostAcrossARedirectWithinIt() {
    answer(
        "/a",
        (exchange, _) -> {
          exchange.getResponseHeaders().set("Location", "/b");
          exchange.sendResponseHeaders(307, -1);
        });
    answer("/b", (exchange, _) -> sendAll(exchange));
    var index = "http://ada:hidden@127.0.0.1:" + server.getAddress().getPort() + "/simple";
    fetch(Map.of("PIP_INDEX_URL", index), "/a");
    assertThat(requests)
        .containsExactly(
            "/a range=null authorization=Basic YWRhOmhpZGRlbg==",
            "/b range=null authorization=Basic YWRhOmhpZGRlbg==");
  }

  @Test
  void refusedCredentialsAreNamedAndNotShown() throws IOException {
    Files.writeString(folder.resolve(".netrc"), "machine 127.0.0.1 login ada password hidden\n");
    answer("/a", (exchange, _) -> exchange.sendResponseHeaders(401, -1));
    var text = refused(Map.of(), "/a").problem().render();
    assertThat(text).contains("401").contains("credentials").doesNotContain("hidden");
    assertThat(requests).hasSize(1);
  }

  @Test
  void redirectsThatGoNowhereEnd() {
    answer(
        "/loop",
        (exchange, _) -> {
          exchange.getResponseHeaders().set("Location", "/loop");
          exchange.sendResponseHeaders(302, -1);
        });
    assertThat(refused(Map.of(), "/loop").problem().render()).contains("more than 10 times");
    answer(
        "/file",
        (exchange, _) -> {
          exchange.getResponseHeaders().set("Location", "file:///etc/passwd");
          exchange.sendResponseHeaders(302, -1);
        });
    assertThat(refused(Map.of(), "/file").problem().render()).contains("no http or https URL");
  }

  @Test
  void aProxyIsUsed() {
    answer("/", (exchange, _) -> sendAll(exchange));
    var proxy = "http://ada:hidden@127.0.0.1:" + server.getAddress().getPort();
    try (var store = open(Map.of("HTTP_PROXY", proxy))) {
      var lock = lock(item("http://nowhere.example/x.whl", WHEEL, CONTENT));
      assertThat(store.wheels(lock, Progress.SILENT).getFirst().file()).hasBinaryContent(CONTENT);
    }
    assertThat(requests.getFirst()).startsWith("http://nowhere.example/x.whl");
  }

  @Test
  void aFileOfThisMachineIsTakenAndChecked() throws IOException {
    var file = Files.write(folder.resolve(WHEEL), CONTENT);
    try (var store = open(Map.of())) {
      var lock = lock(item(file.toUri().toString(), WHEEL, CONTENT));
      assertThat(store.wheels(lock, Progress.SILENT).getFirst().file()).hasBinaryContent(CONTENT);
      assertThat(left()).containsExactly("sha256/" + hex());
    }
    var other = Files.write(folder.resolve("other.whl"), bytes(CONTENT.length, 3));
    var wrong = item(other.toUri().toString(), WHEEL, bytes(CONTENT.length, 4));
    var missing = item(folder.resolve("no.whl").toUri().toString(), WHEEL, bytes(5, 5));
    try (var store = open(Map.of())) {
      assertThatThrownBy(() -> store.wheels(lock(wrong), Progress.SILENT))
          .hasMessageContaining("not the one that is locked");
      assertThatThrownBy(() -> store.wheels(lock(missing), Progress.SILENT))
          .hasMessageContaining("not where its lock says");
    }
    assertThat(left()).containsExactly("sha256/" + hex());
  }

  @Test
  void aDamagedArchiveInTheCacheIsFetchedAgain() throws IOException {
    answer("/a", (exchange, _) -> sendAll(exchange));
    var file = fetch(Map.of(), "/a").file();
    var damaged = CONTENT.clone();
    damaged[1234] ^= 4;
    Files.write(file, damaged);
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    Files.write(file, new byte[0]);
    assertThat(fetch(Map.of(), "/a").file()).hasBinaryContent(CONTENT);
    assertThat(requests).hasSize(3);
  }

  @Test
  void manyAtOnceFetchEachArchiveOnce() throws Exception {
    var items = new ArrayList<LockedPackage>();
    for (int i = 0; i < 12; i++) {
      var content = bytes(50_000 + i, i);
      answer("/" + i + ".whl", (exchange, _) -> send(exchange, 200, content, 0, content.length));
      items.add(item(url("/" + i + ".whl"), "p" + i + "-1-py3-none-any.whl", content));
    }
    var lock = lock(items.toArray(new LockedPackage[0]));
    var pending = new ArrayList<Future<List<Archive>>>();
    try (var scope = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 10; i++) {
        pending.add(
            scope.submit(() -> {
              try (var store = open(Map.of())) {
                return store.wheels(lock, Progress.SILENT);
              }
            }));
      }
      for (var one : pending) {
        var wheels = one.get();
        for (int i = 0; i < wheels.size(); i++) {
          assertThat(Sha256.of(wheels.get(i).file())).isEqualTo(wheels.get(i).sha256());
          assertThat(wheels.get(i).sha256().hex())
              .isEqualTo(lock.packages().get(i).artifact().sha256());
        }
      }
    }
    assertThat(requests).hasSize(12);
  }

  @Test
  void processesShareOneFolder() throws Exception {
    answer("/a", (exchange, _) -> sendAll(exchange));
    var command =
        new Command(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Fetching.class.getName(),
                url("/a"),
                hex(),
                String.valueOf(CONTENT.length)),
            settings(Map.of()).variables(),
            null,
            Duration.ofMinutes(2));
    var pending = new ArrayList<Future<Command.Result>>();
    try (var scope = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 3; i++) {
        pending.add(scope.submit(() -> command.run()));
      }
      for (var one : pending) {
        assertThat(one.get().error()).isEmpty();
        assertThat(one.get().output()).isEqualTo(hex() + "\n");
      }
    }
    assertThat(requests).hasSize(1);
  }

  /// A process that fetches one archive.
  static final class Fetching {
    public static void main(String[] arguments) throws IOException {
      var settings = Settings.system();
      try (var store = ArchiveStore.open(settings, TerroirHome.of(settings))) {
        var artifact =
            new LockedPackage.Artifact(
                "wheel", arguments[0], WHEEL, arguments[1], Long.parseLong(arguments[2]));
        var item = new LockedPackage("demo", "1", artifact, null, List.of());
        var wheel = store.wheel(item, lock(item), Progress.SILENT, _ -> {});
        System.out.println(Sha256.of(wheel.file()));
      }
    }
  }

  private static byte[] sdist(Map<String, String> files) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      for (var file : files.entrySet()) {
        var content = file.getValue().getBytes(StandardCharsets.UTF_8);
        var entry = new TarArchiveEntry("demo-1/" + file.getKey());
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static final String BACKEND =
      """
      import os, zipfile

      NAME = "demo-1-%s.whl"

      def build_wheel(directory, config_settings=None, metadata_directory=None):
          with zipfile.ZipFile(os.path.join(directory, NAME), "w") as wheel:
              wheel.writestr("demo.py", "value = %%r" %% os.urandom(8).hex())
              wheel.writestr("demo-1.dist-info/METADATA",
                             "Metadata-Version: 2.1\\nName: demo\\nVersion: 1\\n")
              wheel.writestr("demo-1.dist-info/WHEEL",
                             "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: %s\\n")
              wheel.writestr("demo-1.dist-info/RECORD", "")
          return NAME
      """;

  private static byte[] sdist(String tag) throws IOException {
    return sdist(
        Map.of(
            "PKG-INFO",
            "Metadata-Version: 2.1\nName: demo\nVersion: 1\n",
            "backend.py",
            BACKEND.formatted(tag, tag),
            "pyproject.toml",
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\n"
                + "backend-path = [\".\"]\n"));
  }

  /// uv of this machine, or fetched once for the tests of this checkout.
  private static Map<String, String> withUv() {
    var kept = TerroirHome.in(Path.of(System.getProperty("terroir.root"), "image/target/terroir"));
    try {
      return Map.of(
          "TERROIR_UV",
          UvProgram.find(Settings.system(), kept, Progress.SILENT).toAbsolutePath().toString());
    } catch (TerroirException e) {
      assumeTrue(false, "no uv: " + e.problem().render());
      throw e;
    }
  }

  @Test
  void theWheelOfASourceDistributionIsBuiltOnceAndStaysTheSame() throws IOException {
    var content = sdist("py3-none-any");
    answer("/demo-1.tar.gz", (exchange, _) -> send(exchange, 200, content, 0, content.length));
    var lock = lock(item(url("/demo-1.tar.gz"), "demo-1.tar.gz", content));
    Archive first;
    try (var store = open(withUv())) {
      first = store.wheels(lock, Progress.SILENT).getFirst();
    }
    assertThat(first.fileName()).isEqualTo(WHEEL);
    assertThat(Sha256.of(first.file())).isEqualTo(first.sha256());
    try (var store = open(withUv())) {
      assertThat(store.wheels(lock, Progress.SILENT)).containsExactly(first);
    }
    assertThat(requests).hasSize(1);
    Files.write(first.file(), new byte[] {1});
    try (var store = open(withUv())) {
      var again = store.wheels(lock, Progress.SILENT).getFirst();
      assertThat(Sha256.of(again.file())).isEqualTo(again.sha256());
    }
  }

  @Test
  void aBuildThatDoesNotServeIsExplained() throws IOException {
    var content = sdist("cp27-cp27m-win32");
    answer("/demo-1.tar.gz", (exchange, _) -> send(exchange, 200, content, 0, content.length));
    var lock = lock(item(url("/demo-1.tar.gz"), "demo-1.tar.gz", content));
    try (var store = open(withUv())) {
      assertThatThrownBy(() -> store.wheels(lock, Progress.SILENT))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().render()).contains("build-failed").contains("win32"));
    }
    assertThat(left()).noneMatch(name -> name.endsWith(".whl"));
  }
}

package dev.terroir.environment.requirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Requirements and constraints that are named by URL")
class FetchedRequirementsTest {
  private final Map<String, byte[]> pages = new TreeMap<>();
  private final List<String> asked = new ArrayList<>();
  @TempDir private Path folder;
  private HttpServer server;
  private String host;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    host = "http://127.0.0.1:" + server.getAddress().getPort();
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            var path = exchange.getRequestURI().getPath();
            asked.add(path);
            if (path.startsWith("/moved/")) {
              exchange.getResponseHeaders().add("Location", path.substring("/moved".length()));
              exchange.sendResponseHeaders(302, -1);
              return;
            }
            var page = pages.get(path);
            exchange.sendResponseHeaders(page == null ? 404 : 200, page == null ? -1 : 0);
            if (page != null) {
              exchange.getResponseBody().write(page);
            }
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void page(String path, String text) {
    pages.put(path, text.getBytes(StandardCharsets.UTF_8));
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void theDefinitionHoldsTheLinesThatTheUrlGaveAndSaysSo() throws IOException {
    page("/c/constraints.txt", "# all of it\nnumpy==1.26.4\nsix==1.16.0 # pinned\n");
    var warnings = new ArrayList<String>();
    var definition =
        Environment.fromPipRequirements(
            "demo",
            file("r.txt", "numpy\n-c " + host + "/moved/c/constraints.txt\n"),
            warnings::add);
    assertThat(definition.python().pipConstraints())
        .containsExactly("numpy==1.26.4", "six==1.16.0");
    assertThat(definition.condaDependencies().orElseThrow().pipPackages()).contains("numpy");
    assertThat(warnings)
        .singleElement()
        .asString()
        .contains("r.txt:2:1: `-c " + host, "was fetched", "sha256 ");
    assertThat(asked).containsExactly("/moved/c/constraints.txt", "/c/constraints.txt");
  }

  @Test
  void whatAFetchedFileIncludesIsJoinedToItsUrl() throws IOException {
    page("/a/r.txt", "-r ../b/more.txt\nfirst\n-c c.txt\n");
    page("/b/more.txt", "second; python_version > '3'\n");
    page("/a/c.txt", "third<2\n");
    var read = RequirementsFile.read(file("r.txt", "-r " + host + "/a/r.txt\n"));
    assertThat(read.pipLines()).containsExactly("second; python_version > '3'", "first");
    assertThat(read.constraints()).containsExactly("third<2");
    assertThat(read.lines().getFirst().source()).isEqualTo(host + "/b/more.txt");
  }

  @Test
  void aCondaFileFetchesWhatItsPipSectionNamesWhateverStandsBehindIt() throws IOException {
    page("/validated.txt", "pandas==1.5.3\n--extra-index-url https://index.example/simple\n");
    var warnings = new ArrayList<String>();
    var definition =
        Environment.fromCondaSpecification(
            "demo",
            file(
                "environment.yml",
                "dependencies:\n- python=3.8\n- pip:\n  - -r "
                    + host
                    + "/validated.txt [--no-deps]\n  - six\n"),
            warnings::add);
    assertThat(definition.condaDependencies().orElseThrow().pipLines())
        .containsExactly("pandas==1.5.3", "--extra-index-url https://index.example/simple", "six");
    assertThat(warnings).anyMatch(line -> line.contains("`[--no-deps]` belongs to no option"));
  }

  @Test
  void whatCannotBeFetchedIsToldWithTheLineThatNamesIt() throws IOException {
    assertThatThrownBy(
            () -> RequirementsFile.read(file("r.txt", "six\n-c " + host + "/gone.txt\n")))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("requirement-not-fetched", "r.txt:2:1", "status 404", "/gone.txt"));
  }

  @Test
  void aLargerFileThanAnyIsRefused() throws IOException {
    pages.put("/large.txt", new byte[RequirementsText.MAX_BYTES + 1]);
    assertThatThrownBy(() -> RequirementsFile.read(file("r.txt", "-r " + host + "/large.txt\n")))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e -> assertThat(e.problem().render()).contains("more than 4194304 bytes"));
  }

  @Test
  void aFetchedFileReachesNothingOfThisMachineAndNoCircle() throws IOException {
    var project = Files.createDirectory(folder.resolve("project"));
    Files.writeString(project.resolve("setup.py"), "");
    for (var line :
        List.of(
            project.toString(),
            project.toUri().toString(),
            "-e " + project,
            "-r " + project.toUri(),
            "./x",
            "x.whl",
            "name @ " + project.toUri(),
            "-r r.txt")) {
      page("/r.txt", "ok\n" + line + "\n");
      assertThatThrownBy(() -> RequirementsFile.read(file("r.txt", "-r " + host + "/r.txt\n")))
          .as(line)
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e -> assertThat(e.problem().render()).contains(host + "/r.txt:2:1"));
    }
  }

  @Test
  void whatPipLeavesOutBehindALineIsLeftOutWithAWarning() {
    var read =
        RequirementsFile.parse(
            "--pre nightly\ntorch==2.1 -f https://host/whl --hash=sha256:ab --pre --extra-index-url"
                + " https://host/simple\n-i https://host/simple six\n",
            "r.txt");
    assertThat(read.pipLines())
        .containsExactly("--pre", "torch==2.1 --hash=sha256:ab", "-i https://host/simple");
    assertThat(read.warnings())
        .extracting(text -> text.replaceAll(": .*", ""))
        .containsExactly("r.txt:1:7", "r.txt:2:12", "r.txt:2:49", "r.txt:2:55", "r.txt:3:24");
  }

  @Test
  void editableCheckoutsAreCarriedAsTheyAreWritten() {
    var lines =
        "-e git+https://host/x.git@0a1b2c#egg=x\n--editable=git+ssh://git@host/y.git\n"
            + "-e 'z @ hg+https://host/z'\n";
    assertThat(RequirementsFile.parse(lines, "r.txt").pipLines())
        .containsExactly(
            "-e git+https://host/x.git@0a1b2c#egg=x",
            "-e git+ssh://git@host/y.git",
            "-e \"z @ hg+https://host/z\"");
    assertThat(RequirementsFile.namesFile("--editable=git+https://host/x.git")).isFalse();
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.LockedPackage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Requirements that name repositories of git (pip, \"VCS Support\")")
class GitRequirementsTest {
  /// Makes a wheel of the files beside it, with nothing but Python.
  private static final String BACKEND =
      """
      import os, zipfile

      def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
          version = open("VERSION").read().strip()
          info = "planted-%s.dist-info/" % version
          name = "planted-%s-py3-none-any.whl" % version
          members = {
              "planted.py": "VERSION = %r\\nBUILD = %r\\n" % (version, os.urandom(8).hex()),
              info + "METADATA": "Metadata-Version: 2.1\\nName: planted\\nVersion: %s\\n"
              "Provides-Extra: more\\nRequires-Dist: beta; extra == 'more'\\n" % version,
              info + "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
          }
          record = "".join("%s,,\\n" % member for member in [*members, info + "RECORD"])
          with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
              for member, text in [*members.items(), (info + "RECORD", record)]:
                  wheel.writestr(member, text)
          return name
      """;

  private static final String PROJECT =
      "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";

  @TempDir Path folder;
  private Path repository;
  private Terroir terroir;

  @BeforeEach
  void plant() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/git")), "git");
    repository = Files.createDirectories(folder.resolve("repository"));
    git("init", "--quiet", "--initial-branch=main");
    grow(repository, "1.0");
    git("tag", "v1");
    grow(repository, "2.0");
    terroir = new Terroir(folder);
  }

  /// Writes the project and commits it.
  private void grow(Path project, String version) throws IOException {
    Files.createDirectories(project);
    Files.writeString(project.resolve("backend.py"), BACKEND);
    Files.writeString(project.resolve("pyproject.toml"), PROJECT);
    Files.writeString(project.resolve("VERSION"), version);
    git("add", "--all");
    git("commit", "--quiet", "-m", version);
  }

  private String git(String... words) {
    var line =
        new ArrayList<>(
            List.of("git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.org"));
    line.addAll(List.of(words));
    var result =
        new Command(line, Settings.system().variables(), repository, Duration.ofMinutes(1)).run();
    assertThat(result.isSuccess()).as(result.error()).isTrue();
    return result.output().strip();
  }

  private String url() {
    return "git+" + repository.toUri().toString().replaceFirst("file:/+", "file:///");
  }

  private Terroir.Outcome define(String... lines) {
    terroir.write("requirements.txt", String.join("\n", lines) + "\n");
    return terroir.run(
        "environment create -n planted -f "
            + terroir.project.resolve("requirements.txt")
            + " -d "
            + terroir.directory()
            + " --overwrite --python "
            + Terroir.python());
  }

  private Terroir.Outcome lock(String... more) {
    return terroir.run(
        "environment lock -d "
            + terroir.directory()
            + " --file "
            + terroir.project.resolve("planted.lock"),
        more);
  }

  private Lock locked(String... lines) {
    define(lines).succeeds();
    lock("--update").succeeds();
    return LockFile.read(terroir.project.resolve("planted.lock"));
  }

  private static String version(Lock lock) {
    return lock.packages().stream()
        .filter(item -> item.name().equals("planted"))
        .map(LockedPackage::version)
        .findFirst()
        .orElse("none");
  }

  @Test
  void aLockNamesTheWheelOfACommit() {
    var old = git("rev-parse", "v1");
    assertThat(version(locked("planted @ " + url() + "@v1"))).isEqualTo("1.0");
    assertThat(version(locked("planted @ " + url()))).isEqualTo("2.0");
    assertThat(version(locked("planted @ " + url() + "@main"))).isEqualTo("2.0");
    assertThat(version(locked(url() + "@" + old))).isEqualTo("1.0");
    assertThat(version(locked(url() + "@" + old.substring(0, 8) + "#egg=planted")))
        .isEqualTo("1.0");
    assertThat(version(locked("-e " + url() + "@v1#egg=planted"))).isEqualTo("1.0");
    assertThat(version(locked("planted @ " + url() + "@refs/heads/main ; python_version > '3'")))
        .isEqualTo("2.0");
    assertThat(locked("planted @ " + url() + "@v1").packages())
        .extracting(LockedPackage::name)
        .contains("planted")
        .doesNotContain("beta");
    assertThat(locked("planted[more] @ " + url() + "@v1").packages())
        .extracting(LockedPackage::name)
        .contains("beta", "planted");
    assertThat(locked(url() + "@v1#egg=planted[more]").packages())
        .extracting(LockedPackage::name)
        .contains("beta", "planted");
  }

  @Test
  void theSameCommitIsBuiltOnceAndABranchThatMovedIsFollowedWhenAsked() throws IOException {
    var first = locked("planted @ " + url() + "@main");
    var again = locked("planted @ " + url() + "@main");
    assertThat(again.packages()).isEqualTo(first.packages());

    grow(repository, "3.0");
    lock().succeeds();
    assertThat(version(LockFile.read(terroir.project.resolve("planted.lock")))).isEqualTo("2.0");
    lock("--update").succeeds();
    assertThat(version(LockFile.read(terroir.project.resolve("planted.lock")))).isEqualTo("3.0");
  }

  @Test
  void itIsInstalledAndImported() {
    define("planted @ " + url() + "@v1").succeeds();
    var installed = terroir.run("environment install -d " + terroir.directory()).succeeds().json();
    var ran =
        new Command(
                List.of(
                    installed.string("python"),
                    "-c",
                    "import planted; print('grown', planted.VERSION)"),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(1))
            .run();
    assertThat(ran.output()).as(ran.error()).contains("grown 1.0");
  }

  @Test
  void aProjectMayLieInADirectoryOfItAndBringASubmodule() throws IOException {
    grow(repository.resolve("python/planted"), "4.0");
    assertThat(version(locked("planted @ " + url() + "#subdirectory=python/planted")))
        .isEqualTo("4.0");

    define("planted @ " + url() + "#subdirectory=../..").succeeds();
    assertThat(lock("--update").err()).contains("checkout-failed", "no directory `../..`");
  }

  @Test
  void whatCannotBeGotSaysWhyAndWhatToDo() {
    define("planted @ " + url() + "@gone").succeeds();
    var gone = lock("--update");
    assertThat(gone.code()).isNotZero();
    assertThat(gone.err())
        .contains("checkout-failed", "no branch, tag or commit `gone`", "ls-remote");

    define("other @ " + url() + "@v1").succeeds();
    assertThat(lock("--update").err())
        .contains("asks for `other`", "what lies there is the project `planted`");

    define("planted @ git+file:///nowhere/at/all").succeeds();
    assertThat(lock("--update").err())
        .contains("checkout-failed", "does not appear to be a git repository", "git clone");

    define("planted @ " + url() + "@--upload-pack=touch").succeeds();
    assertThat(lock("--update").err()).contains("`--upload-pack=touch` is no revision");
  }

  @Test
  void aTokenComesFromAVariableAndIsNowhereToBeRead() throws IOException {
    git("update-server-info");
    var asked = new ArrayList<String>();
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
          answer(exchange);
        });
    server.start();
    try {
      terroir = new Terroir(folder, List.of("PLANT_TOKEN=hunter2-of-a-test"));
      var place = "127.0.0.1:" + server.getAddress().getPort() + "/repository.git";
      define("planted @ git+http://${PLANT_TOKEN}@" + place + "@v1").succeeds();
      var outcome = lock("--update").succeeds();
      var expected =
          "Basic "
              + Base64.getEncoder()
                  .encodeToString("hunter2-of-a-test:".getBytes(StandardCharsets.UTF_8));
      assertThat(asked).contains(expected);
      var text = Files.readString(terroir.project.resolve("planted.lock"));
      assertThat(text).contains("planted-1.0").doesNotContain("hunter2");
      assertThat(outcome.out() + outcome.err()).doesNotContain("hunter2");

      terroir = new Terroir(folder, List.of("PLANT_TOKEN=hunter2-of-a-test", "UV_OFFLINE=1"));
      define("planted @ git+http://${PLANT_TOKEN}@" + place + "@main").succeeds();
      asked.clear();
      assertThat(lock("--update").err()).contains("checkout-failed", "take back UV_OFFLINE");
      assertThat(asked).isEmpty();

      terroir = new Terroir(folder, List.of("PLANT_TOKEN=hunter2-but-wrong"));
      define("planted @ git+http://${PLANT_TOKEN}@" + place + "@main").succeeds();
      var refused = lock("--update");
      assertThat(refused.code()).isNotZero();
      assertThat(refused.err()).contains("checkout-failed").doesNotContain("hunter2");
    } finally {
      server.stop(0);
    }
  }

  /// The files of the repository, as git's protocol for plain web servers has them.
  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var user =
          "Basic "
              + Base64.getEncoder()
                  .encodeToString("hunter2-of-a-test:".getBytes(StandardCharsets.UTF_8));
      if (!user.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"plants\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      var path = exchange.getRequestURI().getPath().replaceFirst("^/repository.git/", "");
      var file = repository.resolve(".git").resolve(path);
      if (!Files.isRegularFile(file)) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      var bytes = Files.readAllBytes(file);
      exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }
}

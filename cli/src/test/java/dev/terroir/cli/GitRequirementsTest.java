package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.process.Command;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.artifact.KeptWheels;
import dev.terroir.workspace.accounts.Role;
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
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Requirements that name repositories of git (pip, \"VCS Support\")")
class GitRequirementsTest {
  /// Makes a wheel of the files beside it, with nothing but Python: never the same twice, unless a
  /// file `STEADY` is among them.
  private static final String BACKEND =
      """
      import base64, hashlib, os, zipfile

      def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
          version = open("VERSION").read().strip()
          build = "steady" if os.path.exists("STEADY") else os.urandom(8).hex()
          needs = open("NEEDS").read() if os.path.exists("NEEDS") else ""
          project = open("NAME").read() if os.path.exists("NAME") else "planted"
          info = "%s-%s.dist-info/" % (project, version)
          name = "%s-%s-py3-none-any.whl" % (project, version)
          members = {
              project + ".py": "VERSION = %r\\nBUILD = %r\\n" % (version, build),
              info + "METADATA": "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n"
              "Provides-Extra: more\\nRequires-Dist: beta; extra == 'more'\\n%s" % (project, version, needs),
              info + "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
          }
          digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
          lines = [
              "%s,sha256=%s,%d\\n" % (member, digest(text).decode().rstrip("="), len(text.encode()))
              for member, text in members.items()
          ]
          record = "".join(lines) + info + "RECORD,,\\n"
          with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
              for member, text in [*members.items(), (info + "RECORD", record)]:
                  wheel.writestr(zipfile.ZipInfo(member), text)
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
    return url(repository);
  }

  private static String url(Path repository) {
    var url = repository.toUri().toString().replaceFirst("file:/+", "file:///");
    return "git+" + url.replaceFirst("/$", "");
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

  private LockedPackage planted() {
    return LockFile.read(terroir.project.resolve("planted.lock")).get("planted");
  }

  /// The same project and workspace on a machine that has nothing else.
  private Terroir machine(String name) {
    return new Terroir(
        folder,
        List.of(
            Settings.TERROIR_HOME + "=" + folder.resolve(name),
            "TERROIR_WORKSPACE=" + folder.resolve("team")));
  }

  private String install(Terroir on) {
    return on.run("environment install -d " + on.directory()).succeeds().json().string("path");
  }

  @Test
  void aLockNamesRepositoryAndCommitAndTheBytesOfTheWheel() throws IOException {
    var old = git("rev-parse", "v1");
    var item = locked("planted @ " + url() + "@v1").get("planted");
    assertThat(item.artifact().kind()).isEqualTo("vcs");
    assertThat(item.url()).isEqualTo(url() + "@" + old);
    assertThat(item.commit().orElseThrow().commit()).isEqualTo(old);
    assertThat(item.fileName()).isEqualTo("planted-1.0-py3-none-any.whl");
    assertThat(item.digest()).matches("[0-9a-f]{64}");
    assertThat(item.sizeBytes()).isPositive();
    assertThat(Files.readString(terroir.project.resolve("planted.lock")))
        .doesNotContain(terroir.home.toString());

    grow(repository.resolve("some python/planted"), "4.0");
    assertThat(
            locked("planted @ " + url() + "#subdirectory=some%20python/planted")
                .get("planted")
                .url())
        .isEqualTo(url() + "@" + git("rev-parse", "main") + "#subdirectory=some%20python/planted");
  }

  @Test
  void whoeverUsesTheWorkspaceGetsTheVeryWheel() {
    terroir = machine("one");
    terroir.run("workspace create -n team -d " + folder.resolve("team")).succeeds();
    define("planted @ " + url() + "@v1").succeeds();
    lock("--update").succeeds();
    var two = machine("two");
    assertThat(Path.of(install(two)))
        .isDirectoryRecursivelyContaining("glob:**/planted-1.0.dist-info/METADATA");
    assertThat(KeptWheels.of(TerroirHome.in(folder.resolve("two"))))
        .returns(true, kept -> kept.find(planted().digest(), planted().fileName()).isPresent());
  }

  @Test
  void aMachineWithoutTheWheelBuildsTheCommitAgainAndTakesOnlyTheSameBytes() throws IOException {
    Files.writeString(repository.resolve("STEADY"), "");
    grow(repository, "5.0");
    var steady = git("rev-parse", "main");
    terroir = machine("one");
    terroir.run("workspace create -n team -d " + folder.resolve("team")).succeeds();
    define("planted @ " + url() + "@main").succeeds();
    lock("--update").succeeds();
    grow(repository, "6.0");
    Trees.delete(folder.resolve("team/wheels"));

    var two = machine("two");
    var outcome = two.run("environment install -d " + two.directory()).succeeds();
    assertThat(outcome.err()).contains("is not kept here", url() + "@" + steady + " is built");
    assertThat(Path.of(outcome.json().string("path")))
        .isDirectoryRecursivelyContaining("glob:**/planted-5.0.dist-info/METADATA");

    define("planted @ " + url() + "@v1").succeeds();
    lock("--update").succeeds();
    Trees.delete(folder.resolve("team/wheels"));
    var refused = two.run("environment install -d " + two.directory());
    assertThat(refused.code()).isNotZero();
    assertThat(refused.err())
        .contains(
            "[wheel-not-reproducible]",
            "the lock says " + planted().digest(),
            "workspace in which it was locked",
            "environment lock --update");
    assertThat(two.run("environment path -d " + two.directory()).code()).isNotZero();
  }

  @Test
  void everyExportNamesTheCommitAsItsToolReadsIt() throws IOException {
    var item = locked("planted @ " + url() + "@v1").get("planted");
    var commit = git("rev-parse", "v1");
    for (var format : List.of("pylock", "requirements")) {
      var file = terroir.project.resolve(format.equals("pylock") ? "pylock.toml" : "all.txt");
      var outcome =
          terroir
              .run("lock export --format " + format + " -o " + file + " -d " + terroir.directory())
              .succeeds();
      assertThat(outcome.err()).contains("a commit stands for `planted`");
      var words =
          List.of(
              Terroir.uv().toString(),
              "pip",
              "install",
              "--no-deps",
              "--no-index",
              "--find-links",
              folder.resolve("wheels").toString(),
              "--target",
              folder.resolve(format).toString(),
              "-r",
              file.toString());
      var installed =
          new Command(words, terroir.settings.variables(), null, Duration.ofMinutes(2)).run();
      assertThat(installed.isSuccess()).as(installed.error()).isTrue();
      assertThat(Files.readString(folder.resolve(format).resolve("planted.py"))).contains("1.0");
    }
    for (var format : List.of("pixi", "conda-lock", "conda-explicit")) {
      var text =
          terroir
              .run("lock export --format " + format + " -d " + terroir.directory())
              .succeeds()
              .out();
      assertThat(text)
          .as(format)
          .contains(
              format.equals("pixi")
                  ? url() + "?rev=" + commit + "#" + commit
                  : url() + "@" + commit);
      assertThat(text).as(format).doesNotContain(item.digest());
    }
    var before = terroir.project.resolve("before.lock");
    Files.copy(terroir.project.resolve("planted.lock"), before);
    define("planted @ " + url() + "@main").succeeds();
    lock("--update").succeeds();
    assertThat(
            terroir
                .run(
                    "lock diff --output json "
                        + before
                        + " "
                        + terroir.project.resolve("planted.lock"))
                .succeeds()
                .out())
        .contains("\"commitBefore\": \"" + commit + "\"", git("rev-parse", "main"));
  }

  @Test
  void aServerGivesTheWheelsThatItBuiltAndAnImageHoldsThem() throws IOException {
    git("update-server-info");
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::file);
    server.start();
    var url =
        "git+http://127.0.0.1:" + server.getAddress().getPort() + "/repository.git@" + commit("v1");
    try (var team = new RemoteTeam(folder)) {
      terroir = team.as(Role.CONTRIBUTOR);
      define("planted @ " + url).succeeds();
      lock("--update").succeeds();
      assertThat(planted().url()).isEqualTo(url);
      assertThat(Path.of(install(terroir)))
          .isDirectoryRecursivelyContaining("glob:**/planted-1.0.dist-info/METADATA");
      // The build is never the same twice.
      assertThat(
              KeptWheels.of(TerroirHome.of(team.there.settings))
                  .find(planted().digest(), planted().fileName()))
          .isPresent();

      var layout = folder.resolve("layout");
      var local = new Terroir(folder.resolve("here"));
      local.write("all.txt", "planted @ " + url + "\n");
      local
          .run(
              "image build -f "
                  + local.project.resolve("all.txt")
                  + " --python 3.11 --base "
                  + SmallBase.make(folder.resolve("base"), "3.11")
                  + " --to oci:"
                  + layout)
          .succeeds();
      var said = new StringBuilder();
      try (var files = Files.walk(layout.resolve("blobs"))) {
        for (var file : files.filter(Files::isRegularFile).toList()) {
          var text = Files.readString(file, StandardCharsets.ISO_8859_1);
          if (text.startsWith("{")) {
            said.append(text);
          }
        }
      }
      assertThat(said.toString())
          .contains("pkg:pypi/planted@1.0?vcs_url=git%2Bhttp%3A%2F%2F127.0.0.1", commit("v1"));
    } finally {
      server.stop(0);
    }
  }

  private String commit(String name) {
    return git("rev-parse", name);
  }

  @Test
  void aPackageThatARepositoryRequiresOfAnotherOneIsLockedToo() throws IOException {
    var other = Files.createDirectories(folder.resolve("other"));
    var own = repository;
    repository = other;
    git("init", "--quiet", "--initial-branch=main");
    Files.writeString(other.resolve("NAME"), "outer");
    Files.writeString(
        other.resolve("NEEDS"), "Requires-Dist: planted[more] @ " + url(own) + "@v1\n");
    grow(other, "7.0");
    var lock = locked("outer @ " + url());
    assertThat(lock.packages())
        .extracting(LockedPackage::name)
        .contains("beta", "outer", "planted");
    var planted = lock.get("planted");
    repository = own;
    assertThat(planted.url()).isEqualTo(url() + "@" + git("rev-parse", "v1"));
    assertThat(planted.version()).isEqualTo("1.0");
    assertThat(planted.requiredBy()).containsExactly("outer");
    assertThat(Path.of(install(terroir)))
        .isDirectoryRecursivelyContaining("glob:**/planted-1.0.dist-info/METADATA");

    // Both ask for it.
    repository = other;
    var outer = "outer @ " + url();
    repository = own;
    var both = locked(outer, "planted @ " + url() + "@v1");
    assertThat(both.get("planted").url()).isEqualTo(planted.url());
    define(outer, "planted @ " + url() + "@main").succeeds();
    assertThat(lock("--update").err()).contains("conflicting", "planted");
  }

  @Test
  void aPackageOfAnIndexMayRequireARepository() throws IOException {
    WheelHouse.wheel(
        folder.resolve("wheels"),
        "gamma",
        "1.0",
        List.of("planted[more] @ " + url() + "@v1"),
        Map.of("gamma.py", ""));
    define("gamma").succeeds();
    var outcome = lock("--update").succeeds();
    assertThat(outcome.err()).contains("`gamma==1.0` requires it");
    var lock = LockFile.read(terroir.project.resolve("planted.lock"));
    assertThat(lock.packages())
        .extracting(LockedPackage::name)
        .contains("beta", "gamma", "planted");
    assertThat(lock.get("planted").url()).isEqualTo(url() + "@" + git("rev-parse", "v1"));
    assertThat(lock.get("planted").requiredBy()).contains("gamma");
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
      file(exchange);
    }
  }

  private void file(HttpExchange exchange) throws IOException {
    try (exchange) {
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

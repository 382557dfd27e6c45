package dev.terroir.image.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Dockerfile reference: what is built without an engine")
class EvaluationTest {
  @TempDir Path folder;
  private Path context;
  private Path base;
  private int works;

  @BeforeEach
  void files() throws IOException, InterruptedException {
    context = Files.createDirectories(folder.resolve("context"));
    write("a.txt", "a");
    write("b.txt", "bb");
    write("app/main.py", "print()");
    write("app/data/x.csv", "1,2");
    write("app/data/secret.key", "s");
    Files.setPosixFilePermissions(
        write("app/run.sh", "#!/bin/sh\n"), PosixFilePermissions.fromString("rwx--x---"));
    // A base as most distributions are: /bin is a link, /tmp is sticky, users have names.
    var root = Files.createDirectories(folder.resolve("root"));
    Files.createDirectories(root.resolve("usr/bin"));
    Files.createDirectories(root.resolve("etc"));
    Files.createDirectories(root.resolve("tmp"));
    Files.createSymbolicLink(root.resolve("bin"), Path.of("usr/bin"));
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0::/:/bin/sh\nana:x:1000:1001::/:/\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\nlab:x:77:ana\n");
    base = folder.resolve("base.tar");
    run(root, "tar", "cf", base.toString(), "--owner=0", "--group=0", "bin", "usr", "etc", "tmp");
  }

  private Path write(String path, String text) throws IOException {
    var file = context.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private static void run(Path directory, String... command)
      throws IOException, InterruptedException {
    var process = new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s", List.of(command)).isZero();
  }

  private static final JsonObject BASE =
      JsonReader.parseObject(
          """
          {"architecture": "amd64", "os": "linux", "variant": "v9",
           "config": {"Env": ["PATH=/bin", "OLD=1"], "Cmd": ["sh"], "Labels": {"from": "base"},
                      "WorkingDir": "/start"},
           "rootfs": {"type": "layers", "diff_ids": ["sha256:aa"]},
           "history": [{"created_by": "base"}]}
          """,
          "base");

  private Evaluation.Result build(BuildRequest request, JsonObject configuration, String... lines) {
    try (var tree = TarTree.open(List.of(base))) {
      var image =
          new Evaluation.BaseImage() {
            @Override
            public JsonObject configuration() {
              return configuration;
            }

            @Override
            public FileTree files() {
              return tree;
            }
          };
      return new Evaluation(
              BuildContext.of(context, null),
              (_, _, _) -> image,
              folder.resolve("work" + works++),
              Instant.EPOCH)
          .evaluate(DockerfileTest.parse(lines), request);
    }
  }

  private Evaluation.Result build(String... lines) {
    return build(BuildRequest.DEFAULT, BASE, lines);
  }

  private static JsonObject config(Evaluation.Result result) {
    return result.configuration().object("config");
  }

  /// What the layers hold, one line for each entry.
  private static List<String> files(Evaluation.Result result) throws IOException {
    var lines = new ArrayList<String>();
    for (var layer : result.layers()) {
      try (var tar = new TarFile(layer.tar())) {
        for (var entry : tar.getEntries()) {
          var content =
              entry.isFile() && !entry.isSymbolicLink()
                  ? " " + new String(tar.getInputStream(entry).readAllBytes()).strip()
                  : entry.isSymbolicLink() ? " -> " + entry.getLinkName() : "";
          assertThat(entry.getLastModifiedTime().toMillis()).isZero();
          assertThat(entry.getUserName() + entry.getGroupName()).isEmpty();
          lines.add(
              "%s %04o %d:%d%s"
                  .formatted(
                      entry.getName(),
                      entry.getMode() & 07777,
                      entry.getLongUserId(),
                      entry.getLongGroupId(),
                      content));
        }
      }
    }
    return lines;
  }

  private String failure(String... lines) {
    try {
      build(lines);
    } catch (ImageException e) {
      return e.problem().render();
    }
    throw new AssertionError("it was built");
  }

  @Nested
  @DisplayName("the configuration")
  class Configuration {
    @Test
    void everyInstructionChangesItsPart() {
      var result =
          build(
              "ARG TAG=1",
              "FROM base:$TAG",
              "ARG A=x B",
              "ENV NEW=$A-$OLD OLD=2 LATE=$NEW",
              "ENV spaced two words",
              "LABEL \"a b\"=\"c d\" e='f $A'",
              "USER ana:${B:-lab}",
              "EXPOSE 80 53/udp 8000-8002",
              "VOLUME [\"/data\"]",
              "STOPSIGNAL SIGINT",
              "SHELL [\"/bin/bash\", \"-c\"]",
              "HEALTHCHECK --interval=5s CMD curl $X",
              "CMD echo hi",
              "ENTRYPOINT [\"/run\"]",
              "ONBUILD COPY . /src",
              "MAINTAINER Somebody");
      assertThat(result.base()).isEqualTo("base:1");
      assertThat(config(result))
          .isEqualTo(
              JsonReader.parseObject(
                  """
                  {"Env": ["PATH=/bin", "OLD=2", "NEW=x-1", "LATE=", "spaced=two words"],
                   "Cmd": ["/bin/bash", "-c", "echo hi"], "Entrypoint": ["/run"],
                   "Labels": {"from": "base", "a b": "c d", "e": "f $A"},
                   "WorkingDir": "/start", "User": "ana:lab",
                   "ExposedPorts": {"80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {},
                                    "8002/tcp": {}},
                   "Volumes": {"/data": {}}, "StopSignal": "SIGINT",
                   "Shell": ["/bin/bash", "-c"],
                   "Healthcheck": {"Test": ["CMD-SHELL", "curl $X"], "Interval": 5000000000},
                   "OnBuild": ["COPY . /src"]}
                  """,
                  "expected"));
      assertThat(result.configuration().string("author")).isEqualTo("Somebody");
      assertThat(result.configuration().string("variant")).isEqualTo("v9");
      assertThat(result.layers()).isEmpty();
      assertThat(result.configuration().objects("history"))
          .hasSize(15)
          .allMatch(entry ->
              entry.string("created_by").equals("base")
                  || entry.optionalBoolean("empty_layer").orElse(false));
    }

    @Test
    void anEntrypointTakesTheBasesCommandAway() {
      assertThat(config(build("FROM b", "ENTRYPOINT [\"x\"]")).has("Cmd")).isFalse();
      assertThat(config(build("FROM b", "CMD [\"y\"]", "ENTRYPOINT [\"x\"]")).strings("Cmd"))
          .containsExactly("y");
    }

    @Test
    void argumentsFromOutsideWin() {
      var request = new BuildRequest(Map.of("A", "out"), Platform.LINUX_ARM64, null);
      var env =
          config(
                  build(
                      request,
                      BASE,
                      "FROM b",
                      "ARG A=in",
                      "ARG TARGETARCH",
                      "ENV X=$A Y=$TARGETARCH"))
              .strings("Env");
      assertThat(env).contains("X=out", "Y=arm64");
    }

    @Test
    void triggersOfTheBaseFire() throws IOException {
      var config =
          BASE.object("config").toBuilder().put("OnBuild", List.of("COPY a.txt /on/", "ENV O=1"));
      var result =
          build(
              BuildRequest.DEFAULT,
              BASE.toBuilder().put("config", config.build()).build(),
              "FROM b");
      assertThat(files(result)).contains("on/a.txt 0644 0:0 a");
      assertThat(config(result).strings("Env")).contains("O=1");
      assertThat(config(result).has("OnBuild")).isFalse();
    }

    @Test
    void aTriggerThatRunsIsRefused() {
      var config = BASE.object("config").toBuilder().put("OnBuild", List.of("RUN make"));
      assertThatThrownBy(() ->
              build(
                  BuildRequest.DEFAULT,
                  BASE.toBuilder().put("config", config.build()).build(),
                  "FROM b"))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE);
                assertThat(e.problem().render())
                    .contains("Dockerfile:1:1", "`FROM b` has the trigger `RUN make`");
              });
    }
  }

  @Nested
  @DisplayName("files")
  class Copies {
    @Test
    void aFileADirectoryAndPatterns() throws IOException {
      assertThat(
              files(
                  build(
                      "FROM b",
                      "WORKDIR /w",
                      "COPY a.txt .",
                      "COPY a.txt new",
                      "COPY app /app",
                      "COPY *.txt app/ru[a-n].sh /glob/",
                      "COPY --chown=ana --chmod=u=rwX,go= app/data /d")))
          .containsExactly(
              "w/ 0755 0:0",
              "w/a.txt 0644 0:0 a",
              "w/new 0644 0:0 a",
              "app/ 0755 0:0",
              "app/data/ 0755 0:0",
              "app/data/secret.key 0644 0:0 s",
              "app/data/x.csv 0644 0:0 1,2",
              "app/main.py 0644 0:0 print()",
              "app/run.sh 0755 0:0 #!/bin/sh",
              "glob/ 0755 0:0",
              "glob/a.txt 0644 0:0 a",
              "glob/b.txt 0644 0:0 bb",
              "glob/run.sh 0755 0:0 #!/bin/sh",
              "d/ 0755 1000:1001",
              "d/secret.key 0600 1000:1001 s",
              "d/x.csv 0600 1000:1001 1,2");
    }

    @Test
    void directoriesAndLinksOfTheBaseStayWhatTheyAre() throws IOException {
      assertThat(files(build("FROM b", "COPY a.txt /bin/tool", "COPY app/data /tmp/")))
          .containsExactly(
              "usr/bin/tool 0644 0:0 a", "tmp/secret.key 0644 0:0 s", "tmp/x.csv 0644 0:0 1,2");
    }

    @Test
    void ownersAreNumbersOrNamesOfTheImage() throws IOException {
      assertThat(
              files(
                  build(
                      "FROM b",
                      "COPY --chown=5 a.txt /tmp/1",
                      "COPY --chown=5:6 a.txt /tmp/2",
                      "COPY --chown=ana:lab a.txt /tmp/3")))
          .containsExactly("tmp/1 0644 5:5 a", "tmp/2 0644 5:6 a", "tmp/3 0644 1000:77 a");
      assertThat(failure("FROM b", "COPY --chown=bob a.txt /"))
          .contains("`/etc/passwd` of the image has no `bob`", "Dockerfile:2", "use the number");
    }

    @Test
    void hereDocumentsBecomeFiles() throws IOException {
      assertThat(
              files(
                  build(
                      "FROM b",
                      "ENV N=7",
                      "COPY <<one <<-'two' /h/",
                      "n is $N \"\\$N\"",
                      "one",
                      "\tn is $N",
                      "two")))
          .containsExactly("h/ 0755 0:0", "h/one 0644 0:0 n is 7 \"$N\"", "h/two 0644 0:0 n is $N");
    }

    // As BuildKit's own tests have it, but for the quotes in a modifier.
    @Test
    void aBackslashInAHereDocumentGivesWayToWhatFollows() throws IOException {
      assertThat(
              files(
                  build(
                      "# escape=`",
                      "FROM b",
                      "COPY <<one <<'two' /h/",
                      "a\\",
                      "b\\\\c\\d\\$`x ${N:-\"q\"} '$N'",
                      "one",
                      "a\\",
                      "two")))
          .containsExactly(
              "h/ 0755 0:0", "h/one 0644 0:0 a\nb\\cd$`x \"q\" ''", "h/two 0644 0:0 a\\");
    }

    @Test
    void dockerignoreLeavesFilesOutAndTakesThemBackIn() throws IOException {
      write(".dockerignore", "# secrets\napp/*\n!app/data\n**/*.key\n*.txt\n.dockerignore\n");
      assertThat(files(build("FROM b", "COPY . /c")))
          .containsExactly(
              "c/ 0755 0:0",
              "c/app/ 0755 0:0",
              "c/app/data/ 0755 0:0",
              "c/app/data/x.csv 0644 0:0 1,2");
    }

    @Test
    void excludeAndParents() throws IOException {
      assertThat(files(build("FROM b", "COPY --exclude=*.sh --exclude=data/*.key app /e")))
          .containsExactly(
              "e/ 0755 0:0",
              "e/data/ 0755 0:0",
              "e/data/x.csv 0644 0:0 1,2",
              "e/main.py 0644 0:0 print()");
      assertThat(files(build("FROM b", "COPY --parents app/data/*.csv ./app/./run.sh /p/")))
          .containsExactly(
              "p/ 0755 0:0",
              "p/app/ 0755 0:0",
              "p/app/data/ 0755 0:0",
              "p/app/data/x.csv 0644 0:0 1,2",
              "p/run.sh 0755 0:0 #!/bin/sh");
    }

    @Test
    void anEarlierStageIsASource() throws IOException {
      var result =
          build(
              "FROM b AS one",
              "COPY --chmod=700 --chown=3 app/main.py /o/x/main.py",
              "FROM scratch",
              "COPY --from=one /o /etc/pass?d /got/",
              "COPY --from=0 /bin /bins/");
      assertThat(result.base()).isNull();
      assertThat(files(result))
          .containsExactly(
              "got/ 0755 0:0",
              "got/passwd 0644 0:0 root:x:0:0::/:/bin/sh\nana:x:1000:1001::/:/",
              "got/x/ 0755 3:3",
              "got/x/main.py 0700 3:3 print()",
              "bins/ 0755 0:0");
      assertThat(result.configuration().object("rootfs").strings("diff_ids"))
          .containsExactlyElementsOf(
              result.layers().stream().map(layer -> layer.diffId().toString()).toList());
    }

    @Test
    void aStageOnAStageKeepsItsLayers() throws IOException {
      var result =
          build("FROM b AS one", "COPY a.txt /1", "ENV E=1", "FROM one", "COPY a.txt /$E$E");
      assertThat(files(result)).containsExactly("1 0644 0:0 a", "11 0644 0:0 a");
      assertThat(result.configuration().object("rootfs").strings("diff_ids")).hasSize(3);
    }

    @Test
    void equalFilesAreEqualBytes() throws IOException {
      var first = build("FROM b", "COPY . /x").layers().getFirst().diffId();
      Files.setLastModifiedTime(
          context.resolve("a.txt"), java.nio.file.attribute.FileTime.fromMillis(12345));
      Files.setPosixFilePermissions(
          context.resolve("b.txt"), PosixFilePermissions.fromString("rw-rw-rw-"));
      assertThat(build("FROM b", "COPY . /x").layers().getFirst().diffId()).isEqualTo(first);
      assertThat(first.toString())
          .isEqualTo("sha256:8c0b3cba9af83ac233697b7c25622c648b093c8b9f130c70733aa8f58456d62a");
    }
  }

  @Nested
  @DisplayName("archives")
  class AddedArchives {
    @ParameterizedTest
    @CsvSource({
      "x.tar,cf,tar",
      "x.tgz,czf,gzip",
      "x.bz2,cjf,bzip2",
      "x.xz,cJf,xz",
      "x.zst,--zstd,zstd"
    })
    void ofEveryKindAreUnpackedByAddOnly(String name, String option, String tool)
        throws IOException, InterruptedException {
      assumeTrue(
          Files.exists(Path.of("/usr/bin", tool)) || Files.exists(Path.of("/bin", tool)),
          tool + " is not installed, so no such archive can be made");
      var out = context.resolve(name).toString();
      if (option.startsWith("--")) {
        run(
            context,
            "tar",
            option,
            "-cf",
            out,
            "--owner=4",
            "--group=5",
            "--mtime=@0",
            "app/main.py");
      } else {
        run(context, "tar", option, out, "--owner=4", "--group=5", "--mtime=@0", "app/main.py");
      }
      assertThat(files(build("FROM b", "ADD " + name + " /u/")))
          .containsExactly("u/ 0755 0:0", "u/app/ 0755 0:0", "u/app/main.py 0644 4:5 print()");
      assertThat(files(build("FROM b", "COPY " + name + " /u/"))).hasSize(2);
      assertThat(files(build("FROM b", "ADD --unpack=false " + name + " /u/"))).hasSize(2);
    }

    @Test
    void linksInsideStayAndHardLinksBecomeFiles() throws IOException, InterruptedException {
      Files.createSymbolicLink(context.resolve("app/link"), Path.of("/etc/passwd"));
      Files.createLink(context.resolve("app/hard"), context.resolve("app/main.py"));
      run(
          context,
          "tar",
          "cf",
          "l.tar",
          "--mtime=@0",
          "--sort=name",
          "--owner=0",
          "--group=0",
          "app/hard",
          "app/link",
          "app/main.py");
      assertThat(files(build("FROM b", "ADD l.tar /")))
          .containsExactly(
              "app/ 0755 0:0",
              "app/hard 0644 0:0 print()",
              "app/link 0777 0:0 -> /etc/passwd",
              "app/main.py 0644 0:0 print()");
    }

    @Test
    void thatLeadOutAreRefused() throws IOException, InterruptedException {
      run(context, "tar", "cPf", "up.tar", "--transform=s,a.txt,../../evil,", "a.txt");
      assertThat(failure("FROM b", "ADD up.tar /x/"))
          .contains("[invalid-archive]", "`../../evil` leads out", "Dockerfile:2");
      Files.createSymbolicLink(context.resolve("d"), Path.of("/etc"));
      run(context, "tar", "cf", "through.tar", "d");
      Files.delete(context.resolve("d"));
      write("d/passwd", "evil");
      run(context, "tar", "rf", "through.tar", "d/passwd");
      assertThat(failure("FROM b", "ADD through.tar /x/"))
          .contains("`d/passwd` lies below a link of the archive");
      run(context, "mkfifo", "pipe");
      run(context, "tar", "cf", "fifo.tar", "pipe");
      Files.delete(context.resolve("pipe"));
      assertThat(failure("FROM b", "ADD fifo.tar /x/")).contains("is no file, directory or link");
    }

    @Test
    void thatAreCutAreRefused() throws IOException, InterruptedException {
      run(context, "tar", "czf", "ok.tgz", "app");
      var bytes = Files.readAllBytes(context.resolve("ok.tgz"));
      Files.write(context.resolve("cut.tgz"), java.util.Arrays.copyOf(bytes, bytes.length - 20));
      assertThat(failure("FROM b", "ADD cut.tgz /x/")).contains("[invalid-archive]", "`cut.tgz`");
    }
  }

  @Nested
  @DisplayName("mistakes")
  class Mistakes {
    @Test
    void filesThatAreNotThereAreNamed() throws IOException {
      assertThat(failure("FROM b", "COPY nothing /"))
          .contains("`nothing` is not in the build context", "Dockerfile:2:1", "COPY nothing /");
      write(".dockerignore", "a.txt");
      assertThat(failure("FROM b", "COPY a.txt /"))
          .contains(
              "`a.txt` is not in the build context", "a rule of `.dockerignore` keeps it out");
    }

    @Test
    void nothingOutsideOfTheContextIsRead() throws IOException {
      Files.writeString(folder.resolve("outside"), "secret");
      assertThat(failure("FROM b", "COPY ../outside /"))
          .contains("lies outside of the build context");
      assertThat(failure("FROM b", "COPY app/../../outside /"))
          .contains("lies outside of the build context");
      Files.createSymbolicLink(context.resolve("abs"), folder.resolve("outside"));
      assertThat(failure("FROM b", "COPY abs /")).contains("the link `abs` leads out of it");
      Files.createSymbolicLink(context.resolve("rel"), Path.of("../outside"));
      assertThat(failure("FROM b", "COPY rel /")).contains("leads out of it");
      Files.createSymbolicLink(context.resolve("dir"), Path.of(".."));
      assertThat(failure("FROM b", "COPY dir/outside /")).contains("leads out of it");
      assertThat(failure("FROM b", "COPY di*/outsid? /")).contains("leads out of it");
    }

    @Test
    void linksInsideOfTheContextAreFollowedAtTheTopAndKeptBelow() throws IOException {
      Files.createSymbolicLink(context.resolve("in"), Path.of("app/main.py"));
      Files.createSymbolicLink(context.resolve("app/dangling"), Path.of("/nowhere"));
      assertThat(files(build("FROM b", "COPY in /x", "COPY app/ /y")))
          .contains("x 0644 0:0 print()", "y/dangling 0777 0:0 -> /nowhere");
    }

    @Test
    void severalSourcesNeedADirectory() {
      assertThat(failure("FROM b", "COPY a.txt b.txt /x"))
          .contains("`/x` must end with `/`, because there are several sources");
    }

    @Test
    void aDirectoryIsNoFile() {
      assertThat(failure("FROM b", "COPY app /x", "COPY a.txt /x/data/", "COPY a.txt /x/main.py/"))
          .contains("`/x/main.py` is a file, and a directory is needed there", "Dockerfile:4");
    }

    @Test
    void whatNeedsAnEngineIsRefused() {
      assertThat(failure("FROM b", "RUN make"))
          .contains("[no-engine]", "Dockerfile:2:1", "`RUN` runs a program in a container");
    }

    @Test
    void anUnknownStageIsNamed() {
      var request = new BuildRequest(Map.of(), Platform.LINUX_AMD64, "buidl");
      assertThatThrownBy(() -> build(request, BASE, "FROM b AS build"))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().hints()).containsExactly("did you mean `build`?"));
    }
  }

  @Nested
  @DisplayName(".dockerignore")
  class Ignoring {
    @ParameterizedTest(name = "{0}: {1} is ignored: {2}")
    @CsvSource({
      "*.md, a.md, true",
      "*.md, d/a.md, false",
      "**/*.md, d/e/a.md, true",
      "**/*.md, a.md, true",
      "*/temp*, x/tempory, true",
      "*/*/temp*, x/y/temp, true",
      "temp?, tempa, true",
      "temp?, temp, false",
      "/foo/bar, foo/bar, true",
      "foo/bar/, foo/bar/x, true",
      "d/**, d/e/f, true",
      "*.md;!README.md, README.md, false",
      "*.md;!README*.md;README-x.md, README-x.md, true",
      "a;!a/b, a/b, false",
      "a;!a/b, a/c, true",
      "[a-c].x, b.x, true",
      "[^a-c].x, b.x, false",
      "a\\*b, a*b, true",
      "a\\*b, axb, false",
      "./x/../y, y, true"
    })
    void rules(String rules, String path, boolean expected) {
      assertThat(IgnoreRules.parse(rules.replace(";", "\n"), ".dockerignore").ignores(path))
          .isEqualTo(expected);
    }

    @Test
    void theDockerfilesOwnRulesWin() throws IOException {
      write(".dockerignore", "a.txt");
      var dockerfile = write("d.Dockerfile", "FROM b");
      write("d.Dockerfile.dockerignore", "b.txt");
      var own = BuildContext.of(context, dockerfile);
      assertThat(own.find("a.txt")).isPresent();
      assertThat(own.find("b.txt")).isEmpty();
    }

    @Test
    void theDigestIsOfWhatABuildSees() throws IOException {
      write(".dockerignore", "b.txt");
      var digest = BuildContext.of(context, null).digest();
      write("b.txt", "other");
      assertThat(BuildContext.of(context, null).digest()).isEqualTo(digest);
      write("a.txt", "other");
      assertThat(BuildContext.of(context, null).digest()).isNotEqualTo(digest);
    }
  }

  @Test
  void layersOfABaseLieOverEachOther() throws IOException, InterruptedException {
    var top = Files.createDirectories(folder.resolve("top"));
    Files.writeString(top.resolve(".wh.bin"), "");
    Files.createDirectories(top.resolve("etc"));
    Files.writeString(top.resolve("etc/.wh..wh..opq"), "");
    Files.writeString(top.resolve("etc/new"), "n");
    var tar = folder.resolve("top.tar");
    run(top, "tar", "cf", tar.toString(), ".wh.bin", "etc");
    try (var tree = TarTree.open(List.of(base, tar))) {
      var found = new TreeMap<String, List<String>>();
      found.put("", tree.children(""));
      found.put("etc", tree.children("etc"));
      assertThat(found)
          .containsEntry("", List.of("etc", "tmp", "usr"))
          .containsEntry("etc", List.of("new"));
      assertThat(new String(tree.open(tree.find("etc/new").orElseThrow()).readAllBytes()))
          .isEqualTo("n");
    }
  }
}

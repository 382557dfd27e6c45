package dev.terroir.image.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.OwnStore;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.BuildRequest;
import dev.terroir.image.dockerfile.Dockerfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Container engines by their command lines")
class EngineTest {
  private static final String BASE = "localhost/terroir-test-base:1";
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir Path folder;
  private Settings settings;
  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
  final Progress progress =
      new Progress() {
        @Override
        public void step(String what) {}

        @Override
        public void line(String text) {
          lines.add(text);
        }

        @Override
        public void warn(String text) {}
      };

  @BeforeEach
  void aStoreOfItsOwn() throws IOException {
    settings = Settings.system();
    OwnStore.variables(folder, "vfs")
        .forEach((name, value) -> settings = settings.with(name, value));
  }

  Engine engine(Engine.Kind kind) throws IOException {
    assumeTrue(
        Files.isExecutable(BUSYBOX),
        "/bin/busybox is not there (package busybox-static), so there is no image to work with");
    var engine = Engine.of(kind, settings);
    assumeTrue(engine.isPresent(), kind.program() + " is not there or does not answer");
    var archive = folder.resolve("base-" + kind + ".tar");
    base(archive);
    engine.get().load(archive, Progress.SILENT);
    return engine.get();
  }

  /// An image of one program, as a docker-archive.
  private static void base(Path archive) throws IOException {
    var layer = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(layer)) {
      for (var directory : List.of("bin/", "etc/", "tmp/", "proc/", "sys/", "dev/")) {
        put(tar, new TarArchiveEntry(directory, TarConstants.LF_DIR), new byte[0], 0755);
      }
      put(tar, new TarArchiveEntry("bin/busybox"), Files.readAllBytes(BUSYBOX), 0755);
      for (var applet : List.of("sh", "cat", "id", "env", "sleep", "df", "touch", "ls")) {
        var link = new TarArchiveEntry("bin/" + applet, TarConstants.LF_SYMLINK);
        link.setLinkName("busybox");
        put(tar, link, new byte[0], 0777);
      }
      put(tar, new TarArchiveEntry("etc/passwd"), "root:x:0:0::/:/bin/sh\n".getBytes(), 0644);
    }
    var bytes = layer.toByteArray();
    var configuration =
        """
        {"architecture": "%s", "os": "linux", "config": {"Env": ["PATH=/bin"]},
         "history": [{"created_by": "a test"}],
         "rootfs": {"type": "layers", "diff_ids": ["%s"]}}
        """
            .formatted(Platform.current().architecture(), Sha256.of(bytes).prefixed());
    try (var tar = new TarArchiveOutputStream(Files.newOutputStream(archive))) {
      put(tar, new TarArchiveEntry("layer.tar"), bytes, 0644);
      put(tar, new TarArchiveEntry("config.json"), configuration.getBytes(), 0644);
      put(
          tar,
          new TarArchiveEntry("manifest.json"),
          ("[{\"Config\": \"config.json\", \"RepoTags\": [\""
                  + BASE
                  + "\"], \"Layers\": [\"layer.tar\"]}]")
              .getBytes(),
          0644);
    }
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] bytes, int mode)
      throws IOException {
    entry.setMode(mode);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  /// The text of a file in any layer of a docker-archive.
  private static String fileOf(Path archive, String name) throws IOException {
    var found = "";
    try (var outer = new TarArchiveInputStream(Files.newInputStream(archive))) {
      for (var member = outer.getNextEntry(); member != null; member = outer.getNextEntry()) {
        if (member.isFile() && member.getName().endsWith(".tar")) {
          var inner =
              new TarArchiveInputStream(new java.io.ByteArrayInputStream(outer.readAllBytes()));
          for (var entry = inner.getNextEntry(); entry != null; entry = inner.getNextEntry()) {
            if (entry.getName().equals(name)) {
              found = new String(inner.readAllBytes());
            }
          }
        }
      }
    }
    return found;
  }

  private EngineBuild.Order order(Path context, Duration timeout, String... text) {
    return new EngineBuild.Order(
        String.join("\n", text) + "\n",
        "Dockerfile",
        context == null ? BuildContext.empty() : BuildContext.of(context, null),
        new BuildRequest(Map.of("WHO", "you & $me"), Platform.current(), null),
        List.of(),
        timeout);
  }

  @Nested
  class Finding {
    @Test
    void noneIsAnErrorThatSaysWhatToInstall() {
      assertThatThrownBy(() -> Engine.forBuilds(Settings.of(Map.of("PATH", "/nonexistent"))))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE);
                assertThat(e.problem().render())
                    .contains("`podman` is not on PATH", "apt-get install podman");
              });
    }

    @Test
    void theSettingDecides() throws IOException {
      var program = folder.resolve("podman-of-mine");
      Files.writeString(program, "#!/bin/sh\n");
      assertThat(program.toFile().setExecutable(true)).isTrue();
      var engine = Engine.forRuns(Settings.of(Map.of(Settings.TERROIR_ENGINE, program.toString())));
      assertThat(engine.kind()).isEqualTo(Engine.Kind.PODMAN);
      assertThat(engine.program()).isEqualTo(program);
      assertThatThrownBy(
              () -> Engine.forRuns(Settings.of(Map.of(Settings.TERROIR_ENGINE, "buildah"))))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().code()).isEqualTo(FoundationCode.BAD_SETTING));
      assertThatThrownBy(
              () -> Engine.forRuns(Settings.of(Map.of(Settings.TERROIR_ENGINE, "/x/podman"))))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE));
    }

    @Test
    void oneWhoseDaemonIsDownIsPassedOver() throws IOException {
      for (var name : List.of("docker", "buildah")) {
        var program = folder.resolve(name);
        Files.writeString(program, "#!/bin/sh\nexit " + (name.equals("docker") ? 1 : 0) + "\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
      }
      assertThat(Engine.forBuilds(Settings.of(Map.of("PATH", folder.toString()))).kind())
          .isEqualTo(Engine.Kind.BUILDAH);
    }

    @Test
    void namesOfImagesAreNeverOptions() throws IOException {
      var program = folder.resolve("podman");
      Files.writeString(program, "#!/bin/sh\n");
      assertThat(program.toFile().setExecutable(true)).isTrue();
      var engine = Engine.forRuns(Settings.of(Map.of("PATH", folder.toString())));
      assertThatThrownBy(() -> engine.exists("--help"))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_IMAGE_REFERENCE));
    }
  }

  @Nested
  class Building {
    @ParameterizedTest
    @EnumSource(names = {"PODMAN", "BUILDAH"})
    void theOutputIsTheLogAndTheImageIsKept(Engine.Kind kind) throws IOException {
      var engine = engine(kind);
      assertThat(engine.exists(BASE)).isTrue();
      assertThat(engine.exists("localhost/terroir-nothing:1")).isFalse();
      var context = Files.createDirectories(folder.resolve("context"));
      Files.writeString(context.resolve("in.txt"), "in");
      Files.writeString(context.resolve("not.txt"), "not");
      Files.writeString(context.resolve(".dockerignore"), "not.txt\n");
      var build = new EngineBuild(() -> engine, folder.resolve("kept"));
      var order =
          order(
              context,
              LONG,
              "FROM " + BASE,
              "ARG WHO",
              "COPY . /c/",
              "RUN echo \"hello $WHO\" && \\",
              "    ls /c > /made");
      assertThat(build.find(order)).isEmpty();
      var built = build.build(order, false, progress);
      assertThat(built.isKept()).isFalse();
      assertThat(lines).contains("hello you & $me");
      assertThat(fileOf(built.archive(), "made")).isEqualTo("in.txt\n");
      assertThat(build.find(order)).contains(new EngineBuild.Built(built.archive(), true));
      var again =
          new EngineBuild(
              () -> {
                throw new AssertionError("what is kept needs no engine");
              },
              folder.resolve("kept"));
      assertThat(again.build(order, false, progress).isKept()).isTrue();
      lines.clear();
      assertThat(build.build(order, true, progress).isKept()).isFalse();
      assertThat(lines).as("the engine's own cache is left aside").contains("hello you & $me");
      Files.writeString(context.resolve("not.txt"), "does not matter");
      assertThat(order.key()).isEqualTo(order(context, LONG, order.text().split("\n")).key());
      Files.writeString(context.resolve("in.txt"), "matters");
      assertThat(build.find(order(context, LONG, order.text().split("\n")))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"PODMAN", "BUILDAH"})
    void aFailureNamesTheInstructionAndShowsTheEndOfTheLog(Engine.Kind kind) throws IOException {
      var engine = engine(kind);
      var build = new EngineBuild(() -> engine, folder.resolve("kept"));
      var order =
          order(
              null,
              LONG,
              "FROM " + BASE + " AS first",
              "RUN echo one > /x",
              "FROM " + BASE,
              "COPY --from=first /x /x",
              "# a comment",
              "RUN cat /x; \\",
              "    exit 3",
              "RUN never");
      assertThatThrownBy(() -> build.build(order, false, progress))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ImageCode.DOCKERFILE_FAILED);
                assertThat(e.problem().render())
                    .contains(
                        "`RUN` of the Dockerfile failed",
                        "Dockerfile:6:1",
                        "RUN cat /x; \\",
                        "the log ends with",
                        "    one\n",
                        "exit status");
              });
      assertThat(build.find(order)).isEmpty();
      try (var files = Files.list(folder.resolve("kept"))) {
        assertThat(files.filter(file -> file.toString().endsWith(".tmp"))).isEmpty();
      }
    }

    @ParameterizedTest
    @EnumSource(names = {"PODMAN", "BUILDAH"})
    void aTimeLimitEndsTheWholeTree(Engine.Kind kind) throws IOException {
      var engine = engine(kind);
      var build = new EngineBuild(() -> engine, folder.resolve("kept"));
      var order =
          order(
              null,
              Duration.ofSeconds(4),
              "FROM " + BASE,
              "RUN echo begun; sleep 987" + kind.ordinal());
      assertThatThrownBy(() -> build.build(order, false, progress))
          .isInstanceOfSatisfying(
              ImageException.class,
              e ->
                  assertThat(e.problem().render())
                      .contains("it did not end within 4 s", "Dockerfile:2:1", "begun"));
      assertThat(running("987" + kind.ordinal())).isZero();
    }

    @Test
    void anInterruptCancels() throws IOException, InterruptedException {
      var engine = engine(Engine.Kind.BUILDAH);
      var build = new EngineBuild(() -> engine, folder.resolve("kept"));
      var thrown = new AtomicReference<Throwable>();
      var thread =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  build.build(
                      order(null, LONG, "FROM " + BASE, "RUN echo begun; sleep 9876"),
                      false,
                      progress);
                } catch (RuntimeException e) {
                  thrown.set(e);
                }
              });
      await(() -> lines.contains("begun"));
      thread.interrupt();
      thread.join(30_000);
      assertThat(thrown.get())
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().code()).isEqualTo(FoundationCode.CANCELED));
      assertThat(running("9876")).isZero();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
        delimiter = '|',
        value = {
          "STEP 3/4: RUN two|3",
          "[2/2] STEP 2/2: COPY --from=a /x /x|6",
          "[1/2] STEP 1/4: FROM img AS a|1",
          "Step 5/7 : RUN two &&   three|3",
          "STEP 9/9: RUN two && three|3",
          "Dockerfile:4|3",
          "Dockerfile:6|6"
        })
    void theInstructionIsFoundInWhatEachEnginePrints(String line, int expected) {
      var dockerfile =
          Dockerfile.parse(
              "FROM img AS a\nUSER x\nRUN two && \\\n  three\nFROM b\nCOPY --from=a /x /x\n",
              "Dockerfile");
      assertThat(EngineBuild.failedStep(dockerfile, List.of("STEP 1/4: FROM img AS a", line)))
          .hasValueSatisfying(step -> assertThat(step.firstLine()).isEqualTo(expected));
    }
  }

  private static long running(String seconds) {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process.info().arguments().map(List::of).orElse(List.of()).equals(List.of(seconds)))
        .count();
  }

  private static void await(java.util.function.BooleanSupplier condition)
      throws InterruptedException {
    var deadline = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  @Nested
  class Running {
    private ContainerOptions.Builder shell(String script) {
      return ContainerOptions.of(BASE, "terroir-test-" + System.nanoTime())
          .command(List.of("sh", "-c", script));
    }

    @Test
    void theExitStatusAndTheOutputComeBack() throws IOException {
      var engine = engine(Engine.Kind.PODMAN);
      var options = shell("echo out; echo err >&2; exit 7").build();
      var ended = engine.container(options).run(lines::add, LONG);
      assertThat(ended).isEqualTo(new Container.Ended(7, false));
      assertThat(lines).contains("out", "err");
    }

    @Test
    void variablesAreInsideAndNotOnTheCommandLine() throws IOException {
      var engine = engine(Engine.Kind.PODMAN);
      var container =
          engine.container(
              shell("echo \"[$SECRET]\"; echo \"[$LINES]\"; echo \"[$QUOTED]\"")
                  .environment(
                      Map.of("SECRET", "s3cr3t value", "LINES", "a\nb", "QUOTED", "\"q\" 'r' $x #"))
                  .build());
      assertThat(container.run(lines::add, LONG).exitCode()).isZero();
      assertThat(lines).contains("[s3cr3t value]", "[a", "b]", "[\"q\" 'r' $x #]");
      assertThat(String.join(" ", container.commandLine())).doesNotContain("s3cr3t", "a\nb");
    }

    @Test
    void foldersAreBoundAndOutputsBelongToTheCaller() throws IOException {
      var engine = engine(Engine.Kind.PODMAN);
      var in = Files.createDirectories(folder.resolve("in,put \"x\""));
      Files.writeString(in.resolve("f"), "given");
      var out = Files.createDirectories(folder.resolve("out"));
      var ended =
          engine
              .container(
                  shell("cat /in/f > made; touch /in/g 2>/dev/null && exit 9; df /dev/shm; exit 0")
                      .bind(in, "/in", true)
                      .bind(out, "/work", false)
                      .workingDirectory("/work")
                      .shmSize("50m")
                      .network("host")
                      .cpus(1.5)
                      .memoryBytes(256 << 20)
                      .build())
              .run(lines::add, LONG);
      assertThat(ended.exitCode()).as("%s", lines).isZero();
      assertThat(out.resolve("made")).hasContent("given");
      assertThat(Files.getOwner(out.resolve("made"))).isEqualTo(Files.getOwner(out));
      assertThat(lines).anyMatch(line -> line.matches("shm +51200 .*"));
    }

    @Test
    void itIsStoppedFromElsewhereByItsLabel() throws IOException, InterruptedException {
      var engine = engine(Engine.Kind.PODMAN);
      var container =
          engine.container(
              shell("trap 'echo asked; exit 5' TERM; echo begun; while true; do sleep 1; done")
                  .label("dev.terroir.test", "1")
                  .build());
      var ended = new AtomicReference<Container.Ended>();
      var thread = Thread.ofPlatform().start(() -> ended.set(container.run(lines::add, LONG)));
      await(() -> lines.contains("begun"));
      assertThat(container.isRunning()).isTrue();
      assertThat(engine.containers("dev.terroir.test", "1")).hasSize(1);
      container.stop(Duration.ofSeconds(20));
      thread.join(60_000);
      assertThat(ended.get()).isEqualTo(new Container.Ended(5, false));
      assertThat(lines).contains("asked");
      assertThat(engine.containers("dev.terroir.test", "1")).isEmpty();
    }

    @Test
    void leftoversAreEnded() throws IOException, InterruptedException {
      var engine = engine(Engine.Kind.PODMAN);
      var container =
          engine.container(shell("echo begun; sleep 98765").label("dev.terroir.test", "2").build());
      var thread = Thread.ofPlatform().start(() -> container.run(lines::add, LONG));
      await(() -> lines.contains("begun"));
      assertThat(engine.endContainers("dev.terroir.test", "2")).isEqualTo(1);
      thread.join(60_000);
      assertThat(thread.isAlive()).isFalse();
      assertThat(running("98765")).isZero();
    }

    @Test
    void aTimeLimitEndsIt() throws IOException {
      var engine = engine(Engine.Kind.PODMAN);
      var container =
          engine.container(
              shell("trap '' TERM; echo begun; sleep 98764")
                  .label("dev.terroir.test", "3")
                  .build());
      assertThat(container.run(lines::add, Duration.ofSeconds(4)).isTimeout()).isTrue();
      assertThat(engine.containers("dev.terroir.test", "3")).isEmpty();
      assertThat(running("98764")).isZero();
    }

    @Test
    void anImageThatIsNotThereIsTheEnginesFailure() throws IOException {
      var engine = engine(Engine.Kind.PODMAN);
      var options = ContainerOptions.of("localhost/terroir-nothing:1", "terroir-test-none").build();
      assertThatThrownBy(() -> engine.container(options).run(lines::add, LONG))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.ENGINE_FAILED));
    }

    @Test
    void aCommandThatEndsAsEnginesFailIsToldFromAnEngineThatFails() throws IOException {
      var engine = engine(Engine.Kind.PODMAN);
      for (var code : List.of(125, 126, 127)) {
        var ended = engine.container(shell("exit " + code).build()).run(lines::add, LONG);
        assertThat(ended).isEqualTo(new Container.Ended(code, false));
      }
      var options =
          ContainerOptions.of(BASE, "terroir-test-nothing").entrypoint("/no/such/program").build();
      assertThatThrownBy(() -> engine.container(options).run(lines::add, LONG))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.ENGINE_FAILED));
      assertThat(engine.ask(LONG, "ps", "--all", "--quiet").output()).isBlank();
    }

    @Test
    void outputsOfDockerBelongToTheCallerByItsNumber() {
      var options = shell("x").environment(Map.of("A", "b")).build();
      var docker =
          options.arguments(Engine.Kind.DOCKER, Path.of("/e"), List.of("L"), 1000, 1001, false);
      assertThat(docker)
          .containsSubsequence(
              "run", "--rm", "--env-file", "/e", "--env", "L", "--user", "1000:1001", BASE, "sh")
          .doesNotContain("b");
      assertThat(options.arguments(Engine.Kind.PODMAN, null, List.of(), 1000, 1001, false))
          .contains("--userns=keep-id");
      assertThat(options.arguments(Engine.Kind.PODMAN, null, List.of(), 0, 0, false))
          .doesNotContain("--userns=keep-id", "--user");
    }
  }
}

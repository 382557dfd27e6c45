package dev.terroir.foundation.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.FoundationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Programs run to their end")
@Timeout(60)
class CommandTest {
  @TempDir Path directory;

  private Command shell(String script, Duration timeout) {
    return new Command(
        List.of("/bin/sh", "-c", script), Map.of("PATH", "/usr/bin:/bin"), directory, timeout);
  }

  @Test
  void bothStreamsAndTheExitStatusComeBack() {
    var lines = Collections.synchronizedList(new ArrayList<String>());
    var result =
        shell("echo out; echo err >&2; echo more >&2; exit 3", Duration.ofSeconds(10))
            .run(lines::add);
    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.output()).isEqualTo("out\n");
    assertThat(lines).containsExactly("err", "more");
  }

  @Test
  void nothingOfThisProcessEnvironmentIsInherited() {
    assertThat(shell("env", Duration.ofSeconds(10)).run().output()).doesNotContain("HOME=");
  }

  @Test
  void aProgramThatTakesTooLongIsEndedWithItsChildren() throws Exception {
    var pid = directory.resolve("pid");
    assertThatThrownBy(() -> shell("sleep 300 & echo $! > pid; wait", Duration.ofMillis(700)).run())
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> assertThat(e.problem().code().id()).isEqualTo("program-timeout"));
    var child = ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()));
    assertThat(child.map(ProcessHandle::isAlive).orElse(false)).isFalse();
  }

  @Test
  void whatAProgramLeavesRunningDoesNotKeepItsCaller() {
    var begun = System.nanoTime();
    var result = shell("echo said; sleep 300 & echo $!", Duration.ofSeconds(50)).run();
    var lines = result.output().lines().toList();
    ProcessHandle.of(Long.parseLong(lines.get(1))).ifPresent(ProcessHandle::destroyForcibly);

    assertThat(result.exitCode()).isZero();
    assertThat(lines.getFirst()).isEqualTo("said");
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(40));
  }

  @Test
  void aProgramThatDoesNotReadItsInputIsEndedInTimeAllTheSame() {
    assertThatThrownBy(
            () -> shell("sleep 300", Duration.ofMillis(700)).run("x".repeat(1 << 20), _ -> {}))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> assertThat(e.problem().code().id()).isEqualTo("program-timeout"));
    assertThat(shell("wc -c", Duration.ofSeconds(20)).run("x".repeat(1 << 20), _ -> {}).output())
        .isEqualTo((1 << 20) + "\n");
  }

  @Test
  void interruptingTheCallerCancelsTheProgram() throws Exception {
    var caught = new java.util.concurrent.atomic.AtomicReference<Throwable>();
    var thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                shell("echo $$ > pid; exec sleep 300", Duration.ofMinutes(5)).run();
              } catch (FoundationException e) {
                caught.set(e);
              }
            });
    while (!Files.exists(directory.resolve("pid"))) {
      Thread.sleep(20);
    }
    thread.interrupt();
    thread.join();
    assertThat(caught.get())
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> assertThat(e.problem().code().kind().exitCode()).isEqualTo(130));
  }

  @Test
  void aProgramThatIsNotThereIsNamed() {
    var command =
        new Command(List.of("/nowhere/uv", "--version"), Map.of(), null, Duration.ofSeconds(5));
    assertThatThrownBy(command::run)
        .isInstanceOfSatisfying(
            FoundationException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("`uv` cannot be started")
                    .contains("/nowhere/uv")
                    .contains("[program-not-started]"));
  }
}

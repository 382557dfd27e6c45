package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Processes that share a cache of layers, and die")
class KilledProcessesTest {
  @TempDir Path work;

  private Process start(String cache) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
    command.add(LayerMaker.class.getName());
    command.add(work.resolve(cache).toString());
    command.add(RealWheels.python().toString());
    for (var wheel : RealWheels.files()) {
      var name = String.valueOf(wheel.getFileName());
      if (name.startsWith("flask") || name.startsWith("click") || name.startsWith("jinja2")) {
        command.add(wheel.toString());
      }
    }
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static List<String> digests(Process process) throws Exception {
    var output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(process.waitFor()).isZero();
    return output.subList(1, output.size());
  }

  /// Every blob is what its name says.
  private List<String> verified(String cache) throws IOException {
    var digests = new ArrayList<String>();
    var folder = work.resolve(cache).resolve("blobs/sha256");
    if (Files.isDirectory(folder)) {
      try (var blobs = Files.list(folder)) {
        for (var blob : (Iterable<Path>) blobs::iterator) {
          assertThat(Sha256.of(blob).hex()).isEqualTo(String.valueOf(blob.getFileName()));
          digests.add("sha256:" + blob.getFileName());
        }
      }
    }
    return digests;
  }

  @Test
  void leaveACacheThatIsSoundWheneverTheyAreKilled() throws Exception {
    var expected = digests(start("undisturbed"));
    assertThat(expected).hasSize(3);
    var random = new Random(20261124);
    for (int round = 0; round < 8; round++) {
      var process = start("killed");
      // Its first line says that the work begins.
      assertThat(process.getInputStream().read()).isEqualTo('r');
      process.waitFor(random.nextInt(1200), TimeUnit.MILLISECONDS);
      process.destroyForcibly().waitFor();
      assertThat(expected).containsAll(verified("killed"));
    }
    assertThat(digests(start("killed"))).isEqualTo(expected);
    assertThat(verified("killed")).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void makeTheSameLayersAtOnce() throws Exception {
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 4; i++) {
      processes.add(start("shared"));
    }
    var first = digests(processes.getFirst());
    assertThat(first).hasSize(3);
    for (var process : processes.subList(1, processes.size())) {
      assertThat(digests(process)).isEqualTo(first);
    }
    assertThat(verified("shared")).containsExactlyInAnyOrderElementsOf(first);
    try (var files = Files.walk(work.resolve("shared"))) {
      assertThat(files.filter(file -> file.toString().endsWith(".tmp"))).isEmpty();
    }
  }
}

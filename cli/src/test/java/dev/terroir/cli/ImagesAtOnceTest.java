package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.image.layout.OciLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Ten processes that build overlapping environments at once in one cache")
class ImagesAtOnceTest {
  private static final List<List<String>> ENVIRONMENTS =
      List.of(
          List.of("delta", "epsilon", "zeta"),
          List.of("epsilon", "zeta", "eta"),
          List.of("zeta", "eta", "theta"),
          List.of("eta", "theta", "delta"),
          List.of("delta", "epsilon", "zeta", "eta", "theta", "beta"));

  @TempDir Path folder;

  private void write(Terroir terroir) {
    for (int i = 0; i < ENVIRONMENTS.size(); i++) {
      terroir.write("e" + i + "/requirements.txt", String.join("\n", ENVIRONMENTS.get(i)) + "\n");
    }
  }

  private String words(Terroir terroir, int environment, String base, String to) {
    return "image build -f "
        + terroir.project.resolve("e" + environment).resolve("requirements.txt")
        + " --base "
        + base
        + " --to "
        + to;
  }

  @Test
  void getWhatEachGetsAloneAndLeaveNothingBehind() throws Exception {
    var base = SmallBase.make(folder.resolve("base"), Terroir.python());
    var terroir = new Terroir(folder);
    for (var name : List.of("delta", "epsilon", "zeta", "eta", "theta")) {
      var files = new LinkedHashMap<String, String>();
      for (int i = 0; i < 30; i++) {
        files.put(name + "/m" + i + ".py", "def f" + i + "(x):\n  return [x] * " + i + "\n");
      }
      files.put(name + "/data.txt", (name + " ").repeat(100_000));
      WheelHouse.wheel(folder.resolve("wheels"), name, "1.0", List.of(), files);
    }
    write(terroir);
    var layout = folder.resolve("layout");
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 10; i++) {
      processes.add(terroir.start(words(terroir, i % 5, base, "oci:" + layout + ":at-once-" + i)));
    }
    for (var process : processes) {
      assertThat(process.waitFor(4, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).isZero();
    }

    var names = new OciLayout(layout).names();
    assertThat(names).hasSize(10);
    var alone =
        new Terroir(
            Files.createDirectories(folder.resolve("alone")),
            List.of("PIP_FIND_LINKS=" + folder.resolve("wheels")));
    write(alone);
    for (int i = 0; i < 10; i++) {
      var expected =
          alone.run(words(alone, i % 5, base, "oci:" + folder.resolve("one") + ":" + i % 5));
      assertThat(names.get("at-once-" + i).digest().toString())
          .isEqualTo(expected.succeeds().json().string("digest"));
    }
    assertThat(new OciLayout(layout).verify()).isEmpty();
    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).isEmpty();
    assertThat(left(layout)).isEmpty();
    assertThat(left(terroir.home)).isEmpty();
    assertThat(blobs(layout))
        .as("no blob that one alone would not have made")
        .isEqualTo(blobs(folder.resolve("one")));
    assertThat(blobs(terroir.home.resolve("cache/images")))
        .isEqualTo(blobs(alone.home.resolve("cache/images")));
  }

  private static List<Path> left(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      return files.filter(file -> file.getFileName().toString().endsWith(".tmp")).toList();
    }
  }

  private static Map<String, Long> blobs(Path directory) throws IOException {
    var blobs = new TreeMap<String, Long>();
    try (var files = Files.list(directory.resolve("blobs/sha256"))) {
      for (var file : files.toList()) {
        blobs.put(file.getFileName().toString(), Files.size(file));
      }
    }
    return blobs;
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.Copy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Builds and pushes that are killed at fifty instants of their work, two at a time")
class ImageKillTest {
  private static final long SEED = Long.getLong("terroir.seed", 20261125);

  /// Of each test; both tests together kill at fifty instants and two.
  private static final int PAIRS = 13;

  @TempDir Path folder;
  private final Random random = new Random(SEED);
  private Terroir terroir;
  private String base;
  private String expected;
  private long lengthNanos;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
    base = SmallBase.make(folder.resolve("base"), Terroir.python());
    var wheels = folder.resolve("wheels");
    for (var name : List.of("delta", "epsilon", "zeta", "eta")) {
      var files = new LinkedHashMap<String, String>();
      for (int i = 0; i < 12; i++) {
        files.put(name + "/m" + i + ".py", "def f" + i + "(x):\n  return [x] * " + i + "\n");
      }
      files.put(name + "/data.txt", noise(name.equals("eta") ? 5_600_000 : 50_000));
      WheelHouse.wheel(wheels, name, "1.0", List.of(), files);
    }
    terroir.write("requirements.txt", "beta\ndelta\nepsilon\nzeta\neta\n");
  }

  /// Text that hardly gets smaller when it is compressed.
  private String noise(int size) {
    var text = new StringBuilder(size);
    var source = new Random(size);
    for (int i = 0; i < size; i++) {
      text.append((char) (' ' + 1 + source.nextInt(90)));
    }
    return text.toString();
  }

  private String command(String... destinations) {
    return "image build -f requirements.txt --base "
        + base
        + " --to "
        + String.join(" --to ", destinations);
  }

  private Terroir.Outcome build(String... destinations) {
    return terroir.run(
        command(destinations)
            .replace("requirements.txt", terroir.project.resolve("requirements.txt").toString()));
  }

  /// What two at once make undisturbed, and how long from the first word to the end.
  private void measure(String... destinations) throws Exception {
    var processes = List.of(start(destinations), start(destinations));
    for (var process : processes) {
      assertThat(process.getInputStream().read()).isPositive();
    }
    var begun = System.nanoTime();
    for (var process : processes) {
      process.getInputStream().readAllBytes();
      assertThat(process.waitFor()).isZero();
    }
    lengthNanos = System.nanoTime() - begun;
    expected = build(destinations).succeeds().json().string("digest");
  }

  private Process start(String... destinations) {
    return terroir.startHeard(command(destinations));
  }

  /// Starts two, and kills each at an instant of its own.
  private void killTwo(String what, String... destinations) throws Exception {
    var processes = List.of(start(destinations), start(destinations));
    for (var process : processes) {
      assertThat(process.getInputStream().read()).as("its first word").isPositive();
    }
    var begun = System.nanoTime();
    var children = new ArrayList<ProcessHandle>();
    var instants =
        random.doubles(2).sorted().mapToLong(part -> (long) (part * lengthNanos)).toArray();
    for (int i = 0; i < 2; i++) {
      var process = processes.get(i);
      process.waitFor(begun + instants[i] - System.nanoTime(), TimeUnit.NANOSECONDS);
      process.descendants().forEach(children::add);
      process.destroyForcibly().waitFor();
    }
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (children.stream().anyMatch(ProcessHandle::isAlive)) {
      assertThat(System.nanoTime()).as("children outlive the killed").isLessThan(deadline);
      Thread.sleep(5);
    }
    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).as(what).isEmpty();
  }

  @Test
  void theCacheTheLayoutAndTheArchiveAreSoundAndTheNextBuildMakesTheSameImage() throws Exception {
    var directory = folder.resolve("layout");
    var layout = new OciLayout(directory);
    var archive = folder.resolve("image.tar");
    var destinations = new String[] {"oci:" + directory + ":1", "oci-archive:" + archive + ":x"};
    measure(destinations);
    for (int pair = 0; pair < PAIRS; pair++) {
      var what = "pair " + pair + ", seed " + SEED;
      Trees.delete(pair % 2 == 0 ? terroir.home : terroir.home.resolve("cache"));
      Trees.delete(directory);
      Files.deleteIfExists(archive);
      killTwo(what, destinations);
      if (layout.exists()) {
        assertThat(layout.verify()).as(what).isEmpty();
      }
      if (Files.exists(archive)) {
        isWhole("oci-archive:" + archive, what);
      }

      var built = build(destinations).succeeds().json();
      assertThat(built.string("digest")).as(what).isEqualTo(expected);
      assertThat(layout.verify()).as(what).isEmpty();
      isWhole("oci-archive:" + archive, what);
    }
    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).isEmpty();
  }

  @Test
  void theRegistryHasWholeImagesAndTheNextPushGoesThrough() throws Exception {
    try (var registry = new DebianRegistry(folder.resolve("registry"), "")) {
      var place = "docker://" + registry.address() + "/team/app-";
      build("oci:" + folder.resolve("layout") + ":1").succeeds();
      measure(place + "measured:1");
      for (int pair = 0; pair < PAIRS; pair++) {
        var what = "pair " + pair + ", seed " + SEED;
        var destination = place + pair + ":1";
        killTwo(what, destination);
        if (terroir.run("image inspect " + destination).code() == 0) {
          isWhole(destination, what);
        }

        var built = build(destination).succeeds().json();
        assertThat(built.string("digest")).as(what).isEqualTo(expected);
        if (pair % 5 == 4) {
          isWhole(destination, what);
        }
      }
    }
  }

  /// Copies an image out, with every blob read and checked.
  private void isWhole(String location, String what) throws IOException {
    var copy = new OciLayout(Files.createTempDirectory(folder, "copy"));
    try (var places = new ImagePlaces(terroir.settings);
        var source = places.source(ImageLocation.parse(location))) {
      var report =
          Copy.with(Progress.SILENT)
              .run(source, copy.target(), Platform.LINUX_AMD64, List.of("copy"));
      assertThat(report.root().digest().toString()).as(what).isEqualTo(expected);
    }
    assertThat(copy.verify()).as(what).isEmpty();
    Trees.delete(copy.directory());
  }
}

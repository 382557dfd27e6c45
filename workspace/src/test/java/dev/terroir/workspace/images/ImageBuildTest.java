package dev.terroir.workspace.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Builds of an image, one at a time for a definition")
class ImageBuildTest {
  private static final String HASH = "0123456789abcdef0123456789abcdef";

  @TempDir Path directory;
  private ImageRecords records;

  @BeforeEach
  void open() {
    records = new ImageRecords(directory.resolve("images"), Clock.systemUTC());
  }

  @Test
  void aBuildSaysEachChangeOfItsStatusAndKeepsItsLogWithTimes() throws Exception {
    var release = new CountDownLatch(1);
    var build =
        start(
            Progress.SILENT,
            progress -> {
              progress.step("making numpy 2.1.0");
              await(release);
              return records.add(image('a'), false);
            });
    var said = Collections.synchronizedList(new ArrayList<String>());
    var waiting = Thread.ofVirtual().start(() -> build.waitForCompletion(said::add));
    while (!said.contains("Image Build Status: Running")) {
      Thread.sleep(5);
    }
    release.countDown();
    waiting.join();

    assertThat(said).endsWith("Image Build Status: Running", "Image Build Status: Succeeded");
    assertThat(Files.readString(build.log().orElseThrow()))
        .matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z making numpy 2\\.1\\.0\n");
    assertThat(build.waitForCompletion(_ -> {}).number()).isEqualTo(1);
    assertThat(records.find(HASH, Platform.LINUX_AMD64)).isPresent();
  }

  @Test
  void manyRequestsAtOnceAreOneBuildAndAllSeeItsLog() {
    var times = new AtomicInteger();
    var release = new CountDownLatch(1);
    Function<Progress, Recorded> work =
        progress -> {
          times.incrementAndGet();
          progress.line("layer of numpy");
          await(release);
          return records.add(image('a'), false);
        };
    var seen = new ArrayList<List<String>>();
    var builds = new ArrayList<ImageBuild>();
    for (int i = 0; i < 5; i++) {
      List<String> lines = Collections.synchronizedList(new ArrayList<>());
      seen.add(lines);
      builds.add(start(collecting(lines), work));
    }
    while (!seen.stream()
        .allMatch(lines -> List.copyOf(lines).stream().anyMatch(it -> it.endsWith("numpy")))) {
      Thread.onSpinWait();
    }
    release.countDown();

    assertThat(builds.stream().map(build -> build.waitForCompletion(_ -> {})).distinct())
        .hasSize(1);
    assertThat(times).hasValue(1);
  }

  @Test
  void whoWaitsForABuildThatFailsLearnsWhy() {
    var release = new CountDownLatch(1);
    Function<Progress, Recorded> work =
        _ -> {
          await(release);
          throw new ImageException(
              Problem.of(ImageCode.BASE_NOT_FIT, "the base has no Python 3.12").hint("take 3.11"));
        };
    var first = start(Progress.SILENT, work);
    awaitLog(first);
    var second = start(Progress.SILENT, _ -> records.add(image('b'), false));
    awaitLog(second);
    release.countDown();

    assertThatThrownBy(() -> first.waitForCompletion(_ -> {}))
        .hasMessageContaining("the base has no Python 3.12");
    assertThatThrownBy(() -> second.waitForCompletion(_ -> {}))
        .isInstanceOfSatisfying(
            TerroirException.class,
            e -> {
              assertThat(e.problem().why()).contains("the base has no Python 3.12");
              assertThat(e.problem().hints()).contains("take 3.11");
            });
    assertThat(second.status()).isEqualTo(ImageBuild.Status.FAILED);
  }

  @Test
  void whoAsksForSomethingElseInheritsNoFailure() {
    var release = new CountDownLatch(1);
    var first =
        start(
            "on a base",
            Progress.SILENT,
            _ -> {
              await(release);
              throw new ImageException(
                  Problem.of(ImageCode.BASE_NOT_FIT, "the base has no Python 3.12"));
            });
    awaitLog(first);
    var lines = Collections.synchronizedList(new ArrayList<String>());
    var other =
        start(
            "on another base",
            collecting(lines),
            progress -> {
              progress.line("layer of numpy");
              return records.add(image('b'), false);
            });
    awaitLog(other);
    release.countDown();

    assertThat(other.waitForCompletion(_ -> {}).image()).isEqualTo(image('b'));
    assertThat(lines).last().asString().endsWith("layer of numpy");
    assertThatThrownBy(() -> first.waitForCompletion(_ -> {}))
        .hasMessageContaining("the base has no Python 3.12");
  }

  @Test
  void whoWaitsForABuildThatTheSurroundingsFailTriesItself() {
    var release = new CountDownLatch(1);
    var first =
        start(
            Progress.SILENT,
            _ -> {
              await(release);
              throw new ImageException(
                  Problem.of(ImageCode.REGISTRY_UNREACHABLE, "the base cannot be read"));
            });
    awaitLog(first);
    var second = start(Progress.SILENT, _ -> records.add(image('b'), false));
    awaitLog(second);
    release.countDown();

    assertThat(second.waitForCompletion(_ -> {}).image()).isEqualTo(image('b'));
    assertThatThrownBy(() -> first.waitForCompletion(_ -> {}))
        .hasMessageContaining("the base cannot be read");
  }

  @Test
  void whoFollowsOneBuildAfterAnotherReadsBothLogsWhole() {
    var release = new CountDownLatch(1);
    var again = new CountDownLatch(1);
    var first =
        start(
            "one",
            Progress.SILENT,
            progress -> {
              progress.line("a long line that the log of the next build is shorter than");
              await(release);
              throw new ImageException(
                  Problem.of(ImageCode.BASE_NOT_FIT, "the base has no Python 3.12"));
            });
    awaitLog(first);
    Function<Progress, Recorded> work =
        progress -> {
          progress.line("layer");
          await(again);
          return records.add(image('b'), false);
        };
    var seen = new ArrayList<List<String>>();
    var others = new ArrayList<ImageBuild>();
    for (int i = 0; i < 2; i++) {
      List<String> lines = Collections.synchronizedList(new ArrayList<>());
      seen.add(lines);
      others.add(start("two", collecting(lines), work));
    }
    others.forEach(ImageBuildTest::awaitLog);
    release.countDown();
    while (!seen.stream()
        .allMatch(lines -> List.copyOf(lines).stream().anyMatch(it -> it.endsWith("layer")))) {
      Thread.onSpinWait();
    }
    again.countDown();

    assertThat(others.stream().map(build -> build.waitForCompletion(_ -> {})).distinct())
        .hasSize(1);
  }

  @Test
  void whoAsksForAnotherImageOfTheDefinitionWaitsAndBuildsIt() {
    var release = new CountDownLatch(1);
    var first =
        start(
            Progress.SILENT,
            _ -> {
              await(release);
              return records.add(image('a'), false);
            });
    awaitLog(first);
    var other =
        WorkspaceBuild.start(
            records,
            HASH,
            Clock.systemUTC(),
            Progress.SILENT,
            new WorkspaceBuild.Asked("the other", recorded -> recorded.image().equals(image('b'))),
            _ -> records.add(image('b'), false));
    awaitLog(other);
    release.countDown();

    assertThat(other.waitForCompletion(_ -> {}).image()).isEqualTo(image('b'));
    assertThat(first.waitForCompletion(_ -> {}).image()).isEqualTo(image('a'));
  }

  @Test
  void aNewBuildAfterAnEndedOneDoesItsOwnWork() {
    start(Progress.SILENT, _ -> records.add(image('a'), false)).waitForCompletion(_ -> {});
    var again =
        start(Progress.SILENT, _ -> records.add(image('b'), false)).waitForCompletion(_ -> {});

    assertThat(again.number()).isEqualTo(2);
    assertThat(records.history(HASH, Platform.LINUX_AMD64))
        .extracting(it -> it.image().manifest().digest().encoded().charAt(0))
        .containsExactly('a', 'b');
  }

  @Test
  void theSameImageAgainKeepsItsNumber() {
    records.add(image('a'), false);

    assertThat(records.add(image('a'), false).number()).isEqualTo(1);
  }

  @Test
  void aCanceledBuildEndsAsCanceled() {
    var build =
        start(
            Progress.SILENT,
            _ -> {
              await(new CountDownLatch(1));
              throw new AssertionError("not reached");
            });
    while (build.status() != ImageBuild.Status.RUNNING) {
      Thread.onSpinWait();
    }
    build.cancel();

    assertThatThrownBy(() -> build.waitForCompletion(_ -> {})).isInstanceOf(TerroirException.class);
    assertThat(build.status()).isEqualTo(ImageBuild.Status.CANCELED);
  }

  @Test
  void whoFollowsABuildThatIsCanceledGoesOnWithIt() {
    var first =
        start(
            Progress.SILENT,
            _ -> {
              await(new CountDownLatch(1));
              throw new AssertionError("not reached");
            });
    awaitLog(first);
    var second = start(Progress.SILENT, _ -> records.add(image('b'), false));
    awaitLog(second);
    first.cancel();

    assertThat(second.waitForCompletion(_ -> {}).image()).isEqualTo(image('b'));
    assertThat(second.error()).isEmpty();
    assertThatThrownBy(() -> first.waitForCompletion(_ -> {})).isInstanceOf(TerroirException.class);
    assertThat(first.status().word()).isEqualTo("Canceled");
    assertThat(first.error().orElseThrow().code()).isEqualTo(FoundationCode.CANCELED);
    assertThat(first.log().orElseThrow().resolveSibling("status.json"))
        .content()
        .contains("\"Canceled\"");
  }

  private ImageBuild start(Progress progress, Function<Progress, Recorded> work) {
    return start("the usual", progress, work);
  }

  private ImageBuild start(String wish, Progress progress, Function<Progress, Recorded> work) {
    return WorkspaceBuild.start(
        records,
        HASH,
        Clock.systemUTC(),
        progress,
        new WorkspaceBuild.Asked(wish, _ -> true),
        work);
  }

  private static void awaitLog(ImageBuild build) {
    while (build.status() != ImageBuild.Status.RUNNING || build.log().isEmpty()) {
      Thread.onSpinWait();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new FoundationException(Problem.of(FoundationCode.CANCELED, "stopped"), e);
    }
  }

  private static Progress collecting(List<String> lines) {
    return new Progress() {
      @Override
      public void step(String what) {
        lines.add(what);
      }

      @Override
      public void line(String text) {
        lines.add(text);
      }

      @Override
      public void warn(String text) {
        lines.add(text);
      }
    };
  }

  private static BuiltImage image(char digit) {
    var digest = new Digest("sha256", String.valueOf(digit).repeat(64));
    return new BuiltImage(
        HASH,
        "sha256:" + "1".repeat(64),
        Platform.LINUX_AMD64,
        "azureml/azureml_" + HASH,
        Descriptor.of(MediaType.MANIFEST, digest, 100),
        "docker://base:1",
        digest,
        "/opt/env",
        "/opt/env/bin/python",
        true,
        List.of(
            new BuiltImage.BuiltLayer(
                Descriptor.of(MediaType.LAYER_GZIP, digest, 5), digest, List.of("numpy 2.1.0"))),
        5,
        List.of(),
        List.of());
  }
}

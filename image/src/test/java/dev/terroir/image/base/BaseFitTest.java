package dev.terroir.image.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A base image judged against a lock")
class BaseFitTest {
  private static final BasePython PYTHON =
      new BasePython(
          "/usr/bin/python3.11", "3.11", "3.11.2", "/usr/lib/python3.11", true, null, "amd64");

  private static BaseImage image(Platform platform) {
    return new BaseImage(
        "docker://some/base:1",
        platform,
        Descriptor.of(MediaType.MANIFEST, new Digest("sha256", "a".repeat(64)), 1),
        JsonObject.EMPTY,
        List.of(),
        Instant.EPOCH);
  }

  private static BaseFacts debian(List<BasePython> pythons, String glibc) {
    return new BaseFacts(pythons, "glibc", glibc, "debian", "12", "Debian 12", true, null, null);
  }

  private static Lock lock(String... wheels) {
    return new Lock(
        "0".repeat(32),
        Platform.LINUX_AMD64,
        "3.11",
        List.of(),
        List.of(),
        Map.of(),
        List.of(wheels).stream()
            .map(wheel ->
                new LockedPackage(
                    wheel.split("-")[0],
                    "1",
                    new LockedPackage.Artifact("wheel", "", wheel, "0".repeat(64), 1),
                    null,
                    List.of()))
            .toList(),
        Map.of());
  }

  private static List<String> reasons(BaseImage image, BaseFacts facts, Lock lock) {
    var reasons = new java.util.ArrayList<String>();
    assertThatThrownBy(() -> BaseFit.choose(image, facts, lock))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code().id()).isEqualTo("base-not-fit");
              assertThat(e.problem().render()).contains("docker://some/base:1");
              reasons.addAll(e.problem().why());
            });
    return reasons;
  }

  private static List<String> reasons(BaseFacts facts, Lock lock) {
    return reasons(image(Platform.LINUX_AMD64), facts, lock);
  }

  @Test
  void theInterpreterOfTheVersionIsChosen() {
    var other =
        new BasePython("/opt/x/bin/python3.9", "3.9", "3.9", "/opt/x/lib", true, null, "amd64");
    assertThat(
            BaseFit.choose(
                image(Platform.LINUX_AMD64),
                debian(List.of(other, PYTHON), "2.36"),
                lock("a-1-py3-none-any.whl", "b-1-cp311-cp311-manylinux_2_28_x86_64.whl")))
        .contains(PYTHON);
  }

  @Test
  void aBaseWithoutTheVersionSaysWhichItHas() {
    assertThat(reasons(debian(List.of(), "2.36"), lock()))
        .containsExactly("it has no Python: name a base with Python 3.11");
    var other = new BasePython("/usr/bin/python3.9", "3.9", "3.9", "/x", true, null, null);
    assertThat(reasons(debian(List.of(other), "2.36"), lock()))
        .containsExactly(
            "it has no Python 3.11, only 3.9 (/usr/bin/python3.9): name a base with Python 3.11, or"
                + " ask for `python=3.9`");
  }

  @Test
  void aPythonThatCannotServeSaysWhy() {
    var minimal = new BasePython("/usr/bin/python3.11", "3.11", "3.11", "/x", false, null, "amd64");
    assertThat(reasons(debian(List.of(minimal), "2.36"), lock()).getFirst())
        .contains("python3-minimal");
    var bare = new BasePython("/usr/bin/python3.11", "3.11", "3.11", null, false, null, "amd64");
    assertThat(reasons(debian(List.of(bare), "2.36"), lock()).getFirst())
        .contains("no standard library");
    var foreign = new BasePython("/usr/bin/python3.11", "3.11", "3.11", "/x", true, null, "arm64");
    assertThat(reasons(debian(List.of(foreign), "2.36"), lock()).getFirst())
        .contains("program for arm64");
    assertThat(
            BaseFit.choose(
                image(Platform.LINUX_AMD64), debian(List.of(minimal, PYTHON), "2.36"), lock()))
        .contains(PYTHON);
  }

  @Test
  void anOldCLibraryIsToldWithTheWheelThatAsksMost() {
    var reasons =
        reasons(
            debian(List.of(PYTHON), "2.23"),
            lock(
                "a-1-cp311-cp311-manylinux2014_x86_64.whl",
                "b-1-cp311-cp311-manylinux_2_28_x86_64.whl",
                "c-1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"));
    assertThat(reasons).hasSize(1);
    assertThat(reasons.getFirst())
        .startsWith(
            "its glibc is 2.23, `b-1-cp311-cp311-manylinux_2_28_x86_64.whl`"
                + " (`manylinux_2_28_x86_64`) (and one more wheel) needs 2.28: name a base");
  }

  @Test
  void ofSeveralTagsTheEasiestCounts() {
    for (var tags :
        List.of(
            "manylinux_2_28_x86_64.manylinux_2_17_x86_64",
            "manylinux2014_x86_64.manylinux_2_17_x86_64",
            "manylinux2010_x86_64",
            "manylinux1_x86_64",
            "linux_x86_64",
            "any")) {
      assertThat(
              BaseFit.choose(
                  image(Platform.LINUX_AMD64),
                  debian(List.of(PYTHON), "2.17"),
                  lock("a-1-cp311-cp311-" + tags + ".whl")))
          .contains(PYTHON);
    }
  }

  @Test
  void muslAndGlibcDoNotMix() {
    var alpine =
        new BaseFacts(List.of(PYTHON), "musl", null, "alpine", "3.20", null, true, null, null);
    assertThat(reasons(alpine, lock("a-1-cp311-cp311-manylinux_2_17_x86_64.whl")).getFirst())
        .contains("musl", "needs glibc", "manylinux_2_17_x86_64");
    assertThat(
            BaseFit.choose(
                image(Platform.LINUX_AMD64),
                alpine,
                lock("a-1-py3-none-any.whl", "b-1-cp311-cp311-musllinux_1_1_x86_64.whl")))
        .contains(PYTHON);
    assertThat(
            reasons(
                    debian(List.of(PYTHON), "2.36"),
                    lock("a-1-cp311-cp311-musllinux_1_1_x86_64.whl"))
                .getFirst())
        .contains("needs musl");
  }

  @Test
  void oldDistributionsAreNamed() {
    for (var old : List.of("debian 8", "debian 8.11", "ubuntu 14.04", "ubuntu 15.10")) {
      var facts =
          new BaseFacts(
              List.of(PYTHON),
              "glibc",
              "2.36",
              old.split(" ")[0],
              old.split(" ")[1],
              null,
              true,
              null,
              null);
      assertThat(reasons(facts, lock())).as(old).hasSize(1);
      assertThat(reasons(facts, lock()).getFirst()).contains(old, "too old");
    }
    for (var fine : List.of("debian 9", "debian 10", "ubuntu 16.04", "ubuntu 24.04", "rocky 8.9")) {
      var facts =
          new BaseFacts(
              List.of(PYTHON),
              "glibc",
              "2.36",
              fine.split(" ")[0],
              fine.split(" ")[1],
              null,
              true,
              null,
              null);
      assertThat(BaseFit.choose(image(Platform.LINUX_AMD64), facts, lock())).contains(PYTHON);
    }
  }

  @Test
  void allReasonsAreToldAtOnce() {
    var facts =
        new BaseFacts(
            List.of(), "glibc", "2.19", "ubuntu", "14.04", "Ubuntu 14.04", false, null, null);
    assertThat(
            reasons(
                image(Platform.LINUX_ARM64),
                facts,
                lock("a-1-cp311-cp311-manylinux_2_28_x86_64.whl")))
        .hasSize(5)
        .allMatch(reason -> reason.contains(": name a base"))
        .anyMatch(reason -> reason.contains("linux/arm64"))
        .anyMatch(reason -> reason.contains("no Python"))
        .anyMatch(reason -> reason.contains("2.19"))
        .anyMatch(reason -> reason.contains("Ubuntu 14.04"))
        .anyMatch(reason -> reason.contains("/bin/sh"));
  }
}

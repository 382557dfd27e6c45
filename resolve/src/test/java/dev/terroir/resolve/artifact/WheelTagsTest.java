package dev.terroir.resolve.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.platform.Platform;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Platform compatibility tags: which wheel is the best")
class WheelTagsTest {
  private final WheelTags amd64 = new WheelTags("3.11", Platform.LINUX_AMD64);

  @Test
  void theMostSpecificWheelComesFirst() {
    var best =
        List.of(
            "p-1-cp311-cp311-manylinux_2_28_x86_64.whl",
            "p-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "p-1-cp311-abi3-manylinux2014_x86_64.whl",
            "p-1-cp37-abi3-manylinux1_x86_64.whl",
            "p-1-py3-none-manylinux2014_x86_64.whl",
            "p-1-cp311-none-any.whl",
            "p-1-py3-none-any.whl",
            "p-1-py2.py30-none-any.whl");
    assertThat(best)
        .isSortedAccordingTo(Comparator.comparingInt(name -> amd64.rank(name).orElseThrow()));
  }

  @Test
  void whatDoesNotFitHasNoRank() {
    for (var name :
        List.of(
            "p-1-cp312-cp312-manylinux2014_x86_64.whl",
            "p-1-cp311-cp311-manylinux_2_31_x86_64.whl",
            "p-1-cp311-cp311-musllinux_1_1_x86_64.whl",
            "p-1-cp311-cp311-manylinux2014_aarch64.whl",
            "p-1-cp311-cp311-win_amd64.whl",
            "p-1-py2-none-any.whl",
            "p-1.tar.gz")) {
      assertThat(amd64.rank(name)).as(name).isEmpty();
    }
    assertThat(
            new WheelTags("3.11", Platform.LINUX_ARM64)
                .rank("p-1-cp311-cp311-manylinux2014_aarch64.whl"))
        .isPresent();
    assertThat(
            new WheelTags("3.7", Platform.LINUX_AMD64).rank("p-1-cp37-cp37m-manylinux1_x86_64.whl"))
        .isPresent();
  }
}

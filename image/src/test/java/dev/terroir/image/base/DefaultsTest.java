package dev.terroir.image.base;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.DockerSection;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Default bases, and which packages call for a GPU")
class DefaultsTest {
  private static Lock lock(String name, String version) {
    return new Lock(
        "0".repeat(32),
        Platform.LINUX_AMD64,
        "3.11",
        List.of(),
        List.of(),
        Map.of(),
        List.of(
            new LockedPackage(
                name,
                version,
                new LockedPackage.Artifact("wheel", "", "x.whl", "0".repeat(64), 1),
                null,
                List.of())),
        Map.of());
  }

  @ParameterizedTest(name = "{0} {1}: {2}")
  @CsvSource({
    "nvidia-cublas-cu12, 12.1, true",
    "nvidia-cudnn-cu11, 9.1, true",
    "nvidia-ml-py, 12.5, false",
    "tensorflow-gpu, 2.4.0, true",
    "tensorflow, 2.4.0, false",
    "torch, 2.3.1+cu121, true",
    "torch, 2.3.1+cpu, false",
    "torch, 2.3.1, false",
    "cupy-cuda12x, 13.2.0, true",
    "jax-cuda12-plugin, 0.4.30, true",
    "jax, 0.4.30, false",
    "onnxruntime-gpu, 1.18, true",
    "numpy, 2.1.0, false"
  })
  void packagesCallForAGpu(String name, String version, boolean needed) {
    assertThat(GpuRule.builtIn().isNeeded(lock(name, version))).isEqualTo(needed);
    assertThat(GpuRule.builtIn().find(lock(name, version)).isPresent()).isEqualTo(needed);
  }

  @Test
  void everyKindHasABaseAndAWorkspaceMayHaveItsOwn() {
    var bases = DefaultBases.builtIn();
    for (var kind : DefaultBases.Kind.values()) {
      assertThat(bases.reference(kind, "3.11")).doesNotContain("{").isNotBlank();
    }
    assertThat(bases.reference(DefaultBases.Kind.of(false, true), "3.11")).contains("3.11");
    assertThat(bases.get(DefaultBases.Kind.of(true, true)).environment())
        .containsEntry("NVIDIA_VISIBLE_DEVICES", "all");
    var own = bases.with(DefaultBases.Kind.CPU_PYTHON, "oci:/srv/base-{python}");
    assertThat(own.reference(DefaultBases.Kind.CPU_PYTHON, "3.9")).isEqualTo("oci:/srv/base-3.9");
    assertThat(own.get(DefaultBases.Kind.GPU)).isEqualTo(bases.get(DefaultBases.Kind.GPU));
  }

  @Test
  void onlyWhatTheRetiredServicePutThereByItselfIsReplaced() {
    var bases = DefaultBases.builtIn();
    for (var image :
        List.of(
            DockerSection.DEFAULT_CPU_IMAGE,
            "mcr.microsoft.com/azureml/base:0.2.4",
            "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04",
            "mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20200821.v1",
            "mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04:20210615.v1")) {
      assertThat(bases.isRetiredDefault(image)).as(image).isTrue();
    }
    for (var image :
        List.of(
            "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04",
            "mcr.microsoft.com/azureml/curated/sklearn:1",
            "my/openmpi4.1.0-ubuntu20.04",
            "debian:12",
            "")) {
      assertThat(bases.isRetiredDefault(image)).as(image).isFalse();
    }
  }
}

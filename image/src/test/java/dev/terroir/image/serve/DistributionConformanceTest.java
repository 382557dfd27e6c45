package dev.terroir.image.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.image.layout.OciLayout;
import dev.terroir.samples.DistributionSuite;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The conformance suite of the OCI distribution specification")
class DistributionConformanceTest {
  @TempDir Path temporary;

  @Test
  void isPassedWhole() throws Exception {
    var suite = DistributionSuite.shared();
    assumeTrue(suite.isPresent(), "the conformance suite");
    var layout = temporary.resolve("layout");
    DistributionSuite.Outcome outcome;
    try (var registry = WritableRegistry.over(layout)) {
      outcome = suite.get().run(registry.address(), Map.of(), temporary);
    }
    var run = outcome.run();
    assertThat(outcome.others()).as(run.output()).isEmpty();
    assertThat(outcome.cases()).as("the suite has run").isGreaterThan(700);
    assertThat(run.isSuccess()).as(run.error()).isTrue();
    assertThat(run.output()).contains("OCI Conformance Result: Pass");
    var conforming =
        run.output().lines().filter(line -> line.matches("  [A-Z].*\\.: +[A-Za-z]+")).toList();
    assertThat(conforming).as(run.output()).hasSizeGreaterThan(20);
    assertThat(conforming.stream().filter(line -> !line.endsWith(" Pass")).toList())
        .allMatch(line -> line.startsWith("  Sparse Manifests."));
    assertThat(new OciLayout(layout).verify()).isEmpty();
  }
}

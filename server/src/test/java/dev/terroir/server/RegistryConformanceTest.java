package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.samples.DistributionSuite;
import dev.terroir.workspace.accounts.Role;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The suite is the one that the module `image` holds the protocol alone to.
@DisplayName("The conformance suite of the OCI distribution specification, at a server by a token")
class RegistryConformanceTest {
  @TempDir Path temporary;

  @Test
  void isPassedWhole() throws Exception {
    var suite = DistributionSuite.shared();
    assumeTrue(suite.isPresent(), "the conformance suite");
    DistributionSuite.Outcome outcome;
    try (var served = new Served(temporary)) {
      outcome =
          suite
              .get()
              .run(
                  URI.create(served.server.url()).getAuthority(),
                  Map.of(
                      "OCI_USERNAME", "conformance", "OCI_PASSWORD", served.tokens.get(Role.OWNER)),
                  temporary);
    }
    var run = outcome.run();
    assertThat(outcome.others()).as(run.output()).isEmpty();
    assertThat(outcome.cases()).as("the suite has run").isGreaterThan(700);
    assertThat(run.isSuccess()).as(run.output() + run.error()).isTrue();
    assertThat(run.output()).contains("OCI Conformance Result: Pass");
  }
}

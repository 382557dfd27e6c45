package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.process.Command;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

/// The suite is the one that the module `image` holds the protocol alone to, at the same versions.
@DisplayName("The conformance suite of the OCI distribution specification, at a server by a token")
class RegistryConformanceTest {
  private static final String SUITE = "github.com/opencontainers/distribution-spec/conformance";
  private static final Map<String, String> ASKED =
      Map.of(
          "OCI_VERSION", "1.1",
          "OCI_TLS", "disabled",
          "OCI_REPO1", "conformance/repo1",
          "OCI_REPO2", "conformance/repo2",
          "OCI_API_BLOBS_UPLOAD_CANCEL", "true",
          "OCI_DATA_SPARSE", "false");

  @TempDir Path temporary;

  private static Path suite() throws IOException {
    var folder = Path.of("target", "oci-distribution").toAbsolutePath();
    var program = folder.resolve("conformance");
    if (Files.isExecutable(program)) {
      return program;
    }
    var go = Path.of("/usr/local/go/bin/go");
    if (!Files.isExecutable(go)) {
      System.err.println("SKIPPED: no Go");
    }
    assumeTrue(Files.isExecutable(go), "Go");
    Files.createDirectories(folder);
    for (var name : List.of("go.mod", "go.sum")) {
      Files.copy(
          Path.of(System.getProperty("terroir.root"), "image/src/test/resources/oci-distribution")
              .resolve(name),
          folder.resolve(name),
          StandardCopyOption.REPLACE_EXISTING);
    }
    var words = List.of(go.toString(), "build", "-o", program.toString(), SUITE);
    var built = new Command(words, System.getenv(), folder, Duration.ofMinutes(5)).run();
    if (!built.isSuccess()) {
      System.err.println("SKIPPED: Go cannot build the conformance suite here: " + built.error());
    }
    assumeTrue(built.isSuccess(), "the conformance suite");
    return program;
  }

  @Test
  void isPassedWhole() throws Exception {
    var program = suite();
    Command.Result run;
    try (var served = new Served(temporary)) {
      var environment = new HashMap<>(System.getenv());
      environment.keySet().removeIf(name -> name.startsWith("OCI_"));
      environment.putAll(ASKED);
      environment.put("OCI_REGISTRY", URI.create(served.server.url()).getAuthority());
      environment.put("OCI_USERNAME", "conformance");
      environment.put("OCI_PASSWORD", served.tokens.get(Role.OWNER));
      environment.put("OCI_RESULTS_DIR", temporary.resolve("results").toString());
      run =
          new Command(List.of(program.toString()), environment, temporary, Duration.ofMinutes(3))
              .run();
    }
    var cases =
        DocumentBuilderFactory.newDefaultInstance()
            .newDocumentBuilder()
            .parse(temporary.resolve("results/junit.xml").toFile())
            .getElementsByTagName("testcase");
    assertThat(cases.getLength()).as(run.output()).isGreaterThan(500);
    for (int i = 0; i < cases.getLength(); i++) {
      var one = (Element) cases.item(i);
      assertThat(one.getAttribute("status"))
          .as(one.getAttribute("name") + run.output())
          .isNotEqualTo("failed")
          .isNotEqualTo("error");
    }
    assertThat(run.isSuccess()).as(run.output() + run.error()).isTrue();
    assertThat(run.output()).contains("OCI Conformance Result: Pass");
  }
}

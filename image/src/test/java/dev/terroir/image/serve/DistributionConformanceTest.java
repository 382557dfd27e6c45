package dev.terroir.image.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.process.Command;
import dev.terroir.image.Tool;
import dev.terroir.image.layout.OciLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

@DisplayName("The conformance suite of the OCI distribution specification")
class DistributionConformanceTest {
  private static final String SUITE = "github.com/opencontainers/distribution-spec/conformance";

  /// Everything that the suite can ask for, also what a later version of the specification has. It
  /// is told the registry takes no manifests whose parts are missing: that is left to registries.
  private static final Map<String, String> ASKED =
      Map.of(
          "OCI_VERSION", "1.1",
          "OCI_TLS", "disabled",
          "OCI_REPO1", "conformance/repo1",
          "OCI_REPO2", "conformance/repo2",
          "OCI_API_BLOBS_UPLOAD_CANCEL", "true",
          "OCI_API_BLOBS_DIGEST_HEADER", "true",
          "OCI_API_MANIFESTS_DIGEST_HEADER", "true",
          "OCI_API_MANIFESTS_TAG_PARAM", "true",
          "OCI_DATA_SPARSE", "false");

  @TempDir Path temporary;

  /// Built once, at the versions that `go.mod` and `go.sum` of the test's resources name.
  private static Path suite() throws IOException {
    var folder = Path.of("target", "oci-distribution").toAbsolutePath();
    var program = folder.resolve("conformance");
    if (Files.isExecutable(program)) {
      return program;
    }
    var go = Tool.named("go").program();
    Files.createDirectories(folder);
    for (var name : List.of("go.mod", "go.sum")) {
      try (var in =
          DistributionConformanceTest.class.getResourceAsStream("/oci-distribution/" + name)) {
        Files.copy(
            java.util.Objects.requireNonNull(in),
            folder.resolve(name),
            StandardCopyOption.REPLACE_EXISTING);
      }
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
    var layout = temporary.resolve("layout");
    Command.Result run;
    try (var registry = WritableRegistry.over(layout)) {
      var environment = new HashMap<>(System.getenv());
      environment.keySet().removeIf(name -> name.startsWith("OCI_"));
      environment.putAll(ASKED);
      environment.put("OCI_REGISTRY", registry.address());
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
    var others = new ArrayList<String>();
    for (int i = 0; i < cases.getLength(); i++) {
      var one = (Element) cases.item(i);
      if (!one.getAttribute("status").equals("passed")) {
        others.add(one.getAttribute("name") + ": " + one.getAttribute("status"));
      }
    }
    assertThat(others).as(run.output()).isEmpty();
    assertThat(cases.getLength()).as("the suite has run").isGreaterThan(700);
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

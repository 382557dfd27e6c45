package dev.terroir.samples;

import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/// The OCI distribution specification's own conformance suite, a program in Go, at the version that
/// `go.mod` beside it names. Immutable.
///
/// @since 0.1
public final class DistributionSuite {
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

  private final Path program;

  private DistributionSuite(Path program) {
    this.program = program;
  }

  /// What a run of it found.
  ///
  /// @param cases how many it has
  /// @param others those that did not pass, each with its status
  /// @param run what it printed, and its exit code
  public record Outcome(int cases, List<String> others, Command.Result run) {}

  /// The one that all tests of the build share, below `samples/target`; system property
  /// `terroir.root` says where the build is.
  ///
  /// @return empty when it cannot be had; why is printed
  public static Optional<DistributionSuite> shared() throws IOException {
    var folder =
        Path.of(System.getProperty("terroir.root", ""), "samples", "target", "oci-distribution")
            .toAbsolutePath();
    var program = folder.resolve("conformance");
    Files.createDirectories(folder);
    try (var _ = ProcessLock.acquire(folder.resolve(".lock"), Duration.ofMinutes(10))) {
      if (!Files.isExecutable(program) && !build(folder, program)) {
        return Optional.empty();
      }
    }
    return Optional.of(new DistributionSuite(program));
  }

  private static boolean build(Path folder, Path program) throws IOException {
    var go =
        Stream.of(Settings.system().get("PATH").orElse("").split(":"))
            .map(directory -> Path.of(directory, "go"))
            .filter(Files::isExecutable)
            .findFirst();
    if (go.isEmpty()) {
      System.err.println("SKIPPED: no program `go`; install the Debian package golang-go");
      return false;
    }
    for (var name : List.of("go.mod", "go.sum")) {
      try (var in = DistributionSuite.class.getResourceAsStream("oci-distribution/" + name)) {
        Files.copy(
            Objects.requireNonNull(in), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    var words = List.of(go.get().toString(), "build", "-o", program.toString(), SUITE);
    var built =
        new Command(words, Settings.system().variables(), folder, Duration.ofMinutes(5)).run();
    if (!built.isSuccess()) {
      System.err.println("SKIPPED: Go cannot build the conformance suite here: " + built.error());
    }
    return built.isSuccess();
  }

  /// Runs it against a registry without TLS.
  ///
  /// @param address host and port
  /// @param more variables, such as `OCI_USERNAME`
  /// @param folder where its results go
  public Outcome run(String address, Map<String, String> more, Path folder) throws Exception {
    var environment = new HashMap<>(Settings.system().variables());
    environment.keySet().removeIf(name -> name.startsWith("OCI_"));
    environment.putAll(ASKED);
    environment.putAll(more);
    environment.put("OCI_REGISTRY", address);
    environment.put("OCI_RESULTS_DIR", folder.resolve("results").toString());
    var run =
        new Command(List.of(program.toString()), environment, folder, Duration.ofMinutes(3)).run();
    var cases =
        DocumentBuilderFactory.newDefaultInstance()
            .newDocumentBuilder()
            .parse(folder.resolve("results/junit.xml").toFile())
            .getElementsByTagName("testcase");
    var others = new ArrayList<String>();
    for (int i = 0; i < cases.getLength(); i++) {
      var one = (Element) cases.item(i);
      if (!one.getAttribute("status").equals("passed")) {
        others.add(one.getAttribute("name") + ": " + one.getAttribute("status"));
      }
    }
    return new Outcome(cases.getLength(), List.copyOf(others), run);
  }
}

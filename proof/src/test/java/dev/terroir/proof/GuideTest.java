package dev.terroir.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.cli.DebianBase;
import dev.terroir.cli.LoopbackRegistry;
import dev.terroir.cli.OwnStore;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The channels `anaconda` and `conda-forge` are played by packages made of the Python index; the
/// registry that served the retired service's base images by one on loopback that holds a Debian.
@DisplayName("The guide that defines the mission: every block of it runs, in its order")
class GuideTest {
  private static final String BASE = "azureml/base:intelmpi2018.3-ubuntu16.04";

  @TempDir Path folder;
  private Map<String, String> variables;
  private Path project;

  private static Path guide() {
    var root = System.getProperty("terroir.conformance", "");
    var file = Path.of(root).resolveSibling("reference/environments-guide-2020-nl.md");
    if (root.isEmpty() || !Files.isRegularFile(file)) {
      System.err.println("SKIPPED: the guide is not beside the conformance data");
    }
    assumeTrue(!root.isEmpty() && Files.isRegularFile(file), "the guide");
    return file;
  }

  private String terroir(String... words) {
    var command = new ArrayList<>(List.of(Clients.terroir().toString()));
    command.addAll(List.of(words));
    var result = new Command(command, variables, project, Duration.ofMinutes(5)).run();
    assertThat(result.isSuccess()).as(command + "\n" + result.error()).isTrue();
    return result.output();
  }

  @Test
  void everyBlockOfItRuns() throws IOException {
    var guide = guide();
    var own = Path.of(System.getProperty("terroir.root"), "proof/src/test/guide");
    project = folder.resolve("project");
    Trees.copy(own.resolve("project"), project);
    variables = Clients.variables(folder);
    Files.createDirectories(folder.resolve("people"));
    channels();
    variables.putAll(
        OwnStore.variables(Files.createDirectories(folder.resolve("engine")), "overlay"));
    try (var registry = LoopbackRegistry.start(folder.resolve("registry"))) {
      serveBases(registry);
      terroir("workspace", "create", "-n", "guide");
      for (var kind : List.of("cpu", "cpu-python")) {
        terroir("workspace", "update", "--default-base", kind + "=" + DebianBase.location());
      }
      makeCondaEnvironment();
      variables.put("GUIDE_REGISTRY", registry.address());
      variables.put("GUIDE_AZ", AzureCli.az(folder, variables).toString());
      var command =
          List.of(
              Clients.python("guide-python").toString(),
              own.resolve("guide.py").toString(),
              guide.toString(),
              own.resolve("corrections.json").toString(),
              project.toString());
      var log = folder.resolve("guide.log");
      var builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().clear();
      builder.environment().putAll(variables);
      var process = builder.start();
      try {
        if (!process.waitFor(15, java.util.concurrent.TimeUnit.MINUTES)) {
          process.destroyForcibly();
        }
        assertThat(process.waitFor()).as(Files.readString(log)).isZero();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      assertThat(Files.readString(log)).contains("all 26 blocks of the guide ran");
    }
  }

  private void channels() throws IOException {
    var python = SampleChannel.python();
    assumeTrue(python.isPresent(), "python3.11");
    var forge = CondaChannel.at(folder.resolve("channels/conda-forge"));
    forge.add(CondaSample.ofInterpreter(python.get()));
    for (var wheel :
        download(
            python.get(), "pip", "scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl")) {
      forge.add(CondaSample.ofWheel(wheel));
    }
    var info = "site-packages/numpy-1.17.0.dist-info/";
    // The guide's numpy is older than every Python that is tested here: a module stands for it.
    forge.add(
        CondaSample.of("numpy", "1.17.0")
            .noarchPython()
            .build("pyh0_0", 0)
            .depends("python")
            .text("site-packages/numpy/__init__.py", "__version__ = '1.17.0'\n")
            .text(info + "METADATA", "Metadata-Version: 2.1\nName: numpy\nVersion: 1.17.0\n")
            .text(info + "INSTALLER", "conda\n")
            .text(info + "RECORD", "numpy/__init__.py,,\nnumpy-1.17.0.dist-info/METADATA,,\n"));
    forge.add(
        CondaSample.of("greeter", "1.0").noarchGeneric().text("share/greeter.txt", "hello\n"));
    forge.index();
    CondaChannel.at(folder.resolve("channels/anaconda")).index();
    variables.put("CONDA_CHANNEL_ALIAS", folder.resolve("channels").toUri().toString());
  }

  private List<Path> download(Path python, String... requirements) throws IOException {
    var wheels = folder.resolve("wheels-of-conda");
    var command = new ArrayList<>(List.of(python.toString(), "-m", "pip", "download", "-q"));
    command.addAll(List.of("--only-binary=:all:", "--dest", wheels.toString()));
    command.addAll(List.of(requirements));
    var result =
        new Command(command, Settings.system().variables(), null, Duration.ofMinutes(5)).run();
    if (!result.isSuccess()) {
      System.err.println("SKIPPED: the Python index does not deliver\n" + result.error());
    }
    assumeTrue(result.isSuccess(), "a Python index");
    try (var list = Files.list(wheels)) {
      return list.sorted().toList();
    }
  }

  /// The bases that the guide names, at the address it names, which a setting of the engine's leads
  /// here.
  private void serveBases(LoopbackRegistry registry) throws IOException {
    variables.put("REGISTRY_AUTH_FILE", registry.credentials().toString());
    for (var name : List.of("mcr/" + BASE, "azureml/base:own")) {
      var command =
          List.of(
              "skopeo",
              "copy",
              "--quiet",
              "--authfile",
              registry.credentials().toString(),
              "--dest-tls-verify=false",
              DebianBase.location(),
              "docker://" + registry.address() + "/" + name);
      var result = new Command(command, variables, project, Duration.ofMinutes(5)).run();
      assertThat(result.isSuccess()).as(command + result.error()).isTrue();
    }
    var mirrors =
        Files.writeString(
            folder.resolve("registries.conf"),
            """
            [[registry]]
            prefix = "mcr.microsoft.com"
            location = "%1$s/mcr"
            insecure = true
            [[registry]]
            location = "%1$s"
            insecure = true
            """
                .formatted(registry.address()));
    variables.put("CONTAINERS_REGISTRIES_CONF", mirrors.toString());
  }

  /// The environment that somebody has made with conda.
  private void makeCondaEnvironment() throws IOException {
    Files.writeString(
        project.resolve("mycondaenv.yml"),
        "channels: [conda-forge]\ndependencies: [python=3.11, greeter]\n");
    terroir("environment", "create", "-n", "made", "-f", "mycondaenv.yml", "-d", "made");
    var text = terroir("environment", "install", "-d", "made");
    var prefix = dev.terroir.foundation.json.JsonReader.parseObject(text, "output").string("path");
    var environments = Files.createDirectories(folder.resolve("conda-environments"));
    Files.createSymbolicLink(environments.resolve("mycondaenv"), Path.of(prefix));
    variables.put("CONDA_ENVS_DIRS", environments.toString());
  }
}

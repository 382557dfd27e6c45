package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.LockedPackage;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The channel `conda-forge` is played by one of real packages of the Python index.
@DisplayName("A real file with conda packages and a pip section")
class RealCondaFileTest {
  private static final String IMPORTS =
      "import numpy, pandas, matplotlib, sys; print(numpy.__version__, numpy.__file__, sys.prefix)";

  @TempDir Path folder;

  private static Path wheels(Path folder, Path python, String... requirements) {
    var command =
        new ArrayList<>(
            List.of(python.toString(), "-m", "pip", "download", "-q", "--only-binary=:all:"));
    command.addAll(List.of("--dest", folder.toString()));
    command.addAll(List.of(requirements));
    var result =
        new Command(command, Settings.system().variables(), null, Duration.ofMinutes(5)).run();
    if (!result.isSuccess()) {
      System.err.println("SKIPPED: the Python index does not deliver\n" + result.error());
    }
    assumeTrue(result.isSuccess(), "a Python index");
    return folder;
  }

  @Test
  void itsPackagesAreOneSetAsPrefixAndAsImage() throws IOException {
    var root = System.getProperty("terroir.conformance", "");
    var file = Path.of(root, "files/binder-examples+python-conda_pip/environment.yml");
    if (root.isEmpty() || !Files.isRegularFile(file)) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty() && Files.isRegularFile(file), "conformance data");
    var python = SampleChannel.python();
    assumeTrue(python.isPresent(), "python3.11");
    var own =
        wheels(folder.resolve("conda-wheels"), python.get(), "--no-deps", "numpy==2.1.3", "pip");
    var channel = CondaChannel.at(folder.resolve("channels/conda-forge"));
    channel.add(CondaSample.ofInterpreter(python.get()));
    try (var list = Files.list(own)) {
      for (var wheel : list.toList()) {
        channel.add(CondaSample.ofWheel(wheel));
      }
    }
    channel.index();
    var links =
        wheels(
            folder.resolve("pip-wheels"),
            python.get(),
            "nbgitpuller",
            "sphinx-gallery",
            "pandas",
            "matplotlib");
    var terroir =
        new Terroir(
            folder,
            List.of(
                Settings.TERROIR_RATTLER + "=" + Terroir.rattler(),
                "PIP_FIND_LINKS=" + links,
                "CONDA_CHANNEL_ALIAS=" + folder.resolve("channels").toUri()));
    terroir.run("workspace create -n team").succeeds();
    terroir
        .run(
            "environment create --name real --file "
                + file
                + " --directory "
                + terroir.project.resolve("real"))
        .succeeds();
    terroir.run("environment register -d " + terroir.project.resolve("real")).succeeds();
    terroir
        .run("environment lock -n real --file " + terroir.project.resolve("real.lock"))
        .succeeds();
    var lock = LockFile.read(terroir.project.resolve("real.lock"));
    assertThat(lock.conda().find("numpy").map(CondaPackage::version)).contains("2.1.3");
    var ofIndex = lock.packages().stream().map(LockedPackage::name).toList();
    assertThat(ofIndex).contains("pandas", "matplotlib", "nbgitpuller", "sphinx-gallery");
    assertThat(lock.conda().packages().stream().flatMap(it -> it.distributions().stream()))
        .extracting(CondaPackage.Distribution::name)
        .contains("numpy", "pip")
        .doesNotContainAnyElementsOf(ofIndex);

    var installed = terroir.run("environment install -n real").succeeds().json();
    var run =
        new Command(
                List.of(installed.string("python"), "-c", IMPORTS),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(2))
            .run();
    assertThat(run.output()).as(run.error()).startsWith("2.1.3 " + installed.string("path"));
    var check =
        new Command(
                List.of(installed.string("python"), "-m", "pip", "check"),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(2))
            .run();
    assertThat(check.output()).contains("No broken requirements found");

    var layout = folder.resolve("images");
    terroir
        .run(
            "image build --no-bytecode -d "
                + terroir.project.resolve("real")
                + " --base "
                + DebianBase.location()
                + " --to oci:"
                + layout
                + ":real")
        .succeeds();
    var podman = new Podman(Files.createDirectories(folder.resolve("podman")), "overlay");
    var id = podman.pull("oci:" + layout + ":real");
    var inside = podman.in(id, "python", "-c", IMPORTS);
    assertThat(inside.output()).as(inside.error()).contains("2.1.3 /opt/env/lib/", " /opt/env");
    assertThat(podman.in(id, "pip", "check").output()).contains("No broken requirements found");
  }
}

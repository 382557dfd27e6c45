package dev.terroir.prefix.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.prefix.Prefixes;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.Resolver;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.resolve.tool.UvProgram;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Jupyter kernels (jupyter_client: kernel specs)")
class KernelSpecTest {
  /// Talks to the kernel as a notebook does.
  private static final String NOTEBOOK =
      """
      from jupyter_client.kernelspec import KernelSpecManager
      from jupyter_client.manager import start_new_kernel
      print(KernelSpecManager().get_kernel_spec("demo").display_name)
      manager, client = start_new_kernel(kernel_name="demo", startup_timeout=120)
      try:
          for code in ("1+1", "import os; os.environ['GREETING']", "import sys; sys.prefix"):
              found = []
              client.execute_interactive(
                  code, timeout=60,
                  output_hook=lambda message: found.append(message["content"].get("data", {}).get("text/plain")))
              print([text for text in found if text][0])
      finally:
          client.stop_channels()
          manager.shutdown_kernel(now=True)
      """;

  @TempDir Path folder;

  @Test
  @Tag("network")
  void jupyterStartsTheKernelAndItComputes() {
    var tools = Path.of(System.getProperty("terroir.root"), "cli", "target", "test-tools");
    var system = Settings.system().with(Settings.TERROIR_HOME, tools.toString());
    var settings =
        system
            .with(
                Settings.TERROIR_UV,
                UvProgram.find(system, TerroirHome.of(system), Progress.SILENT).toString())
            .with(Settings.TERROIR_HOME, folder.resolve("home").toString())
            .with("JUPYTER_DATA_DIR", folder.resolve("jupyter").toString())
            .with("JUPYTER_RUNTIME_DIR", folder.resolve("runtime").toString());
    var home = TerroirHome.of(settings);
    var uv = Uv.open(settings, home, Progress.SILENT);
    var environment =
        Environment.of(
            "demo",
            CondaDependencies.parse(
                "dependencies:\n- python=" + python() + "\n- pip: [ipykernel]\n", "test"));
    try {
      var lock =
          new Resolver(uv, Replacements.DEFAULT, CondaOptions.DEFAULT)
              .resolve(
                  environment,
                  new Resolver.Target(Platform.current(), null, folder),
                  Progress.SILENT);
      var python =
          new Prefixes(home, () -> uv, CondaOptions.DEFAULT).realise(lock, Progress.SILENT);
      KernelSpec.install("demo", lock, python, Map.of("GREETING", "hello"), settings);
      var result =
          new Command(
                  List.of(python.python().toString(), "-c", NOTEBOOK),
                  settings.variables(),
                  folder,
                  Duration.ofMinutes(5))
              .run();
      assertThat(result.output().lines())
          .as(result.error())
          .containsExactly("demo (Terroir)", "2", "'hello'", "'" + python.directory() + "'");
    } catch (ResolveException e) {
      if (e.problem().code() == ResolveCode.INDEX_UNREACHABLE) {
        abort("SKIPPED: the Python index does not answer, so there is no Jupyter to try");
      }
      throw e;
    }
  }

  private static String python() {
    return new Command(
            List.of("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"),
            Settings.system().variables(),
            null,
            Duration.ofSeconds(30))
        .run()
        .output()
        .strip();
  }
}

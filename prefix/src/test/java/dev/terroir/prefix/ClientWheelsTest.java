package dev.terroir.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.export.LockExport;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.Resolver;
import dev.terroir.resolve.artifact.ClientWheels;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName(
    "The retired service's packages: Terroir's own clients take their place, from the program")
class ClientWheelsTest {
  @TempDir Path folder;
  private Settings settings;
  private TerroirHome home;

  @BeforeEach
  void begin() throws IOException {
    settings = Wheel.settings(folder);
    Wheel.write(folder.resolve("wheels"));
    home = TerroirHome.of(settings);
  }

  private Uv uv() {
    return Uv.open(settings, home, Progress.SILENT);
  }

  private Lock resolve(String python, String... lines) {
    return new Resolver(uv(), Replacements.DEFAULT, CondaOptions.DEFAULT)
        .resolve(
            Environment.of("e", CondaDependencies.create(List.of(lines), List.of(), python)),
            new Resolver.Target(Platform.current(), null, folder),
            Progress.SILENT);
  }

  @Test
  void theyAreLockedByNameAndHashAndTheSameEverywhere() {
    var lock = resolve(Wheel.python(), "azureml-train-core");
    assertThat(lock.packages().stream().map(LockedPackage::name))
        .contains("terroir", "terroir-azureml");
    assertThat(lock.get("terroir-azureml").artifact().url())
        .isEqualTo("terroir:wheels/" + lock.get("terroir-azureml").artifact().fileName());
    assertThat(lock.get("terroir").requiredBy()).containsExactly("terroir-azureml");
    assertThat(LockExport.requirements(lock)).doesNotContain(folder.toString());
    var here = ClientWheels.here(lock, home);
    assertThat(here.digest()).isEqualTo(lock.digest());
    assertThat(LockExport.pylock(here))
        .contains(home.data().resolve("client-wheels").toUri().toString());
  }

  @Test
  void aPrefixHoldsThem() {
    var lock = resolve(Wheel.python(), "azureml-pipeline");
    var prefixes = new Prefixes(home, this::uv, CondaOptions.DEFAULT);
    var python = prefixes.realise(lock, Progress.SILENT).python().toString();
    assertThat(
            Wheel.output(
                python, "-c", "import azureml.pipeline.steps, terroir; print(terroir.__name__)"))
        .isEqualTo("terroir");
  }

  @Test
  void aPythonThatIsTooOldGoesWithoutThem() {
    var warnings = new ArrayList<String>();
    var lock =
        new Resolver(uv(), Replacements.DEFAULT, CondaOptions.DEFAULT)
            .resolve(
                Environment.of(
                    "e", CondaDependencies.create(List.of("azureml-telemetry"), List.of(), "3.7")),
                new Resolver.Target(Platform.current(), null, folder),
                Warnings.to(warnings));
    assertThat(lock.packages()).isEmpty();
    assertThat(warnings.toString()).contains("`terroir-azureml` needs Python >=3.8", "3.7");
  }

  @Test
  void aLockOfAnotherTerroirSaysSo() {
    var foreign =
        new LockedPackage(
            "terroir",
            "9.9",
            new LockedPackage.Artifact(
                "wheel",
                "terroir:wheels/terroir-9.9-py3-none-any.whl",
                "terroir-9.9-py3-none-any.whl",
                "0".repeat(64),
                1),
            null,
            List.of());
    assertThatThrownBy(() -> ClientWheels.here(foreign, home))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e -> assertThat(e.problem().code().id()).isEqualTo("client-wheel-gone"));
  }
}

package dev.terroir.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The example of the README, with real packages from the index")
class TrainAndServeTest {
  @Test
  void defineTrainAndServe(@TempDir Path home) {
    var settings = Settings.system().with(Settings.TERROIR_HOME, home.toString());
    var python =
        new Command(
                List.of("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"),
                settings.variables(),
                null,
                Duration.ofSeconds(30))
            .run()
            .output()
            .strip();
    var project = Path.of(System.getProperty("terroir.root"), "examples", "project");
    assertThat(TrainAndServe.run(project, python, settings)).isEqualTo("{\"y\": 42.0}");
  }
}

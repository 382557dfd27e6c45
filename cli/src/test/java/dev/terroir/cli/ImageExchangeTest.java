package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.layout.OciLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Images between Terroir, skopeo and Debian's docker-registry")
class ImageExchangeTest {
  private static final Path SKOPEO = Path.of("/usr/bin/skopeo");

  @TempDir Path folder;

  private static String skopeo(String... arguments) {
    var line = new ArrayList<>(List.of(SKOPEO.toString(), "--insecure-policy"));
    line.addAll(List.of(arguments));
    var result =
        new Command(line, Settings.system().variables(), null, Duration.ofMinutes(2)).run();
    assertThat(result.isSuccess()).as(line + ": " + result.error()).isTrue();
    return result.output();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd"})
  void keepTheirDigestOnEveryWay(String compression) throws Exception {
    if (!Files.isExecutable(SKOPEO)) {
      System.err.println("SKIPPED: no program `skopeo`; install the Debian package");
    }
    assumeTrue(Files.isExecutable(SKOPEO), "skopeo");
    var base = SmallBase.make(folder.resolve("base"), Terroir.python());
    var terroir = new Terroir(folder);
    terroir.write("requirements.txt", "beta\n");
    try (var registry = new DebianRegistry(folder.resolve("registry"), "")) {
      var ours = "docker://" + registry.address() + "/team/ours:1";
      var theirs = "docker://" + registry.address() + "/team/theirs:1";
      var layout = "oci:" + folder.resolve("layout") + ":1";
      var digest =
          terroir
              .run(
                  "image build -f "
                      + terroir.project.resolve("requirements.txt")
                      + " --compression "
                      + compression,
                  "--base",
                  base,
                  "--to",
                  ours,
                  "--to",
                  layout)
              .succeeds()
              .json()
              .string("digest");

      var seen = JsonReader.parseObject(skopeo("inspect", "--tls-verify=false", ours), "skopeo");
      assertThat(seen.string("Digest")).isEqualTo(digest);
      assertThat(seen.strings("Env")).contains("AZUREML_ENVIRONMENT_IMAGE=True");
      assertThat(seen.strings("Layers")).as("base, prefix, alpha, beta").hasSize(4);

      var back = folder.resolve("back");
      skopeo("copy", "--src-tls-verify=false", "--preserve-digests", ours, "oci:" + back + ":1");
      assertThat(new OciLayout(back).verify()).isEmpty();
      assertThat(new OciLayout(back).find("1").orElseThrow().digest()).hasToString(digest);

      skopeo("copy", "--dest-tls-verify=false", "--preserve-digests", layout, theirs);
      var inspected = terroir.run("image inspect " + theirs).succeeds().json();
      assertThat(inspected.string("digest")).isEqualTo(digest);
      assertThat(inspected.stringMap("packages")).containsEntry("beta", "1.0");
    }
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.layout.OciLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The bytes of an image are those of every machine and every day")
class ImageGoldenTest {
  @TempDir Path folder;

  /// Whoever changes these digests makes every image of every user another one: give the build's
  /// format in `ImageBuilder` another number with it. Byte-code is left out, as each patch version
  /// of Python compiles to other bytes.
  @ParameterizedTest
  @CsvSource({
    "gzip, sha256:4fe054b4349dce1dfb871817262ff311476b47db3f2f273a922ff84b3ecda3b6",
    "zstd, sha256:63fa1580557a2ba385c4733040c7dd85495e40f9a58ea92c977df8e984b4dd2f",
  })
  void aSmallLockHasItsDigest(String compression, String digest) throws Exception {
    var base = SmallBase.make(folder.resolve("base"), "3.11");
    var terroir = new Terroir(folder);
    var files = new LinkedHashMap<String, String>();
    files.put("golden/__init__.py", "def main():\n  print('golden')\n");
    files.put("golden/data.txt", "data ".repeat(10_000));
    files.put("golden-1.0.data/scripts/golden-run", "#!python\nprint()\n");
    files.put("golden-1.0.dist-info/entry_points.txt", "[console_scripts]\ngolden=golden:main\n");
    var wheels = folder.resolve("wheels");
    var wheel = WheelHouse.stored(wheels, "golden", "1.0", List.of("silver"), files);
    WheelHouse.stored(wheels, "silver", "2.0", List.of(), java.util.Map.of("silver.py", "X = 1\n"));
    assertThat(Sha256.of(wheel).hex())
        .as("the wheel itself")
        .isEqualTo("21567c85bfe76500eae782ef7cb79400b07c3c7fff7cad27813f10f11d140e71");
    terroir.write(
        "environment/conda_dependencies.yml", "dependencies:\n- python=3.11\n- pip: [golden]\n");
    terroir.write("environment/azureml_environment.json", "{\"name\": \"golden\"}");

    var layout = folder.resolve("layout");
    var built =
        terroir
            .run(
                "image build --no-bytecode --platform linux/amd64 --compression "
                    + compression
                    + " -d "
                    + terroir.directory(),
                "--base",
                base,
                "--to",
                "oci:" + layout + ":1")
            .succeeds()
            .json();

    assertThat(built.string("lockDigest"))
        .isEqualTo("sha256:d5f0bdcb6fbe49dd70e8b4a707008d8b110cd49619ff342b57aadbca973c697c");
    assertThat(built.string("digest")).isEqualTo(digest);
    assertThat(new OciLayout(layout).verify()).isEmpty();
  }
}

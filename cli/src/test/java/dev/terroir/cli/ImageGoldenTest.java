package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.layout.OciLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
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

  @Test
  void anotherUserWithHomeUmaskTimeZoneLocaleAndProcessorOfTheirOwnMakesTheSameBytes()
      throws Exception {
    var isRoot = "root".equals(System.getProperty("user.name"));
    if (!isRoot || !Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
      System.err.println("SKIPPED: only root can build as another user, by the program `setpriv`");
    }
    assumeTrue(isRoot && Files.isExecutable(Path.of("/usr/bin/setpriv")), "root and setpriv");
    // The folders of tests are closed to others.
    var open = Files.createTempDirectory("terroir-open");
    try {
      run(List.of("chmod", "755", open.toString()));
      var python = systemPython();
      var base = SmallBase.make(open.resolve("base"), python);
      var wheels = WheelHouse.make(open.resolve("wheels"));
      var uv = Files.copy(Terroir.uv(), open.resolve("uv"), StandardCopyOption.COPY_ATTRIBUTES);
      var variables =
          List.of("PATH=/usr/bin:/bin", "PIP_FIND_LINKS=" + wheels, Settings.TERROIR_UV + "=" + uv);
      var here = build(new Terroir(folder, variables), base, List.of());

      var other = new ArrayList<>(variables);
      other.addAll(List.of("HOME=" + open.resolve("theirs"), "TZ=Asia/Kolkata"));
      other.addAll(List.of("LC_ALL=tr_TR.UTF-8", "LANG=tr_TR.UTF-8", "USER=nobody"));
      var terroir = new Terroir(Files.createDirectories(open.resolve("theirs")), other);
      terroir.copyClassPath(open.resolve("classes"));
      terroir.write("requirements.txt", "beta\n");
      run(List.of("chmod", "-R", "a+rX", open.toString()));
      run(List.of("chown", "-R", "65534:65534", open.resolve("theirs").toString()));
      var as =
          List.of(
              "sh",
              "-c",
              "umask 077; exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"",
              "sh",
              "taskset",
              "-c",
              "0");
      var there = build(terroir, base, as);

      assertThat(there).isEqualTo(here);
      assertThat(Files.getAttribute(terroir.home.resolve("cache"), "unix:uid")).isEqualTo(65534);
    } finally {
      Trees.delete(open);
    }
  }

  private static String build(Terroir terroir, String base, List<String> as) {
    terroir.write("requirements.txt", "beta\n");
    var words = "image build -f requirements.txt --base " + base + " --to oci:out:1";
    var digest = terroir.process(as, words).succeeds().json().string("digest");
    assertThat(new OciLayout(terroir.project.resolve("out")).verify()).isEmpty();
    return digest;
  }

  private static String systemPython() {
    return run(
        List.of("/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"));
  }

  private static String run(List<String> line) {
    var result =
        new Command(line, Settings.system().variables(), null, Duration.ofMinutes(1)).run();
    assertThat(result.isSuccess()).as(line + ": " + result.error()).isTrue();
    return result.output().strip();
  }
}

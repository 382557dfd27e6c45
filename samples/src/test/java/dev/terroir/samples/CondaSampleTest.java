package dev.terroir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Packages (conda's package specification)")
class CondaSampleTest {
  @TempDir Path folder;

  @ParameterizedTest(name = "{0}")
  @EnumSource(CondaFormat.class)
  void bothFormatsHoldTheSameInfo(CondaFormat format) throws IOException {
    var sample =
        CondaSample.of("thing", "1.2")
            .build("h0_3", 3)
            .depends("libfoo >=1")
            .constrains("other <2")
            .trackFeatures("slow")
            .runExports("weak", "thing >=1.2")
            .textWithPrefix("etc/thing.conf", "root={prefix}\n", 0644)
            .symlink("etc/link.conf", "thing.conf")
            .build();
    var file = sample.write(folder, format);
    assertThat(file.getFileName()).hasToString("thing-1.2-h0_3" + format.suffix());
    var index = PackageReader.index(file);
    assertThat(index.string("name")).isEqualTo("thing");
    assertThat(index.longValue("build_number")).isEqualTo(3);
    assertThat(index.strings("depends")).containsExactly("libfoo >=1");
    assertThat(index.strings("constrains")).containsExactly("other <2");
    assertThat(index.string("track_features")).isEqualTo("slow");
    var paths = JsonReader.parseObject(PackageReader.info(file, "paths.json").orElseThrow(), "");
    assertThat(paths.objects("paths").get(0).string("prefix_placeholder"))
        .isEqualTo(CondaSample.PLACEHOLDER)
        .hasSize(255);
    assertThat(paths.objects("paths").get(1).string("path_type")).isEqualTo("softlink");
    assertThat(paths.objects("paths").get(1).string("sha256"))
        .isEqualTo(paths.objects("paths").get(0).string("sha256"));
    assertThat(PackageReader.info(file, "has_prefix").orElseThrow())
        .isEqualTo(CondaSample.PLACEHOLDER + " text etc/thing.conf\n");
    assertThat(PackageReader.info(file, "files").orElseThrow())
        .isEqualTo("etc/thing.conf\netc/link.conf\n");
    assertThat(PackageReader.info(file, "run_exports.json").orElseThrow()).contains("thing >=1.2");
  }

  @Test
  void pureWheelBecomesNoarch() throws IOException {
    var sample = CondaSample.ofWheel(wheel("py3-none-any")).build();
    assertThat(sample.stem()).isEqualTo("my-tool-1.5-pyhd_0");
    assertThat(sample.subdir()).isEqualTo("noarch");
    assertThat(sample.files())
        .extracting(SampleFile::path)
        .contains(
            "site-packages/my_tool.py",
            "site-packages/my_tool-1.5.dist-info/INSTALLER",
            "python-scripts/old-script");
    var file = sample.write(folder, CondaFormat.CONDA);
    assertThat(PackageReader.info(file, "link.json").orElseThrow())
        .contains("\"my-tool = my_tool:main\"");
    assertThat(PackageReader.index(file).strings("depends"))
        .containsExactly("click >=7,<9", "python");
  }

  @Test
  void compiledWheelLiesInTheSitePackagesOfItsPython() throws IOException {
    var sample = CondaSample.ofWheel(wheel("cp311-cp311-manylinux_2_17_x86_64")).build();
    assertThat(sample.stem()).isEqualTo("my-tool-1.5-py311_0");
    assertThat(sample.subdir()).isEqualTo("linux-64");
    assertThat(sample.files())
        .extracting(SampleFile::path)
        .contains("lib/python3.11/site-packages/my_tool.py", "bin/my-tool", "bin/old-script");
    var file = sample.write(folder, CondaFormat.CONDA);
    assertThat(PackageReader.index(file).strings("depends"))
        .containsExactly("click >=7,<9", "python >=3.11,<3.12.0a0");
    assertThat(PackageReader.info(file, "has_prefix").orElseThrow())
        .contains(" text bin/my-tool\n", " text bin/old-script\n");
  }

  @Test
  void wheelOfAnyKindRunsOnceInstalled() throws IOException {
    var rattler = Rattler.shared();
    assumeTrue(rattler.isPresent(), "py-rattler cannot be installed");
    var python = SampleChannel.python();
    assumeTrue(python.isPresent(), "no Python 3.11 here");
    var channel = CondaChannel.at(folder.resolve("channel"));
    channel.add(CondaSample.ofInterpreter(python.get()).build(), CondaFormat.CONDA);
    channel.add(CondaSample.of("click", "8.0"));
    channel.add(CondaSample.ofWheel(wheel("py3-none-any")).build(), CondaFormat.TAR_BZ2);
    channel.add(CondaSample.ofWheel(wheel("cp311-cp311-manylinux_2_17_x86_64")));
    channel.index();
    for (var build : new String[] {"pyhd_0", "py311_0"}) {
      var prefix = folder.resolve("prefix-" + build);
      rattler
          .get()
          .install(
              channel.url().toString(),
              prefix,
              folder.resolve("cache"),
              "my-tool[build='" + build + "']");
      for (var program : new String[] {"my-tool", "old-script"}) {
        var result =
            rattler
                .get()
                .run(
                    "import subprocess, sys; print(subprocess.check_output(sys.argv[1:]).decode())",
                    Map.of(),
                    prefix.resolve("bin").resolve(program).toString());
        assertThat(result.output().strip()).as(result.error()).isEqualTo("my_tool in " + prefix);
      }
    }
  }

  private Path wheel(String tags) throws IOException {
    var info = "my_tool-1.5.dist-info/";
    var file = folder.resolve("my_tool-1.5-" + tags + ".whl");
    var files = new TreeMap<String, String>();
    files.put("my_tool.py", "import sys\ndef main():\n    print('my_tool in', sys.prefix)\n");
    files.put(
        info + "METADATA",
        "Metadata-Version: 2.1\nName: my_tool\nVersion: 1.5\nLicense: ISC\n"
            + "Requires-Dist: click (>=7,<9)\nRequires-Dist: extra; extra == 'x'\n\nWords.\n");
    files.put(info + "entry_points.txt", "[console_scripts]\nmy-tool = my_tool:main\n");
    files.put(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n");
    files.put(info + "RECORD", "");
    files.put("my_tool-1.5.data/scripts/old-script", "#!python\nimport my_tool\nmy_tool.main()\n");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (var entry : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return file;
  }
}

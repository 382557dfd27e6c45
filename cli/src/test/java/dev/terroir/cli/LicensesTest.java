package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir environment licenses: of conda packages and of wheels")
class LicensesTest {
  private static final String CHANNEL = "https://channel.example/main/linux-64/";

  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
  }

  private Path wheel(String name, String headers) throws IOException {
    var file = folder.resolve(name + "-1.0-py3-none-any.whl");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      var info = name + "-1.0.dist-info/";
      var metadata = "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n" + headers;
      var wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
      put(zip, info + "METADATA", metadata);
      put(zip, info + "WHEEL", wheel);
      put(
          zip,
          info + "RECORD",
          row(info + "METADATA", metadata) + row(info + "WHEEL", wheel) + info + "RECORD,,\n");
    }
    return file;
  }

  private static String row(String name, String text) {
    var digest = HexFormat.of().parseHex(Sha256.of(text).hex());
    return name
        + ",sha256="
        + Base64.getUrlEncoder().withoutPadding().encodeToString(digest)
        + ","
        + text.length()
        + "\n";
  }

  private static void put(ZipOutputStream zip, String name, String text) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String pypi(Path wheel) throws IOException {
    return "- pypi: "
        + wheel.toUri()
        + "\n  name: "
        + wheel.getFileName().toString().split("-")[0]
        + "\n  version: '1.0'\n  sha256: "
        + Sha256.of(wheel).hex()
        + "\n";
  }

  @Test
  void areGroupedAndUnknownOnesAreListed() throws IOException {
    var first = wheel("first", "License: MIT\n");
    var second = wheel("second", "Summary: nothing said\n");
    var md5 = "0".repeat(32);
    var lock =
        """
        version: 6
        environments:
          default:
            channels: [{url: https://channel.example/main}]
            packages:
              linux-64:
              - conda: %1$spython-3.12.1-h1_0_cpython.conda
              - conda: %1$szlib-1.3-h1_0.conda
              - conda: %1$sodd-1-0.conda
              - pypi: %3$s
              - pypi: %4$s
        packages:
        - {conda: %1$spython-3.12.1-h1_0_cpython.conda, md5: %2$s, license: Python-2.0}
        - {conda: %1$szlib-1.3-h1_0.conda, md5: %2$s, license: MIT}
        - {conda: %1$sodd-1-0.conda, md5: %2$s}
        """
                .formatted(CHANNEL, md5, first.toUri(), second.toUri())
            + pypi(first)
            + pypi(second);
    var file = terroir.write("pixi.lock", lock);
    terroir.run("lock import -n demo --platform linux/amd64 -f " + file).succeeds();
    var command = "environment licenses -n demo --platform linux/amd64";
    var json = terroir.run(command).succeeds().json();
    var groups = json.objects("licenses");
    assertThat(groups)
        .extracting(group -> group.string("license"))
        .containsExactly("MIT", "Python-2.0");
    assertThat(groups.getFirst().objects("packages"))
        .extracting(item -> item.string("kind") + " " + item.string("name"))
        .containsExactly("conda zlib", "pypi first");
    assertThat(json.objects("unknown"))
        .extracting(item -> item.string("name"))
        .containsExactly("odd", "second");
    var table = terroir.run(command + " --output table").succeeds().out();
    assertThat(table).containsPattern("MIT +2 +zlib 1.3, first 1.0").contains("(unknown)");
  }
}

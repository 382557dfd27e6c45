package dev.terroir.resolve.conda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A wheel of one module with requirements.
final class TestWheel {
  private TestWheel() {}

  static void write(Path folder, String name, String version, String... requires)
      throws IOException {
    Files.createDirectories(folder);
    var info = name + "-" + version + ".dist-info/";
    var metadata = "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n";
    for (var line : requires) {
      metadata += "Requires-Dist: " + line + "\n";
    }
    var files = new LinkedHashMap<String, String>();
    files.put(name + ".py", "VERSION = '" + version + "'\n");
    files.put(info + "METADATA", metadata);
    files.put(
        info + "WHEEL",
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    files.put(
        info + "RECORD",
        name + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n");
    var file = folder.resolve(name + "-" + version + "-py3-none-any.whl");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (var entry : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
  }
}

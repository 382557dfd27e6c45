package dev.terroir.prefix;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.tool.UvProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// What tests of local environments stand on: a wheel of one module, a lock of it, the pinned uv.
final class Wheel {
  private Wheel() {}

  /// Writes `alpha` 1.0, whose only module says its version.
  static Path write(Path folder) throws IOException {
    var info = "alpha-1.0.dist-info/";
    var file = folder.resolve("alpha-1.0-py3-none-any.whl");
    Files.createDirectories(folder);
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      var files = new TreeMap<String, String>();
      files.put("alpha.py", "VERSION = '1.0'\n");
      files.put(info + "METADATA", "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n");
      files.put(
          info + "WHEEL",
          "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
      files.put(
          info + "RECORD",
          "alpha.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n");
      for (var entry : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return file;
  }

  /// The lock of a wheel for the Python on PATH.
  static Lock lock(Path wheel, String sha256, Platform platform) {
    return new Lock(
        "0".repeat(32),
        platform,
        python(),
        List.of("alpha"),
        List.of(),
        Map.of(),
        List.of(
            new LockedPackage(
                "alpha",
                "1.0",
                new LockedPackage.Artifact(
                    "archive", wheel.toUri().toString(), "alpha-1.0-py3-none-any.whl", sha256, -1),
                null,
                List.of(LockedPackage.DEFINITION))),
        Map.of());
  }

  static Lock lock(Path wheel) throws IOException {
    return lock(wheel, Sha256.of(wheel).hex(), Platform.current());
  }

  /// The `major.minor` of the Python on PATH.
  static String python() {
    return output("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])");
  }

  /// What a program prints.
  static String output(String... command) {
    return new Command(List.of(command), Settings.system().variables(), null, Duration.ofMinutes(2))
        .run()
        .output()
        .strip();
  }

  /// The process environment of a test: its own home and cache, the pinned uv.
  static Settings settings(Path folder) {
    var tools = Path.of(System.getProperty("terroir.root"), "cli", "target", "test-tools");
    var system = Settings.system().with(Settings.TERROIR_HOME, tools.toString());
    var uv = UvProgram.find(system, TerroirHome.of(system), Progress.SILENT);
    return Settings.system()
        .with(Settings.TERROIR_HOME, folder.resolve("home").toString())
        .with(Settings.TERROIR_UV, uv.toString())
        .with("UV_CACHE_DIR", folder.resolve("uv-cache").toString())
        .with("UV_PYTHON_DOWNLOADS", "never");
  }
}

package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.archive.TestWheel;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a layer holds is what `uv pip install` makes of the same wheel, byte for byte. The listed
/// differences are the installer's name, the interpreter in the first line of scripts, and the rows
/// of RECORD that hold the digests of both.
@DisplayName("A layer's files are those that uv installs")
class UvEqualityTest {
  @TempDir Path work;

  @Test
  void ofRealWheels() throws IOException {
    assertSameAsUv(RealWheels.files());
  }

  @Test
  void ofEveryWheelOfTheLargeSet() throws IOException {
    var wheels = RealWheels.large();
    assertThat(wheels).hasSizeGreaterThan(140);
    assertSameAsUv(wheels);
  }

  @Test
  void ofAWheelWithEverythingThatIsSpread() throws IOException {
    var wheel =
        TestWheel.of("spread", "1.0")
            .folder("spread/empty")
            .folder("spread-1.0.data/data/empty")
            .file("spread/__init__.py", "x = 1\n")
            .file("spread/caf\u00e9.txt", "x")
            .file("spread/" + "long-component/".repeat(12) + "x".repeat(120), "x")
            .file("spread-1.0.data/scripts/plain", "#!python\nprint(1)\n")
            .file("spread-1.0.data/scripts/window", "#!pythonw\nprint(1)\n")
            .file("spread-1.0.data/scripts/options", "#!python -u\nprint(1)\n")
            .file("spread-1.0.data/scripts/returns", "#!python\r\nprint(1)\r\n")
            .file("spread-1.0.data/scripts/shell.sh", "#!/bin/sh\n")
            .file("spread-1.0.data/scripts/binary", new byte[] {1, 2, 3, 0, -1})
            .file("spread-1.0.data/scripts/only", "#!python")
            .file("spread-1.0.data/headers/spread.h", "int x;\n")
            .file("spread-1.0.data/data/etc/spread.conf", "x")
            .file("spread-1.0.data/data/lib64/spread.bin", "x")
            .file("spread-1.0.data/purelib/spread_pure/a,b.py", "y = 1\n")
            .file("spread-1.0.data/platlib/spread_plat/c.py", "y = 1\n")
            .metadata(
                "entry_points.txt",
                "[console_scripts]\nspread = spread.a:b.c [x]\n[gui_scripts]\nwin=spread:main\n"
                    + "[other]\nx = y\n")
            .metadata("RECORD.jws", "{}")
            .unlisted("spread-1.0.dist-info/RECORD.jws")
            .stored("spread/stored.bin", new byte[100_000])
            .executable("spread/__init__.py")
            .write(work.resolve("wheels"));
    assertSameAsUv(List.of(wheel));
  }

  private void assertSameAsUv(List<Path> wheels) throws IOException {
    var uv = RealWheels.uv().toString();
    var python = RealWheels.python().toString();
    try (var compiler = new Compiler(_ -> Path.of(python), 2)) {
      var layers =
          new PackageLayers(work.resolve("cache"), new BlobStore(work.resolve("blobs")), compiler);
      for (var wheel : wheels) {
        var item = RealWheels.packageOf(wheel, true);
        var placement =
            new Placement(RealWheels.PYTHON_VERSION, "/opt/env", false, Compression.GZIP);
        var made = layers.make(List.of(item), placement, Progress.SILENT);
        var image = Files.createDirectories(work.resolve(item.name() + "-image"));
        for (var layer : made.layers()) {
          RealWheels.tool(
              image,
              "tar",
              "-xzpf",
              work.resolve("blobs/sha256").resolve(layer.digest().encoded()).toString());
        }
        var environment = work.resolve(item.name() + "-uv");
        RealWheels.tool(work, uv, "venv", "-q", "--python", python, environment.toString());
        var before = tree(environment);
        RealWheels.tool(
            work,
            uv,
            "pip",
            "install",
            "-q",
            "--no-cache",
            "--offline",
            "--no-index",
            "--no-deps",
            "--find-links",
            String.valueOf(wheel.getParent()),
            "--python",
            environment + "/bin/python",
            item.name() + "==" + item.version());
        var expected = tree(environment);
        expected.keySet().removeAll(before.keySet());
        var actual = tree(image.resolve("opt/env"));
        actual.keySet().removeAll(before.keySet());
        assertThat(lines(actual))
            .as(item.toString())
            .isEqualTo(lines(normalised(expected, environment)));
        Trees.delete(image);
        Trees.delete(environment);
      }
    }
  }

  private static String lines(Map<String, String> tree) {
    var out = new StringBuilder();
    tree.forEach((path, content) -> out.append(path).append(' ').append(content).append('\n'));
    return out.toString();
  }

  /// Every file with its mode and what is in it; RECORD in full, everything else as a digest.
  private static TreeMap<String, String> tree(Path root) throws IOException {
    var tree = new TreeMap<String, String>();
    try (var files = Files.walk(root)) {
      for (var file : (Iterable<Path>) files::iterator) {
        var path = root.relativize(file).toString();
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
          tree.put(path + "/", "");
        } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          var mode = Files.isExecutable(file) ? "x " : "- ";
          tree.put(
              path,
              mode
                  + (path.endsWith(".dist-info/RECORD") || path.startsWith("bin/")
                      ? Files.readString(file, StandardCharsets.ISO_8859_1)
                      : Sha256.of(file).hex()));
        } else {
          tree.put(path, "link");
        }
      }
    }
    return tree;
  }

  /// What uv made, with the listed differences taken over.
  private static Map<String, String> normalised(Map<String, String> tree, Path environment)
      throws IOException {
    var out = new TreeMap<String, String>();
    var rows = new TreeMap<String, String>();
    for (var entry : tree.entrySet()) {
      var path = entry.getKey();
      var content = entry.getValue();
      var first = "x #!" + environment + "/bin/python\n";
      if (path.equals(".lock") || path.endsWith("/uv_cache.json")) {
        continue;
      }
      if (path.matches("lib/[^/]+/site-packages/[^/]+/INSTALLER")) {
        assertThat(content).isEqualTo("- " + Sha256.of("uv").hex());
        content = "- " + Sha256.of("terroir").hex();
        rows.put(path, row("terroir".getBytes(StandardCharsets.UTF_8)));
      } else if (path.startsWith("bin/") && content.startsWith(first)) {
        content = "x #!/opt/env/bin/python\n" + content.substring(first.length());
        rows.put(path, row(content.substring(2).getBytes(StandardCharsets.ISO_8859_1)));
      }
      out.put(path, content);
    }
    for (var path : List.copyOf(out.keySet())) {
      if (path.endsWith(".dist-info/RECORD")) {
        out.put(path, "- " + record(out.get(path).substring(2), rows));
      }
    }
    return out;
  }

  private static String record(String text, Map<String, String> rows) {
    var lines = new ArrayList<String>();
    for (var line : text.split("\n", -1)) {
      for (var row : rows.entrySet()) {
        var path =
            row.getKey().startsWith("bin/")
                ? "../../../" + row.getKey()
                : row.getKey().substring("lib/python3.12/site-packages/".length());
        if (line.startsWith(path + ",")) {
          line = path + row.getValue();
        }
      }
      if (!line.contains("/uv_cache.json,")) {
        lines.add(line.replace("../../../lib64/", "../../../lib/"));
      }
    }
    return String.join("\n", lines);
  }

  private static String row(byte[] content) {
    var digest =
        java.util.Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(Sha256.engine().digest(content));
    return ",sha256=" + digest + "," + content.length;
  }
}

package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.conda.CondaFileName;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.Conformance;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.RattlerPrefix;
import dev.terroir.image.conda.TestConda;
import dev.terroir.lock.CondaPackage;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What layers hold is what rattler installs of the same packages for `/opt/env`: paths, contents,
/// modes, symbolic and hard links, and the records but for the fields that
/// [RattlerPrefix#comparable] names.
@DisplayName("A conda layer's files are those that rattler installs")
class RattlerEqualityTest {
  @TempDir Path work;
  private int runs;

  private static CondaLayerPackage packageOf(CondaPackage locked) {
    var file = Path.of(URI.create(locked.url()));
    return new CondaLayerPackage(
        locked, new Sha256(String.valueOf(locked.sha256())), () -> RealWheels.archive(file));
  }

  /// The image's folder, made of one layer for each package.
  private Path image(List<CondaPackage> packages, String pythonVersion) throws IOException {
    var image = Files.createDirectories(work.resolve("image-" + runs));
    try (var compiler = new Compiler(_ -> Path.of("/nonexistent"), 1)) {
      var layers =
          new PackageLayers(
              work.resolve("catalog"), new BlobStore(work.resolve("blobs")), compiler);
      var placement = new Placement(pythonVersion, "/opt/env", false, Compression.ZSTD);
      for (var item : packages) {
        var made = layers.make(List.of(packageOf(item)), placement, Progress.SILENT);
        for (var layer : made.layers()) {
          RealWheels.tool(
              image,
              "tar",
              "--zstd",
              "-xpf",
              work.resolve("blobs/sha256").resolve(layer.digest().encoded()).toString());
        }
      }
    }
    return image.resolve("opt/env");
  }

  private static TreeMap<String, String> tree(Path root) throws IOException {
    var tree = new TreeMap<String, String>();
    var inodes = new HashMap<Object, String>();
    List<Path> files;
    try (var walk = Files.walk(root)) {
      files = walk.sorted().toList();
    }
    for (var file : files) {
      var path = root.relativize(file).toString();
      if (path.isEmpty()
          || path.equals("CACHEDIR.TAG")
          || path.equals("conda-meta/history")
          || Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
        continue;
      }
      if (Files.isSymbolicLink(file)) {
        tree.put(path, "-> " + Files.readSymbolicLink(file));
        continue;
      }
      if (path.startsWith("conda-meta/") && path.endsWith(".json")) {
        tree.put(path, RattlerPrefix.comparable(file));
        continue;
      }
      var first = inodes.putIfAbsent(Files.getAttribute(file, "unix:ino"), path);
      tree.put(
          path,
          PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
              + " "
              + (first == null ? Sha256.of(file).hex() : "= " + first));
    }
    return tree;
  }

  private void assertSame(List<CondaPackage> packages, String pythonVersion) throws IOException {
    var prefix = work.resolve("prefix-" + ++runs);
    var said = RattlerPrefix.install(packages, prefix, work);
    assertThat(said).as(titles(packages)).isEmpty();
    assertSameAs(prefix, packages, pythonVersion);
  }

  private void assertSameAs(Path prefix, List<CondaPackage> packages, String pythonVersion)
      throws IOException {
    var image = image(packages, pythonVersion);
    var ours = tree(image);
    var theirs = tree(prefix);
    var more = new TreeMap<>(ours);
    more.entrySet().removeAll(theirs.entrySet());
    var less = new TreeMap<>(theirs);
    less.entrySet().removeAll(ours.entrySet());
    assertThat(lines(more)).as(titles(packages)).isEqualTo(lines(less));
    assertThat(ours).isNotEmpty();
    Trees.delete(prefix);
    Trees.delete(image.getParent().getParent());
  }

  private static String titles(List<CondaPackage> packages) {
    return packages.stream().map(CondaPackage::title).toList().toString();
  }

  private static String lines(TreeMap<String, String> tree) {
    var out = new StringBuilder();
    tree.forEach((path, content) -> out.append(path).append(' ').append(content).append('\n'));
    return out.toString();
  }

  @Test
  void ofAPackageWithEverything() throws IOException {
    var placeholder = "/home/build/" + "placehold_".repeat(20);
    var folder = work.resolve("packages");
    var items =
        List.of(
            TestConda.named("full")
                .file("bin/tool", 0755, new byte[] {1, 2, 3})
                .file("bin/setuid", 04755, new byte[] {4})
                .file("etc/private", 0600, new byte[] {5})
                .file("etc/group", 0664, new byte[] {6})
                .file("lib/" + "long-component/".repeat(12) + "caf\u00e9.txt", "x")
                .link("bin/alias", "tool")
                .link("lib/up", "../bin/tool")
                .link("lib/folder", "../etc")
                .link("lib/nowhere", "not-there")
                .link("lib/far", "long-component/".repeat(12) + "caf\u00e9.txt")
                .hardLink("bin/twin", "bin/tool")
                .prefixed(
                    "bin/script",
                    "text",
                    placeholder,
                    ("#!" + placeholder + "/bin/python -E\nx='" + placeholder + "'\n")
                        .getBytes(StandardCharsets.UTF_8))
                .prefixed(
                    "bin/long",
                    "text",
                    placeholder,
                    ("#!" + placeholder + "/bin/" + "x".repeat(150) + " -a\n")
                        .getBytes(StandardCharsets.UTF_8))
                .prefixed(
                    "lib/binary",
                    "binary",
                    placeholder,
                    ("a\0" + placeholder + "/lib:" + placeholder + "\0b\0")
                        .getBytes(StandardCharsets.UTF_8))
                .prefixed(
                    "lib/wide",
                    "binary",
                    placeholder,
                    ("ab" + placeholder + "/lib\0b\0").getBytes(StandardCharsets.UTF_16LE))
                .prefixed("lib/absent", "text", placeholder, new byte[] {7, 8})
                .locked(folder, ".conda"),
            TestConda.of("python", "3.12.4", "0")
                .file("bin/python3.12", 0755, new byte[] {1})
                .locked(folder, ".tar.bz2"),
            TestConda.named("noarch")
                .noarchPython("cmd = noarch.main:run.it", "other=noarch:main")
                .needs("python")
                .file("site-packages/noarch/__init__.py", "x = 1\n")
                .file("python-scripts/noarch-tool", 0755, new byte[] {9})
                .file("etc/noarch.conf", "x")
                .locked(folder, ".conda"));
    assertSame(items, "3.12");
  }

  @Test
  void ofAllPackagesOfTheField() throws IOException {
    var folders = List.of("conda_packages/files", "conda-packages");
    var compared = 0;
    var refused = new ArrayList<String>();
    for (var folder : folders) {
      List<Path> files;
      try (var walk = Files.walk(Conformance.root().resolve(folder))) {
        files =
            walk.filter(file -> CondaFileName.extensionOf(file.toString()).isPresent())
                .sorted()
                .toList();
      }
      var python =
          TestConda.of("python", "3.12.4", "0")
              .file("bin/python3.12", 0755, new byte[] {1})
              .locked(work.resolve("python"), ".conda");
      for (var file : files) {
        try {
          var locked = RattlerPrefix.locked(file);
          var packages = locked.isNoarchPython() ? List.of(python, locked) : List.of(locked);
          var said = RattlerPrefix.install(packages, work.resolve("prefix-" + ++runs), work);
          if (!said.isEmpty()) {
            // What rattler refuses, for its own reasons, cannot be compared.
            refused.add(file.getFileName() + ": rattler: " + said.lines().reduce("", (_, l) -> l));
            continue;
          }
          assertSameAs(work.resolve("prefix-" + runs), packages, "3.12");
          compared++;
        } catch (TerroirException e) {
          refused.add(file.getFileName() + ": " + e.problem().why());
        }
      }
    }
    refused.forEach(System.err::println);
    assertThat(compared).isGreaterThan(refused.size());
  }

  @Test
  void ofTheSampleChannel() throws IOException {
    var interpreter = SampleChannel.python();
    assumeTrue(interpreter.isPresent(), "a Python 3.11");
    var channel = SampleChannel.standard(work.resolve("channel"), interpreter.get());
    var packages = new TreeMap<String, CondaPackage>();
    try (var walk = Files.walk(channel.directory())) {
      for (var file :
          walk.filter(it -> CondaFileName.extensionOf(it.toString()).isPresent())
              .sorted()
              .toList()) {
        var locked = RattlerPrefix.locked(file);
        // Of each name the newest, and not those that clash.
        if (!locked.name().equals("clobber-b")) {
          packages.put(locked.name(), locked);
        }
      }
    }
    assertThat(packages).containsKeys("python", "greeter", "linked", "activated", "scripted");
    assertSame(List.copyOf(packages.values()), "3.11");
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("An image unpacked by Podman, umoci and containerd: the same tree")
class UnpackedImagesTest {
  @TempDir static Path folder;
  private static Terroir terroir;

  @BeforeAll
  static void open() throws IOException {
    assumeTrue(
        "root".equals(System.getProperty("user.name")),
        "SKIPPED: only root can unpack an image with its owners");
    terroir = new Terroir(folder);
    var wheels = folder.resolve("wheels");
    for (var name : List.of("delta", "epsilon")) {
      WheelHouse.wheel(
          wheels,
          name,
          "1.0",
          List.of(),
          Map.of(
              "shared/module.py",
              "FROM = '" + name + "'\n",
              name + "/ünïcode name, with a comma.txt",
              "text",
              name + "-1.0.data/scripts/" + name,
              "#!python\nprint()\n",
              name + "-1.0.data/data/etc/deep/er/" + name + ".conf",
              "x\n",
              name + "/" + "long-".repeat(45) + "name/" + "n".repeat(200) + ".py",
              "X = 1\n"));
    }
    terroir.write("requirements.txt", "beta\ndelta\nepsilon\n");
  }

  private static String run(List<String> line, Map<String, String> more) {
    var variables = new TreeMap<>(Settings.system().variables());
    variables.putAll(more);
    var result = new Command(line, variables, null, Duration.ofMinutes(5)).run();
    assertThat(result.isSuccess()).as(line + ": " + result.error() + result.output()).isTrue();
    return result.output().strip();
  }

  private static boolean isMissing(String program) {
    var isThere = Files.isExecutable(Path.of("/usr/bin", program));
    if (!isThere) {
      System.err.println("SKIPPED: no program `" + program + "`; install the Debian package");
    }
    return !isThere;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd"})
  void isEqualInPathsModesOwnersTimesLinksAndContent(String compression) throws Exception {
    var layout = folder.resolve("layout-" + compression);
    var archive = folder.resolve("archive-" + compression + ".tar");
    terroir
        .run(
            "image build -f "
                + terroir.project.resolve("requirements.txt")
                + " --compression "
                + compression,
            "--base",
            DebianBase.location(),
            "--to",
            "oci:" + layout + ":1",
            "--to",
            "oci-archive:" + archive + ":sample/image:1")
        .succeeds();

    var trees = new TreeMap<String, Map<String, String>>();
    trees.put("podman", podman(layout, compression));
    if (compression.equals("gzip") && !isMissing("umoci")) {
      // This one knows no zstd.
      trees.put("umoci", umoci(layout));
    }
    if (!isMissing("containerd") && !isMissing("ctr")) {
      trees.put("containerd", containerd(archive, compression));
    }

    assumeTrue(trees.size() > 1, "more than one of Podman, umoci and containerd");
    var one = trees.remove("podman");
    assertThat(one)
        .hasSizeGreaterThan(3000)
        .containsKey("opt/env/pyvenv.cfg")
        .containsKey("opt/env/etc/deep/er/delta.conf");
    trees.forEach((name, other) -> assertThat(differences(one, other)).as(name).isEmpty());
  }

  private static List<String> differences(Map<String, String> one, Map<String, String> other) {
    var all = new TreeMap<>(one);
    all.putAll(other);
    return all.keySet().stream()
        .filter(path -> !one.getOrDefault(path, "").equals(other.getOrDefault(path, "")))
        .map(path -> path + ": " + one.get(path) + " / " + other.get(path))
        .toList();
  }

  private Map<String, String> podman(Path layout, String name) throws IOException {
    var podman = new Podman(Files.createDirectories(folder.resolve("podman-" + name)), "overlay");
    var image = podman.pull("oci:" + layout + ":1");
    var tree = tree(Path.of(podman.run("image", "mount", image)));
    podman.run("image", "unmount", image);
    return tree;
  }

  private Map<String, String> umoci(Path layout) throws IOException {
    var bundle = folder.resolve("bundle");
    run(List.of("/usr/bin/umoci", "unpack", "--image", layout + ":1", bundle.toString()), Map.of());
    return tree(bundle.resolve("rootfs"));
  }

  /// A containerd of its own, without its services for Kubernetes.
  private Map<String, String> containerd(Path archive, String name) throws Exception {
    var own = Files.createDirectories(folder.resolve("containerd-" + name));
    var configuration =
        Files.writeString(
            own.resolve("config.toml"),
            """
            version = 2
            root = "%s"
            state = "%s"
            disabled_plugins = ["io.containerd.grpc.v1.cri"]
            [grpc]
            address = "%s"
            """
                .formatted(own.resolve("root"), own.resolve("state"), own.resolve("socket")));
    var log = own.resolve("log");
    var process =
        new ProcessBuilder("/usr/bin/containerd", "--config", configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      for (int i = 0; i < 200 && !Files.exists(own.resolve("socket")); i++) {
        assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
        Thread.sleep(50);
      }
      var mount = Files.createDirectories(own.resolve("mount"));
      ctr(own, "images", "import", "--snapshotter", "native", archive.toString());
      var image = ctr(own, "images", "list", "--quiet").lines().findFirst().orElseThrow();
      ctr(own, "images", "mount", "--snapshotter", "native", image, mount.toString());
      try {
        return tree(mount);
      } finally {
        run(List.of("umount", mount.toString()), Map.of());
      }
    } finally {
      process.destroy();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  private static String ctr(Path own, String... arguments) {
    var line = new ArrayList<>(List.of("/usr/bin/ctr", "--address", own.resolve("socket") + ""));
    line.addAll(List.of(arguments));
    return run(line, Map.of());
  }

  /// What a file system says of every name below a folder.
  private static Map<String, String> tree(Path root) throws IOException {
    var tree = new TreeMap<String, String>();
    var links = new HashMap<Object, String>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
              throws IOException {
            if (!path.equals(root)) {
              add(path, attributes);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
              throws IOException {
            add(path, attributes);
            return FileVisitResult.CONTINUE;
          }

          private void add(Path path, BasicFileAttributes basic) throws IOException {
            var name = root.relativize(path).toString();
            var unix = Files.readAttributes(path, "unix:*", LinkOption.NOFOLLOW_LINKS);
            var told = new StringBuilder();
            told.append(Integer.toOctalString((Integer) unix.get("mode")));
            told.append(' ').append(unix.get("uid")).append(':').append(unix.get("gid"));
            told.append(' ').append(basic.lastModifiedTime().toInstant());
            if (basic.isSymbolicLink()) {
              told.append(" -> ").append(Files.readSymbolicLink(path));
            } else if (basic.isRegularFile()) {
              told.append(' ').append(Sha256.of(path).hex());
              if ((Integer) unix.get("nlink") > 1) {
                told.append(" = ").append(links.computeIfAbsent(unix.get("ino"), _ -> name));
              }
            } else if (basic.isOther()) {
              told.append(" device ").append(unix.get("rdev"));
            }
            tree.put(name, told.toString());
          }
        });
    return tree;
  }
}

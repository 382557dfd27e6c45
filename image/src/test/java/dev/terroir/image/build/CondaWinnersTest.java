package dev.terroir.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdInputStream;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.Conformance;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.RattlerPrefix;
import dev.terroir.image.conda.TestConda;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.layer.PackageLayers;
import dev.terroir.image.layer.Placement;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.Lock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Of the packages that bring a path, rattler says which wins, whatever their sizes and so the
/// order of their layers.
@DisplayName("Paths that several conda packages bring")
class CondaWinnersTest {
  @TempDir Path work;
  private int runs;

  private TestConda padded(String name, int bytes, String... needs) {
    var padding = new byte[bytes];
    new java.util.Random(name.hashCode()).nextBytes(padding);
    return TestConda.named(name).noarch().needs(needs).file("share/" + name, 0644, padding);
  }

  private CondaPackage locked(TestConda item) {
    return item.locked(work.resolve("packages-" + runs), ".conda");
  }

  private record Result(TreeMap<String, String> files, Clashes clashes, int mended) {}

  private Result image(List<CondaPackage> packages) throws IOException {
    var home = work.resolve("home-" + runs);
    var settings =
        Settings.of(Map.of("TERROIR_HOME", home.toString(), "PIP_CONFIG_FILE", "/dev/null"));
    var lock =
        new Lock(
            "0".repeat(32),
            Platform.LINUX_AMD64,
            "3.12",
            List.of(),
            List.of(),
            Map.of(),
            List.of(),
            new CondaPart(List.of(), List.of(), "strict", List.of(), packages, Map.of()),
            Map.of());
    var blobs = new BlobStore(home.resolve("blobs"));
    var placement = new Placement("3.12", "/opt/env", false, Compression.ZSTD);
    try (var compiler = new Compiler(_ -> Path.of("/nonexistent"), 1);
        var archives = ArchiveStore.open(settings, TerroirHome.of(settings))) {
      var layers = new PackageLayers(home.resolve("layers"), blobs, compiler);
      var stack =
          new PackageStack(
              lock, placement, placement, layers, blobs, archives, List.of(), Progress.SILENT);
      var stacked = stack.stack(() -> {});
      var winners = stack.winners(stacked);
      var all =
          new ArrayList<>(stacked.stream().flatMap(it -> it.made().layers().stream()).toList());
      var mended = stack.mend(winners, stacked);
      mended.ifPresent(made -> all.addAll(made.layers()));
      var image = Files.createDirectories(home.resolve("image"));
      for (var layer : all) {
        apply(blobs.path(layer.digest()), image);
      }
      return new Result(
          files(image.resolve("opt/env")),
          stack.clashes(stacked, winners),
          mended.map(made -> made.layers().size()).orElse(0));
    }
  }

  /// Puts a layer on what is there, as an engine does: a file takes the place of a folder, and a
  /// folder that of a file.
  private static void apply(Path layer, Path root) throws IOException {
    try (var tar =
        new TarArchiveInputStream(new ZstdInputStream(Files.newInputStream(layer)), "UTF-8")) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        var file = root.resolve(entry.getName());
        if (entry.isDirectory()) {
          if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(file);
            Files.createDirectory(file);
          }
          continue;
        }
        Trees.delete(file);
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
          Files.createLink(file, root.resolve(entry.getLinkName()));
        } else {
          Files.copy(tar, file);
        }
      }
    }
  }

  private static TreeMap<String, String> files(Path root) throws IOException {
    var found = new TreeMap<String, String>();
    try (var walk = Files.walk(root)) {
      for (var file : (Iterable<Path>) walk::iterator) {
        var path = root.relativize(file).toString();
        if (path.startsWith("conda-meta")
            || path.startsWith("__clobbers__")
            || path.equals("CACHEDIR.TAG")) {
          continue;
        }
        if (Files.isSymbolicLink(file)) {
          found.put(path, "-> " + Files.readSymbolicLink(file));
        } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          found.put(path, Sha256.of(file).hex());
        }
      }
    }
    return found;
  }

  private Result assertAsRattler(CondaPackage... packages) throws IOException {
    runs++;
    var prefix = work.resolve("prefix-" + runs);
    // Where one package has a file and another a folder, rattler 0.28.0 now and then loses the
    // file,
    // by which of them it links first; then its own record names what is not there.
    for (int tries = 0; tries < 20; tries++) {
      Trees.delete(prefix);
      assertThat(RattlerPrefix.install(List.of(packages), prefix, work)).isEmpty();
      if (isWhole(prefix)) {
        var result = image(List.of(packages));
        assertThat(result.files()).isEqualTo(files(prefix));
        return result;
      }
    }
    throw new AssertionError("rattler makes no whole prefix of " + List.of(packages));
  }

  private static boolean isFile(Path file) {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.isSymbolicLink(file);
  }

  private static boolean isWhole(Path prefix) throws IOException {
    try (var records = Files.list(prefix.resolve("conda-meta"))) {
      for (var record : (Iterable<Path>) records::iterator) {
        if (record.toString().endsWith(".json")) {
          var data = JsonReader.readObject(record).object("paths_data");
          for (var path : data.objects("paths")) {
            boolean isThere = isFile(prefix.resolve(path.string("_path")));
            var lost = path.optionalString("original_path").map(prefix::resolve).orElse(null);
            // What lost gave way to something.
            boolean isTaken = lost == null || Files.isDirectory(lost);
            for (var at = lost; at != null && !isTaken && !at.equals(prefix); at = at.getParent()) {
              isTaken = isFile(at);
            }
            if (!isThere || !isTaken) {
              return false;
            }
          }
        }
      }
    }
    return true;
  }

  @Test
  void theFirstNameWinsAmongPackagesThatDoNotNeedEachOther() throws IOException {
    for (int first : new int[] {10, 5000}) {
      runs++;
      var result =
          assertAsRattler(
              locked(padded("aa", first).file("etc/x", "aa")),
              locked(padded("bb", 1000).file("etc/x", "bb")));
      assertThat(result.files()).containsEntry("etc/x", Sha256.of("aa").hex());
      assertThat(result.clashes().different())
          .containsExactly(
              "`/opt/env/etc/x` is in bb 1.0 0 and in aa 1.0 0; what aa 1.0 0 brings is used");
      // The larger one comes first, so that the smaller one's file hides it.
      assertThat(result.mended()).isEqualTo(first > 1000 ? 1 : 0);
    }
  }

  @Test
  void whatNeedsAnotherWinsOverIt() throws IOException {
    for (int size : new int[] {10, 5000}) {
      runs++;
      assertAsRattler(
          locked(padded("aa", 1000).file("etc/x", "aa")),
          locked(padded("bb", size, "aa >=1").file("etc/x", "bb")));
      runs++;
      assertAsRattler(
          locked(padded("aa", size).file("etc/x", "aa")),
          locked(padded("bb", 1000).file("etc/x", "bb")),
          locked(padded("cc", 100, "bb")),
          locked(padded("zz", 50, "cc", "aa")));
    }
  }

  @Test
  void circlesHaveAnOrderToo() throws IOException {
    for (var third : List.of("a0", "cc")) {
      runs++;
      assertAsRattler(
          locked(padded("aa", 5000, "bb").file("etc/x", "aa")),
          locked(padded("bb", 1000, "aa").file("etc/x", "bb")),
          locked(padded(third, 10).file("etc/x", third)));
    }
  }

  @Test
  void equalContentNeedsNoMending() throws IOException {
    var result =
        assertAsRattler(
            locked(padded("aa", 5000).file("etc/x", "same")),
            locked(padded("bb", 10).file("etc/x", "same")));
    assertThat(result.mended()).isZero();
    assertThat(result.clashes().different()).isEmpty();
    assertThat(result.clashes().equal()).hasSize(1);
  }

  @Test
  void linksAndPrefixesAreMendedToo() throws IOException {
    var placeholder = "/home/build/" + "placehold_".repeat(20);
    var result =
        assertAsRattler(
            locked(
                padded("aa", 5000)
                    .file("bin/tool", "aa")
                    .link("bin/l", "tool")
                    .hardLink("bin/h", "bin/tool")
                    .prefixed(
                        "bin/p",
                        "text",
                        placeholder,
                        ("aa " + placeholder).getBytes(StandardCharsets.UTF_8))),
            locked(padded("bb", 10).file("bin/l", "bb").file("bin/h", "bb").file("bin/p", "bb")));
    assertThat(result.mended()).isEqualTo(1);
  }

  @Test
  void thePackagesOfRattlersOwnTests() throws IOException {
    var folder = Conformance.root().resolve("conda_packages/files");
    for (var names :
        List.of(
            List.of("clobber-fd-1-0.1.0-h4616a5c_0.conda", "clobber-fd-2-0.1.0-h4616a5c_0.conda"),
            List.of(
                "clobber-fd-1-0.1.0-h4616a5c_0.conda",
                "clobber-fd-2-0.1.0-h4616a5c_0.conda",
                "clobber-fd-3-0.1.0-h4616a5c_0.conda"),
            List.of(
                "clobber-fd-rev-1-0.1.0-h4616a5c_0.conda",
                "clobber-fd-2-0.1.0-h4616a5c_0.conda",
                "clobber-fd-rev-3-0.1.0-h4616a5c_0.conda"),
            List.of(
                "clobber-1-0.1.0-h4616a5c_0.tar.bz2",
                "clobber-nested-2-0.1.0-h4616a5c_0.tar.bz2",
                "clobber-without-dir-0.1.0-h4616a5c_0.conda"),
            List.of(
                "clobber-directory-upgrade-0.2.0-h4616a5c_0.conda",
                "clobber-1-0.1.0-h4616a5c_0.tar.bz2"),
            List.of("clobber-pypy-0.1.0-h4616a5c_0.conda", "empty-0.1.0-h4616a5c_0.conda"))) {
      var packages = new ArrayList<CondaPackage>();
      for (var name : names) {
        packages.add(RattlerPrefix.locked(folder.resolve(name)));
      }
      assertAsRattler(packages.toArray(CondaPackage[]::new));
    }
  }
}

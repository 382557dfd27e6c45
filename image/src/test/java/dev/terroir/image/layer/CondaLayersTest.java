package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdInputStream;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.RattlerPrefix;
import dev.terroir.image.conda.TestConda;
import dev.terroir.lock.CondaPackage;
import dev.terroir.samples.CondaServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Layers of conda packages")
class CondaLayersTest {
  private static final Placement PLAIN = new Placement("3.12", "/opt/env", false, Compression.ZSTD);
  private static final Placement COMPILED =
      new Placement("3.12", "/opt/env", true, Compression.ZSTD);

  @TempDir Path work;
  private Compiler compiler;
  private BlobStore blobs;

  @BeforeEach
  void open() {
    compiler = new Compiler(_ -> RealWheels.python(), 2);
    blobs = new BlobStore(work.resolve("blobs"));
  }

  @AfterEach
  void close() {
    compiler.close();
  }

  private PackageLayers layers() {
    return new PackageLayers(work.resolve("catalog"), blobs, compiler);
  }

  private CondaPackage locked(TestConda item) {
    return item.locked(work.resolve("packages"), ".conda");
  }

  private static CondaLayerPackage packageOf(CondaPackage locked) {
    var file = Path.of(URI.create(locked.url()));
    return new CondaLayerPackage(
        locked, new Sha256(String.valueOf(locked.sha256())), () -> RealWheels.archive(file));
  }

  private MadeLayers make(CondaPackage locked, Placement placement) {
    return layers().make(List.of(packageOf(locked)), placement, Progress.SILENT);
  }

  /// What a layer holds: mode and text, or where a link leads.
  private TreeMap<String, String> read(MadeLayers made) throws IOException {
    var found = new TreeMap<String, String>();
    for (var layer : made.layers()) {
      try (var in = Files.newInputStream(blobs.path(layer.digest()));
          var tar = new TarArchiveInputStream(unpacked(layer, in), "UTF-8")) {
        for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
          assertThat(entry.getLastModifiedDate().toInstant()).hasToString("1980-01-02T00:00:00Z");
          assertThat(entry.getLongUserId()).isZero();
          if (entry.isLink() || entry.isSymbolicLink()) {
            found.put(entry.getName(), (entry.isLink() ? "= " : "-> ") + entry.getLinkName());
          } else if (!entry.isDirectory()) {
            found.put(
                entry.getName(),
                "%o %s"
                    .formatted(
                        entry.getMode() & 07777,
                        new String(tar.readAllBytes(), StandardCharsets.ISO_8859_1)));
          }
        }
      }
    }
    return found;
  }

  private static InputStream unpacked(MadeLayer layer, InputStream in) throws IOException {
    return layer.mediaType().endsWith("zstd") ? new ZstdInputStream(in) : new GZIPInputStream(in);
  }

  private JsonObject record(MadeLayers made, CondaPackage locked) throws IOException {
    var text = read(made).get("opt/env/conda-meta/" + locked.stem() + ".json");
    return JsonReader.parseObject(String.valueOf(text).substring(4), "record");
  }

  private static Map<String, String> types(JsonObject record) {
    var types = new TreeMap<String, String>();
    for (var path : record.object("paths_data").objects("paths")) {
      types.put(path.string("_path"), path.string("path_type"));
    }
    return types;
  }

  /// Whoever changes these digests changes every layer of every registry: give the catalog's format
  /// of conda layers another number with it.
  @Test
  void theBytesAreThoseOfEveryMachine() throws IOException {
    var digests = new TreeMap<String, String>();
    for (var name :
        List.of("dummy-trampoline-2-0.2.0-hb0f4dca_0.conda", "symlink-test-1.0.0-0.conda")) {
      var file = work.resolve(name);
      try (var in = CondaLayersTest.class.getResourceAsStream("/conda/" + name)) {
        Files.copy(java.util.Objects.requireNonNull(in), file);
      }
      for (var compression : Compression.values()) {
        digests.put(
            name + " " + compression,
            make(RattlerPrefix.locked(file), PLAIN.with(compression))
                .layers()
                .getFirst()
                .digest()
                .toString());
      }
    }
    assertThat(digests)
        .isEqualTo(
            new TreeMap<>(
                Map.of(
                    "dummy-trampoline-2-0.2.0-hb0f4dca_0.conda GZIP",
                        "sha256:e69a9cc2b5e92967f6c85c18822411d9c402b1e82760b09b57a69f0909aaccc6",
                    "dummy-trampoline-2-0.2.0-hb0f4dca_0.conda ZSTD",
                        "sha256:edab9044c547e0268e3013364d74b54c4e172bdbc1390dc8a13e9518587f03db",
                    "symlink-test-1.0.0-0.conda GZIP",
                        "sha256:6331d50fb20d775882b90c36c6fbe7d68a085bca71a887b086bca7b3fd261743",
                    "symlink-test-1.0.0-0.conda ZSTD",
                        "sha256:117215c5333d417f08a2cfbcc60562e359878d4429805e4505e30f7a6af93748")));
  }

  @Test
  void modulesAreCompiledInThePlaceOfByteCodeWhoseTimesNoLongerFit() throws IOException {
    var site = "lib/python3.12/site-packages/";
    var locked =
        locked(
            TestConda.named("compiled")
                .file(site + "m.py", "x = 1\n")
                .file(site + "__pycache__/m.cpython-312.pyc", "stale")
                .file(site + "n.py", "y = 1\n")
                .file(site + "wrong.py", "def :\n")
                .file(site + "tests/t.py", "z = 1\n")
                .file("share/script.py", "x = 1\n"));
    var made = make(locked, COMPILED);
    var files = read(made);
    assertThat(files.get("opt/env/" + site + "__pycache__/m.cpython-312.pyc"))
        .doesNotContain("stale");
    assertThat(files).containsKey("opt/env/" + site + "__pycache__/n.cpython-312.pyc");
    assertThat(files.keySet()).noneMatch(path -> path.contains("tests/__pycache__"));
    assertThat(made.uncompiled()).singleElement().asString().contains("wrong.py");

    var record = record(made, locked);
    assertThat(types(record))
        .containsEntry(site + "__pycache__/n.cpython-312.pyc", "pyc_file")
        .containsEntry(site + "__pycache__/m.cpython-312.pyc", "hardlink");
    for (var path : record.object("paths_data").objects("paths")) {
      var inPrefix = path.optionalString("sha256_in_prefix");
      if (inPrefix.isPresent()) {
        var text = String.valueOf(files.get("opt/env/" + path.string("_path"))).split(" ", 2)[1];
        assertThat(Sha256.of(text.getBytes(StandardCharsets.ISO_8859_1)).hex())
            .as(path.string("_path"))
            .isEqualTo(inPrefix.get());
      }
    }
    // Without byte-code everything is as it was packaged.
    assertThat(read(make(locked, PLAIN)).get("opt/env/" + site + "__pycache__/m.cpython-312.pyc"))
        .isEqualTo("644 stale");
  }

  @Test
  void onlyNoarchPackagesFollowTheInterpreter() {
    var plain = locked(TestConda.named("plain").file("lib/x", "x"));
    var noarch =
        locked(TestConda.named("noarch").noarchPython("t = n:m").file("site-packages/n.py", "x"));
    var other = new Placement("3.11", "/opt/env", false, Compression.ZSTD);
    var free =
        new Placement("3.13", "/opt/env", false, Compression.ZSTD, "lib/python3.13t/site-packages");
    assertThat(make(plain, other)).isEqualTo(make(plain, PLAIN)).isEqualTo(make(plain, free));
    assertThat(make(noarch, other)).isNotEqualTo(make(noarch, PLAIN));
    assertThat(layers().paths(List.of(packageOf(noarch)), free)).isEmpty();
    assertThat(make(noarch, free).roots()).contains("opt/env/lib/python3.13t/site-packages/n.py");
  }

  @Test
  void noFolderOfThisMachineIsInALayer() throws IOException {
    var item = TestConda.named("local").file("lib/x", "x");
    var file = item.write(work.resolve("one"), ".conda");
    var elsewhere = Files.createDirectories(work.resolve("two")).resolve(file.getFileName());
    Files.copy(file, elsewhere);
    var one = RattlerPrefix.locked(file);
    var other = RattlerPrefix.locked(elsewhere);
    assertThat(make(one, PLAIN)).isEqualTo(make(other, PLAIN));
    assertThat(record(make(one, PLAIN), one).toString()).doesNotContain(work.toString());
  }

  @Test
  void hardLinksOfRewrittenFilesAreFilesOfTheirOwn() throws IOException {
    var placeholder = "/home/build/" + "placehold_".repeat(20);
    var content = ("x " + placeholder).getBytes(StandardCharsets.UTF_8);
    var locked =
        locked(
            TestConda.named("hard")
                .file("bin/plain", "plain")
                .hardLink("bin/twin", "bin/plain")
                .prefixed("bin/a", "text", placeholder, content)
                .hardLink("bin/b", "bin/a")
                .relist(
                    "bin/b",
                    it ->
                        it.put("sha256", Sha256.of(content).hex())
                            .put("size_in_bytes", content.length)
                            .put("file_mode", "text")
                            .put("prefix_placeholder", placeholder)));
    assertThat(read(make(locked, PLAIN)))
        .containsEntry("opt/env/bin/twin", "= opt/env/bin/plain")
        .containsEntry("opt/env/bin/a", "755 x /opt/env")
        .containsEntry("opt/env/bin/b", "755 x /opt/env");
  }

  @Test
  void largePackagesAreSplitAndStayWhole() throws IOException {
    var random = new java.util.Random(1);
    var item = TestConda.named("large");
    for (int i = 0; i < 10; i++) {
      var content = new byte[100_000];
      random.nextBytes(content);
      item.file("lib/f" + i, 0644, content);
    }
    item.hardLink("lib/twin", "lib/f0");
    var locked = locked(item);
    var whole = read(make(locked, PLAIN));
    var split =
        new PackageLayers(work.resolve("split"), blobs, compiler, 250_000)
            .make(List.of(packageOf(locked)), PLAIN, Progress.SILENT);
    assertThat(split.layers()).hasSizeGreaterThan(3);
    var files = read(split);
    assertThat(files.keySet()).isEqualTo(whole.keySet());
    // A link into another layer is a file.
    assertThat(files.get("opt/env/lib/twin")).isEqualTo(files.get("opt/env/lib/f0"));
  }

  private void assertRefused(CondaPackage locked, Placement placement, String member, String why) {
    assertThatThrownBy(() -> make(locked, placement))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().what()).contains(locked.title());
              assertThat(e.problem().where().toString()).contains(member);
              assertThat(e.problem().why().toString()).contains(why);
            });
    assertThat(blobs.directory().resolve("sha256"))
        .satisfiesAnyOf(
            folder -> assertThat(folder).doesNotExist(),
            folder -> assertThat(folder).isEmptyDirectory());
  }

  @Test
  void whatCannotBeInstalledIsRefusedAndNothingIsLeft() {
    assertRefused(
        locked(
            TestConda.named("room")
                .prefixed("bin/x", "binary", "/short", "a\0/short/lib\0".getBytes())),
        PLAIN,
        "bin/x",
        "longer than the 6 characters");
    assertRefused(
        locked(TestConda.named("fake").file("conda-meta/other-1-0.json", "{}")),
        PLAIN,
        "conda-meta/other-1-0.json",
        "record of the environment");
    assertRefused(
        locked(TestConda.named("hole").file("lib/.wh.x", "")), PLAIN, "lib/.wh.x", "delete");
    assertRefused(
        locked(TestConda.named("other").info("index.json", INDEX)), PLAIN, "index.json", "it is x");
    assertRefused(
        locked(TestConda.named("snake").noarchPython().file("site-packages/a.py", "")),
        new Placement("", "/opt/env", false, Compression.ZSTD),
        "",
        "has no Python");
    assertRefused(
        locked(TestConda.named("both").noarchPython("t = a:b").file("bin/t", "")),
        PLAIN,
        "info/link.json",
        "is a file too");
    assertRefused(
        locked(
            TestConda.named("place").noarchPython().file("python-scripts/t", "").file("bin/t", "")),
        PLAIN,
        "t",
        "same place");
  }

  private static final String INDEX = "{\"name\": \"x\", \"version\": \"1.0\", \"build\": \"0\"}";

  @Test
  void packagesOfWhichOnlyTheMd5IsKnownAreFetchedAndKept() throws Exception {
    var whole = locked(TestConda.named("old").file("lib/x", "x"));
    var folder = Files.createDirectories(work.resolve("channel/linux-64"));
    Files.copy(Path.of(URI.create(whole.url())), folder.resolve(whole.fileName()));
    var settings =
        Settings.of(
            Map.of(
                "TERROIR_HOME", work.resolve("home").toString(), "PIP_CONFIG_FILE", "/dev/null"));
    Files.writeString(work.resolve("netrc"), "machine 127.0.0.1 login me password secret\n");
    try (var server = CondaServer.serving(work.resolve("channel")).withBasic("me", "secret");
        var archives =
            ArchiveStore.open(
                settings.with("NETRC", work.resolve("netrc").toString()),
                TerroirHome.of(settings));
        var without = ArchiveStore.open(settings, TerroirHome.of(settings))) {
      var url = server.url() + "/linux-64/" + whole.fileName();
      var locked = with(whole, url, null, whole.md5());
      assertThatThrownBy(() -> without.conda(locked, _ -> {}))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().what()).contains("old 1.0 0");
                assertThat(e.problem().why().toString()).contains("credentials");
              });
      var archive = archives.conda(locked, _ -> {});
      assertThat(archive.sha256().hex()).isEqualTo(whole.sha256());
      var asked = server.requests(whole.fileName());
      assertThat(archives.conda(locked, _ -> {})).isEqualTo(archive);
      assertThat(server.requests(whole.fileName())).isEqualTo(asked);

      assertThatThrownBy(() -> archives.conda(with(whole, url, null, "0".repeat(32)), _ -> {}))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().what()).contains("old 1.0 0");
                assertThat(e.problem().why().toString()).contains("MD5");
              });
      assertThatThrownBy(
              () -> archives.conda(with(whole, whole.url(), null, "0".repeat(32)), _ -> {}))
          .isInstanceOf(ImageException.class);
      assertThat(archives.conda(with(whole, whole.url(), null, md5(whole)), _ -> {}).sha256())
          .isEqualTo(archive.sha256());
    }
  }

  private static String md5(CondaPackage item) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("MD5")
                .digest(Files.readAllBytes(Path.of(URI.create(item.url())))));
  }

  private static CondaPackage with(CondaPackage item, String url, String sha256, String md5) {
    return new CondaPackage(
        item.name(),
        item.version(),
        item.build(),
        item.buildNumber(),
        item.subdir(),
        item.channel(),
        url,
        sha256,
        md5,
        item.sizeBytes(),
        item.depends(),
        item.constrains(),
        item.noarch(),
        item.sitePackagesPath(),
        item.license(),
        item.timestampMillis(),
        item.distributions(),
        item.requiredBy());
  }
}

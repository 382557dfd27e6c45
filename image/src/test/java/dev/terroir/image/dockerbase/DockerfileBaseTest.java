package dev.terroir.image.dockerbase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.OwnStore;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.FileTree;
import dev.terroir.image.dockerfile.TarTree;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.Copy;
import dev.terroir.image.transfer.ImageSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Bases that are given as Dockerfiles")
class DockerfileBaseTest {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  @TempDir Path folder;

  private final List<String> said = Collections.synchronizedList(new ArrayList<>());
  private final Progress progress =
      new Progress() {
        @Override
        public void step(String what) {
          said.add(what);
        }

        @Override
        public void line(String text) {
          said.add(text);
        }

        @Override
        public void warn(String text) {
          said.add(text);
        }
      };

  /// A layout with one image of one layer, in which `/app` is a link to `/srv`.
  private Path base(byte[] shell) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(out)) {
      for (var directory : List.of("bin/", "srv/", "etc/", "tmp/", "proc/", "sys/", "dev/")) {
        put(tar, new TarArchiveEntry(directory, TarConstants.LF_DIR), new byte[0]);
      }
      put(tar, new TarArchiveEntry("bin/sh"), shell);
      var link = new TarArchiveEntry("app", TarConstants.LF_SYMLINK);
      link.setLinkName("srv");
      put(tar, link, new byte[0]);
    }
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      gzip.write(out.toByteArray());
    }
    var layer = Descriptor.of(MediaType.LAYER_GZIP, Digest.of(packed.toByteArray()), packed.size());
    var config =
        ImageConfig.of(Platform.current())
            .withVariable("PATH", "/bin")
            .withLayer(Digest.of(out.toByteArray()), "a test", "");
    var manifest = Manifest.of(config.descriptor(), List.of(layer), Map.of());
    var layout = folder.resolve("base-" + layer.digest().encoded().substring(0, 8));
    try (var target = new OciLayout(layout).target()) {
      target.put(layer, () -> new ByteArrayInputStream(packed.toByteArray()));
      target.put(config.descriptor(), () -> new ByteArrayInputStream(config.bytes()));
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of("1"));
    }
    return layout;
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] bytes)
      throws IOException {
    entry.setMode(0755);
    entry.setModTime(0);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  /// Everything of one user on one machine.
  private final class Machine {
    private final BlobStore blobs;
    private final BaseImages bases;
    private final ImagePlaces places;
    private final DockerfileBase dockerfiles;

    Machine(String name, Settings settings) {
      var home = folder.resolve(name);
      blobs = new BlobStore(home.resolve("blobs"));
      bases = new BaseImages(blobs, home.resolve("bases"), Clock.systemUTC());
      places = new ImagePlaces(settings.with("TERROIR_HOME", home.toString()));
      dockerfiles =
          new DockerfileBase(
              blobs, bases, places, () -> Engine.forBuilds(settings), home.resolve("dockerfiles"));
    }

    DockerfileBase.Made make(String text, BuildContext context) {
      return make(text, context, false);
    }

    DockerfileBase.Made make(String text, BuildContext context, boolean isAnew) {
      said.clear();
      return dockerfiles.make(
          new DockerfileBase.Order(text, "Dockerfile", context, Platform.current()),
          isAnew,
          progress);
    }

    BaseImage resolve(DockerfileBase.Made made) {
      return bases.resolve(made.name(), Platform.current(), made.source());
    }

    /// The text of a file in an image, and its permissions.
    String file(DockerfileBase.Made made, String path) throws IOException {
      var tars = new ArrayList<Path>();
      var directory = Files.createTempDirectory(folder, "layers");
      for (var layer : resolve(made).layers()) {
        var tar = directory.resolve(tars.size() + ".tar");
        bases.unpack(layer, made.source(), tar);
        tars.add(tar);
      }
      try (var tree = TarTree.open(tars)) {
        var entry = tree.find(path).orElseThrow();
        assertThat(entry.type()).isEqualTo(FileTree.Type.FILE);
        try (var in = tree.open(entry)) {
          return Integer.toOctalString(entry.mode()) + " " + new String(in.readAllBytes());
        }
      }
    }
  }

  private static final Settings NO_ENGINE = Settings.of(Map.of("PATH", "/nowhere", "HOME", "/"));

  private BuildContext context(String name, String permissions) throws IOException {
    var root = Files.createDirectories(folder.resolve(name));
    var file = Files.writeString(root.resolve("main.py"), "print('hello')\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    return BuildContext.of(root, null);
  }

  private String text(Path layout) {
    return """
    ARG BASE=%s
    FROM oci:${BASE}:1
    ENV MODE=fast
    COPY main.py /app/
    """
        .formatted(layout);
  }

  @Test
  void twoUsersGetTheSameBytesWithoutAnEngine() throws IOException {
    var text = text(base("sh".getBytes()));
    var one = new Machine("one", NO_ENGINE);
    var other = new Machine("other", NO_ENGINE);
    try (var first = one.make(text, context("here", "rw-------")).source();
        var second = other.make(text, context("there", "rw-rw-rw-")).source()) {
      assertThat(first.root()).isEqualTo(second.root());
    }
    var made = one.make(text, context("here", "rw-------"));
    try (var source = made.source()) {
      var image = one.resolve(made);
      assertThat(image.environment()).containsExactly("PATH=/bin", "MODE=fast");
      // The link of the base is followed, so the file is where it leads to.
      assertThat(one.file(made, "srv/main.py")).isEqualTo("644 print('hello')\n");
      assertThat(one.file(made, "bin/sh")).isEqualTo("755 sh");
      assertThat(image.layers()).hasSize(2);
      assertThat(source.root()).isEqualTo(image.manifest());
    }
  }

  @Test
  void whatWasMadeIsLookedUpUntilSomethingChanges() throws IOException {
    var layout = base("sh".getBytes());
    var text = text(layout);
    var machine = new Machine("one", NO_ENGINE);
    var first = digest(machine.make(text, context("here", "rw-r--r--")));
    assertThat(said).contains("evaluating Dockerfile");

    var again = digest(machine.make(text, context("here", "rw-r--r--")));
    assertThat(again).isEqualTo(first);
    assertThat(said).isEmpty();

    var changed = context("here", "rwxr-xr-x");
    assertThat(digest(machine.make(text, changed))).isNotEqualTo(first);

    // Another image under the name that FROM has.
    var moved = base("another sh".getBytes());
    try (var from = new OciLayout(moved).source("1");
        var to = new OciLayout(layout).target()) {
      Copy.with(Progress.SILENT).run(from, to, null, List.of("1"));
    }
    var context = context("here", "rw-r--r--");
    var onAnother = machine.make(text, context);
    try (var _ = onAnother.source()) {
      assertThat(onAnother.source().root().digest()).isNotEqualTo(first);
      assertThat(machine.file(onAnother, "bin/sh")).isEqualTo("755 another sh");
    }

    // A blob that is gone is made again.
    machine.blobs.find(onAnother.source().root().digest()).ifPresent(file -> delete(file));
    assertThat(digest(machine.make(text, context))).isEqualTo(onAnother.source().root().digest());
    assertThat(said).contains("evaluating Dockerfile");
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Digest digest(DockerfileBase.Made made) {
    try (ImageSource source = made.source()) {
      return source.root().digest();
    }
  }

  @Test
  void aDockerfileThatCopiesNothingFetchesNoLayer() throws IOException {
    var layout = base("sh".getBytes());
    var machine = new Machine("one", NO_ENGINE);
    var made = machine.make("FROM oci:" + layout + ":1\nENV A=b\n", BuildContext.empty());
    try (var _ = made.source()) {
      var layer = machine.resolve(made).layers().getFirst().blob();
      assertThat(machine.blobs.find(layer.digest())).isEmpty();
      assertThat(made.source().blob(layer).readAllBytes()).hasSize((int) layer.sizeBytes());
    }
  }

  @Test
  void problemsNameTheInstruction() throws IOException {
    var layout = base("sh".getBytes());
    var machine = new Machine("one", NO_ENGINE);
    assertThatThrownBy(() ->
            machine.make("FROM oci:" + layout + ":1\nENV A=b\nRUN make\n", BuildContext.empty()))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE);
              assertThat(e.problem().render()).contains("Dockerfile:3").contains("RUN make");
            });
    assertThatThrownBy(
            () -> machine.make("FROM oci:" + layout + ":1\nCOPY none /\n", BuildContext.empty()))
        .isInstanceOfSatisfying(
            ImageException.class, e -> assertThat(e.problem().render()).contains("Dockerfile:2"));
    assertThatThrownBy(
            () -> machine.make("FROM oci:" + layout + ":2\nENV A=b\n", BuildContext.empty()))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ImageCode.IMAGE_NOT_FOUND));
  }

  @Test
  void aTriggerOfTheImageBelowMayNeedAnEngine() throws IOException {
    var machine = new Machine("one", NO_ENGINE);
    var text = "FROM oci:" + base("sh".getBytes()) + ":1\nONBUILD RUN make\n";
    var below = folder.resolve("with-trigger");
    try (var source = machine.make(text, BuildContext.empty()).source();
        var target = new OciLayout(below).target()) {
      Copy.with(Progress.SILENT).run(source, target, null, List.of("1"));
    }
    assertThatThrownBy(
            () -> machine.make("FROM oci:" + below + ":1\nENV A=b\n", BuildContext.empty()))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE);
              assertThat(e.problem().render()).contains("Dockerfile:1").contains("RUN make");
            });
  }

  @Test
  void layersOfAnEngineAreKeptCompressedAndMadeAgainWhenTheyAreGone() throws IOException {
    var settings = engine();
    load(settings, base(Files.readAllBytes(BUSYBOX)));
    var machine = new Machine("one", settings);
    var text = "FROM localhost/terroir-base:1\nRUN echo made > /srv/made\n";
    var made = machine.make(text, BuildContext.empty());
    List<BaseImage.Layer> layers;
    try (var _ = made.source()) {
      layers = machine.resolve(made).layers();
      assertThat(layers)
          .hasSize(2)
          .allSatisfy(
              layer -> assertThat(layer.blob().mediaType()).isEqualTo(MediaType.LAYER_GZIP));
      assertThat(machine.file(made, "srv/made")).isEqualTo("644 made\n");
    }
    assertThat(folder.resolve("one/dockerfiles/built").toFile().list())
        .as("no archive of the engine stays")
        .noneMatch(name -> name.endsWith(".tar"));

    delete(machine.blobs.path(layers.getLast().blob().digest()));
    var again = machine.make(text, BuildContext.empty());
    try (var _ = again.source()) {
      assertThat(machine.file(again, "srv/made")).isEqualTo("644 made\n");
      assertThat(machine.resolve(again).layers().getFirst())
          .as("the layer below is not compressed again, and the same")
          .isEqualTo(layers.getFirst());
    }
  }

  @Test
  void builtAnewTheEngineRunsAgain() throws IOException {
    var settings = engine();
    load(settings, base(Files.readAllBytes(BUSYBOX)));
    var machine = new Machine("one", settings);
    var text =
        "FROM localhost/terroir-base:1\nRUN echo from the program > /srv/made; cat /srv/made\n";
    digest(machine.make(text, BuildContext.empty()));
    digest(machine.make(text, BuildContext.empty()));
    assertThat(said).doesNotContain("from the program");
    digest(machine.make(text, BuildContext.empty(), true));
    assertThat(said).contains("from the program");
  }

  @Test
  void aFileThatADockerfileWithoutAContextCopiesIsToldWhereToPut() throws IOException {
    var settings = engine();
    var layout = base(Files.readAllBytes(BUSYBOX));
    load(settings, layout);
    var machine = new Machine("one", settings);
    for (var text :
        List.of(
            "FROM oci:" + layout + ":1\nCOPY main.py /app/\n",
            "FROM localhost/terroir-base:1\nCOPY main.py /app/\nRUN true\n")) {
      assertThatThrownBy(() -> machine.make(text, BuildContext.empty()))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().render()).contains("Dockerfile:2");
                assertThat(e.problem().why()).contains(BuildContext.NO_FILES);
                assertThat(e.problem().hints()).contains(BuildContext.GIVE_FILES);
              });
    }
  }

  /// Settings of a store of its own, in which the base lies as `localhost/terroir-base:1`.
  private Settings engine() throws IOException {
    if (!Files.isExecutable(BUSYBOX)) {
      System.err.println("SKIPPED: no /bin/busybox; install the Debian package busybox-static");
    }
    assumeTrue(Files.isExecutable(BUSYBOX), "/bin/busybox");
    var settings =
        Settings.system()
            .with("TERROIR_ENGINE", "buildah")
            .with("TERROIR_HOME", folder.resolve("home").toString());
    for (var variable : OwnStore.variables(folder, "vfs").entrySet()) {
      settings = settings.with(variable.getKey(), variable.getValue());
    }
    var isThere = Engine.of(Engine.Kind.BUILDAH, settings).isPresent();
    if (!isThere) {
      System.err.println("SKIPPED: no program `buildah` that answers; install the Debian package");
    }
    assumeTrue(isThere, "buildah");
    return settings;
  }

  private static final ImageLocation STORED =
      ImageLocation.parse("containers-storage:localhost/terroir-base:1");

  private void load(Settings settings, Path layout) {
    try (var places = new ImagePlaces(settings);
        var from = new OciLayout(layout).source("1")) {
      var to = places.target(STORED);
      try (var target = to.target()) {
        Copy.with(Progress.SILENT).run(from, target, null, to.tags());
      }
    }
  }

  @Test
  void anEnginesStoreIsReadAndWritten() throws IOException {
    var settings = engine();
    var layout = base(Files.readAllBytes(BUSYBOX));
    load(settings, layout);
    try (var places = new ImagePlaces(settings);
        var source = places.source(STORED);
        var original = new OciLayout(layout).source("1")) {
      var bases =
          new BaseImages(
              new BlobStore(folder.resolve("b")), folder.resolve("r"), Clock.systemUTC());
      var there = bases.resolve("there", Platform.current(), source);
      var here = bases.resolve("here", Platform.current(), original);
      assertThat(there.layers().stream().map(BaseImage.Layer::diffId))
          .containsExactlyElementsOf(here.layers().stream().map(BaseImage.Layer::diffId).toList());
      assertThat(there.environment()).isEqualTo(here.environment());
      assertThatThrownBy(() -> places.source(ImageLocation.parse("podman:localhost/none:1")))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.IMAGE_NOT_FOUND));
    }
    try (var left = Files.list(folder.resolve("home/cache/images"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aStoreOfAnEngineThatIsNotThereIsSaidSo() {
    try (var places = new ImagePlaces(NO_ENGINE)) {
      for (var name : List.of("docker-daemon:a:1", "podman:a:1")) {
        assertThatThrownBy(() -> places.source(ImageLocation.parse(name)))
            .isInstanceOfSatisfying(
                ImageException.class,
                e -> assertThat(e.problem().code()).isEqualTo(ImageCode.NO_ENGINE));
      }
    }
  }

  @Test
  void anEngineRunsWhatNeedsOneOnceAndTellsWhatItDoes() throws IOException {
    var settings = engine();
    load(settings, base(Files.readAllBytes(BUSYBOX)));
    var machine = new Machine("one", settings);
    var context = context("here", "rw-r--r--");
    var text =
        """
        FROM localhost/terroir-base:1
        COPY main.py /app/
        RUN ["/bin/sh", "-c", "echo from the program; echo made > /srv/made"]
        """;
    var made = machine.make(text, context);
    var first = made.source().root().digest();
    try (var _ = made.source()) {
      assertThat(said).contains("from the program");
      assertThat(machine.file(made, "srv/made")).isEqualTo("644 made\n");
      assertThat(machine.file(made, "srv/main.py")).isEqualTo("644 print('hello')\n");
    }
    assertThat(digest(machine.make(text, context))).isEqualTo(first);
    assertThat(said).doesNotContain("from the program");

    assertThatThrownBy(() ->
            machine.make(
                "FROM localhost/terroir-base:1\nENV A=b\nRUN echo so far && false\n", context))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.DOCKERFILE_FAILED);
              assertThat(e.problem().render())
                  .contains("Dockerfile:3")
                  .contains("RUN echo so far && false");
            });
    assertThat(said).contains("so far");
  }
}

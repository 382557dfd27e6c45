package dev.terroir.workspace.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.transfer.Destination;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.workspace.locks.LockStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Images of definitions: on which base")
class DefinitionImagesTest {
  @TempDir Path folder;
  private Path layout;

  @BeforeEach
  void aBaseWithAShellAndAPython() throws IOException {
    layout = folder.resolve("base");
    var tar = new TarBytes();
    tar.file("bin/sh", "#!", true);
    tar.file("usr/bin/python3.12", "#!", true);
    tar.file("usr/bin/note", "text", false);
    var bytes = tar.finish();
    var layer = Descriptor.of(MediaType.LAYER, Digest.of(bytes), bytes.length);
    var config =
        ImageConfig.of(Platform.LINUX_AMD64)
            .withVariable("PATH", "/usr/bin:/bin")
            .withLayer(Digest.of(bytes), "a test", "");
    var manifest = Manifest.of(config.descriptor(), List.of(layer), Map.of());
    try (var target = new OciLayout(layout).target()) {
      target.put(layer, () -> new ByteArrayInputStream(bytes));
      target.put(config.descriptor(), () -> new ByteArrayInputStream(config.bytes()));
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of("1"));
    }
  }

  /// A small tar of ustar headers.
  private static final class TarBytes {
    private final java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();

    void file(String name, String content, boolean isExecutable) {
      var bytes = content.getBytes(StandardCharsets.UTF_8);
      var header = new byte[512];
      put(header, 0, name);
      put(header, 100, isExecutable ? "0000755" : "0000644");
      put(header, 108, "0000000");
      put(header, 116, "0000000");
      put(header, 124, "%011o".formatted(bytes.length));
      put(header, 136, "00000000000");
      put(header, 148, "        ");
      put(header, 156, "0");
      put(header, 257, "ustar");
      put(header, 263, "00");
      int sum = 0;
      for (var value : header) {
        sum += value & 0xff;
      }
      put(header, 148, "%06o\0 ".formatted(sum));
      out.writeBytes(header);
      out.writeBytes(Arrays.copyOf(bytes, (bytes.length + 511) / 512 * 512));
    }

    private static void put(byte[] header, int at, String text) {
      var bytes = text.getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    byte[] finish() {
      out.writeBytes(new byte[1024]);
      return out.toByteArray();
    }
  }

  private static Environment definition(String docker, String python) {
    return Environment.parse(
        """
        {"name": "mine", "docker": {%s}, "python": {%s}}
        """
            .formatted(docker, python),
        "definition");
  }

  private static final String MANAGED =
      "\"userManagedDependencies\": true, \"interpreterPath\": \"python3.12\"";

  private ImageBuilder.Outcome build(
      Environment environment, Path directory, String machine, DefaultBases defaults) {
    var settings = Settings.of(Map.of("PATH", "/nowhere", "HOME", folder.toString()));
    return build(environment, directory, machine, defaults, settings);
  }

  private ImageBuilder.Outcome build(
      Environment environment,
      Path directory,
      String machine,
      DefaultBases defaults,
      Settings settings) {
    var home = TerroirHome.in(folder.resolve(machine));
    try (var images =
            new DefinitionImages(
                settings,
                home,
                new LockStore(home.data().resolve("locks")),
                defaults,
                CondaOptions.DEFAULT,
                () -> {
                  throw new AssertionError("nothing is to be resolved here");
                },
                List.of("set {kind}"));
        var target = new OciLayout(folder.resolve(machine + "-images")).target()) {
      return images.build(
          DefinitionImages.Wish.of(environment, directory),
          List.of(new Destination(target, List.of("1"))),
          Progress.SILENT);
    }
  }

  private Path context(String name) throws IOException {
    var context = Files.createDirectories(folder.resolve(name).resolve("image"));
    Files.writeString(context.resolve("Dockerfile"), "FROM oci:" + layout + ":1\nCOPY a /a\n");
    Files.writeString(context.resolve("a"), "a");
    return context.resolveSibling("");
  }

  @Test
  void aBuildContextIsABaseAndTheSameEverywhere() throws IOException {
    var environment =
        definition("\"baseImage\": null, \"buildContext\": {\"location\": \"image\"}", MANAGED);
    var one = build(environment, context("here"), "one", DefaultBases.builtIn()).image();
    var other = build(environment, context("there"), "other", DefaultBases.builtIn()).image();

    assertThat(other.manifest()).isEqualTo(one.manifest());
    assertThat(one.layers()).isEmpty();
    assertThat(one.interpreterPath()).isEqualTo("python3.12");
    try (var source = new OciLayout(folder.resolve("one-images")).source("1")) {
      var manifest = Manifest.read(source.manifest(source.root()), "image");
      assertThat(manifest.layers()).hasSize(2);
      assertThat(source.root()).isEqualTo(one.manifest());
    }
    assertThat(build(environment, context("here"), "one", DefaultBases.builtIn()).isCached())
        .isTrue();
    Files.writeString(folder.resolve("here/image/a"), "b");
    var changed = build(environment, folder.resolve("here"), "one", DefaultBases.builtIn());
    assertThat(changed.image().manifest()).isNotEqualTo(one.manifest());
    assertThat(DefinitionImages.dependsOnFiles(environment)).isTrue();
  }

  @Test
  void aDockerfileIsTextOrAPath() throws IOException {
    Files.writeString(folder.resolve("my.Dockerfile"), "FROM oci:" + layout + ":1\nENV A=b\n");
    var path = definition("\"baseImage\": null, \"baseDockerfile\": \"my.Dockerfile\"", MANAGED);
    var text =
        definition(
            "\"baseImage\": null, \"baseDockerfile\": \"FROM oci:%s:1\\nENV A=b\\n\""
                .formatted(layout),
            MANAGED);
    var ofPath = build(path, folder, "one", DefaultBases.builtIn()).image();
    var ofText = build(text, folder, "one", DefaultBases.builtIn()).image();

    assertThat(ofText.baseDigest()).isEqualTo(ofPath.baseDigest());
    assertThat(DefinitionImages.dependsOnFiles(path)).isTrue();
    assertThat(DefinitionImages.dependsOnFiles(text)).isFalse();
  }

  @Test
  void aContextThatIsElsewhereOrLeadsOutIsRefused() {
    for (var context :
        List.of(
            "{\"location\": \"https://example.org/a.git\"}",
            "{\"location\": \"git@example.org:a.git\"}",
            "{\"location\": \"image\", \"dockerfilePath\": \"../Dockerfile\"}")) {
      refused(
          definition("\"baseImage\": null, \"buildContext\": " + context, MANAGED),
          EnvironmentCode.INVALID_DEFINITION,
          "docker.buildContext");
    }
  }

  private void refused(
      Environment environment, dev.terroir.foundation.problem.Code code, String... said) {
    assertThatThrownBy(() -> build(environment, folder, "one", DefaultBases.builtIn()))
        .isInstanceOfSatisfying(
            TerroirException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(code);
              assertThat(e.problem().render()).contains(said);
            });
  }

  @Test
  void theInterpreterOfAUserManagedEnvironmentMustBeInTheBase() {
    var base = "\"baseImage\": \"oci:" + layout + ":1\"";
    for (var good : List.of("python3.12", "/usr/bin/python3.12", "/bin/../usr/bin/python3.12")) {
      var environment =
          definition(
              base, "\"userManagedDependencies\": true, \"interpreterPath\": \"" + good + "\"");
      assertThat(build(environment, folder, "one", DefaultBases.builtIn()).image().lockDigest())
          .isNull();
    }
    for (var bad : List.of("python", "/opt/conda/bin/python", "note", "/usr/bin")) {
      refused(
          definition(
              base, "\"userManagedDependencies\": true, \"interpreterPath\": \"" + bad + "\""),
          ImageCode.BASE_NOT_FIT,
          "it has no program `" + bad + "`",
          "/usr/bin/python3.12");
    }
  }

  @Test
  void packagesOfAUserManagedEnvironmentChangeNothing() {
    var base = "\"baseImage\": \"oci:" + layout + ":1\"";
    var listing =
        definition(
            base,
            MANAGED + ", \"condaDependencies\": {\"dependencies\": [{\"pip\": [\"numpy\"]}]}");
    assertThat(
            build(listing, folder, "listing", DefaultBases.builtIn()).image().manifest().digest())
        .isEqualTo(
            build(definition(base, MANAGED), folder, "bare", DefaultBases.builtIn())
                .image()
                .manifest()
                .digest());
  }

  @Test
  void aDefaultThatCannotBeHadSaysItsKindAndHowToSetAnother() {
    var defaults =
        DefaultBases.builtIn()
            .with(DefaultBases.Kind.CPU, "oci:/nowhere/plain")
            .with(DefaultBases.Kind.CPU_PYTHON, "oci:/nowhere/cpu-{python}");
    var expected = Map.of("/usr/bin/Rscript", "cpu", "python3", "cpu-python");
    expected.forEach((interpreter, kind) -> {
      var environment =
          definition(
              "\"baseImage\": null",
              "\"userManagedDependencies\": true, \"interpreterPath\": \"" + interpreter + "\"");
      assertThatThrownBy(() -> build(environment, folder, kind, defaults))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ImageCode.IMAGE_NOT_FOUND);
                assertThat(e.problem().render())
                    .contains("the default base of the kind `" + kind + "`", "hint: set " + kind);
              });
    });
  }

  @Test
  void theLockedPackagesDecideWhetherTheDefaultBaseIsForAGpu() {
    var defaults =
        DefaultBases.builtIn()
            .with(DefaultBases.Kind.CPU_PYTHON, "oci:/nowhere/cpu-{python}")
            .with(DefaultBases.Kind.GPU_PYTHON, "oci:/nowhere/gpu-{python}");
    var environment =
        definition(
            "\"baseImage\": null", "\"condaDependencies\": {\"dependencies\": [\"python=3.12\"]}");
    var expected =
        Map.of("torch 2.4.0+cu121", "/nowhere/gpu-3.12", "torch 2.4.0", "/nowhere/cpu-3.12");
    expected.forEach((item, base) -> {
      var home = TerroirHome.in(folder.resolve(item));
      new LockStore(home.data().resolve("locks"))
          .get(
              CanonicalForm.hash(environment),
              Platform.LINUX_AMD64,
              null,
              false,
              () -> lock(environment, item));
      assertThatThrownBy(() -> build(environment, folder, item, defaults))
          .isInstanceOfSatisfying(
              TerroirException.class, e -> assertThat(e.problem().render()).contains(base));
    });
  }

  private static Lock lock(Environment environment, String item) {
    var words = item.split(" ");
    var file = words[0] + "-" + words[1] + "-py3-none-any.whl";
    return new Lock(
        CanonicalForm.hash(environment),
        Platform.LINUX_AMD64,
        "3.12",
        List.of(item),
        List.of(),
        Map.of(),
        List.of(
            new LockedPackage(
                words[0],
                words[1],
                new LockedPackage.Artifact(
                    "wheel", "https://example.org/" + file, file, "0".repeat(64), 1),
                null,
                List.of(LockedPackage.DEFINITION))),
        Map.of());
  }

  @Test
  void thePasswordGoesToTheRegistryThatTheDefinitionNamesAndNowhereElse() throws IOException {
    var seen = Collections.synchronizedList(new ArrayList<String>());
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          var header = exchange.getRequestHeaders().getFirst("Authorization");
          seen.add(String.valueOf(header));
          exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
          exchange.sendResponseHeaders(header == null ? 401 : 404, -1);
          exchange.close();
        });
    server.start();
    try {
      var address = "localhost:" + server.getAddress().getPort();
      var settings =
          Settings.of(
              Map.of(
                  "PATH", "/nowhere",
                  "HOME", folder.toString(),
                  "TERROIR_REGISTRY_PASSWORD", "geheim"));
      var registry = "\"baseImageRegistry\": {\"address\": \"%s\", \"username\": \"anna\"}";
      assertThatThrownBy(() ->
              build(
                  definition(
                      "\"baseImage\": \"team/base:1\", " + registry.formatted(address), MANAGED),
                  folder,
                  "one",
                  DefaultBases.builtIn(),
                  settings))
          .isInstanceOf(TerroirException.class)
          .hasMessageNotContaining("geheim");
      assertThat(seen)
          .contains(
              "Basic "
                  + Base64.getEncoder()
                      .encodeToString("anna:geheim".getBytes(StandardCharsets.UTF_8)));
      seen.clear();
      // The Dockerfile's FROM is of another registry than the one with the user.
      assertThatThrownBy(() ->
              build(
                  definition(
                      "\"baseImage\": null, \"baseDockerfile\": \"FROM "
                          + address
                          + "/team/base:1\\nENV A=b\\n\", "
                          + registry.formatted("registry.example.org"),
                      MANAGED),
                  folder,
                  "one",
                  DefaultBases.builtIn(),
                  settings))
          .isInstanceOf(TerroirException.class);
      assertThat(seen).isNotEmpty().containsOnly("null");
      assertThat(settings.variables()).doesNotContainKey("TERROIR_REGISTRY_PASSWORD");
    } finally {
      server.stop(0);
    }
    try (var files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile))
          .allSatisfy(file ->
              assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                  .doesNotContain("geheim"));
    }
  }
}

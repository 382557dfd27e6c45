package dev.terroir.image.build;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.build.BuiltImage.BuiltLayer;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.BuildRequest;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.engine.EngineBuild;
import dev.terroir.image.layer.RewrittenTar;
import dev.terroir.image.layout.DockerArchive;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Runs link scripts in an image with an engine and makes a layer of what they changed.
///
/// The layer is kept under the hash of the image below and of the scripts that run, so they run
/// again only when one of these is another. Its entries are sorted and have the time of all our
/// layers; what a script writes into its files is the script's own, so two machines that run it may
/// get two layers, where all the other layers are the same everywhere. Thread-safe.
final class LinkScriptRun {
  private static final String FORMAT = "terroir-link-script-layer/1";
  private static final Duration TIMEOUT = Duration.ofHours(2);

  /// Lines of a script's output that a failure shows.
  private static final int SHOWN_LINES = 50;

  private static final String INSTALL =
      "install an engine, for example by `apt-get install podman`, or take the packages out of the"
          + " list of allowed link scripts";

  private final BlobStore blobs;
  private final BaseImages bases;
  private final Supplier<Engine> engine;
  private final Path directory;

  /// @param engine asked for only when scripts must run
  /// @param directory where it is remembered what scripts made
  LinkScriptRun(BlobStore blobs, BaseImages bases, Supplier<Engine> engine, Path directory) {
    this.blobs = blobs;
    this.bases = bases;
    this.engine = engine;
    this.directory = directory;
  }

  /// The image that scripts run in: base and package layers, all of which are here or can be
  /// fetched.
  ///
  /// @param source of the base
  /// @param layers those of the base, then ours
  /// @param config what it would be without the scripts
  record Below(BaseImage base, ImageSource source, List<BaseImage.Layer> layers, byte[] config) {}

  /// What scripts made.
  ///
  /// @param layers one, or none when they changed nothing
  /// @param messages what they want a person to read
  /// @param isNew whether they ran now
  record Made(List<BuiltLayer> layers, List<String> messages, boolean isNew) {
    private JsonObject toJson() {
      return JsonObject.builder()
          .put("format", FORMAT)
          .put(
              "layers",
              new JsonValue.JsonArray(layers.stream().<JsonValue>map(BuiltLayer::toJson).toList()))
          .put("messages", messages)
          .build();
    }
  }

  /// Runs them, or gives what they made before.
  ///
  /// @throws ResolveException code `link-script`, with the package and what its script wrote
  /// @throws ImageException code `no-engine` or `engine-failed`
  Made run(LinkScripts scripts, Below below, Progress progress) {
    var key = scripts.key(below.base().manifest().digest().toString(), below.config());
    var record = directory.resolve(key.hex() + ".json");
    var known = known(record, scripts);
    if (known.isPresent()) {
      return known.get();
    }
    // Whoever builds the same meanwhile waits and gets the same.
    try (var _ = ProcessLock.acquire(directory.resolve("." + key.hex() + ".lock"), TIMEOUT)) {
      var meanwhile = known(record, scripts);
      if (meanwhile.isPresent()) {
        return meanwhile.get();
      }
      var work = AtomicFiles.temporaryBeside(directory.resolve("run"));
      try {
        Files.createDirectories(work);
        var made = run(scripts, below, key, work, progress);
        AtomicFiles.writeCached(record, JsonWriter.indented(made.toJson(), 2) + "\n");
        return made;
      } catch (IOException e) {
        throw FoundationException.ofFile("the link scripts cannot be run", work, e);
      } finally {
        Trees.delete(work);
      }
    }
  }

  private Optional<Made> known(Path record, LinkScripts scripts) {
    if (!Files.isRegularFile(record)) {
      return Optional.empty();
    }
    try {
      var json = JsonReader.readObject(record);
      var layers = new ArrayList<BuiltLayer>();
      for (var layer : json.objects("layers")) {
        var blob =
            Descriptor.of(
                layer.string("mediaType"),
                Digest.parse(layer.string("digest")),
                layer.longValue("size"));
        if (!blobs.verify(blob.digest())) {
          return Optional.empty();
        }
        layers.add(
            new BuiltLayer(
                blob, Digest.parse(layer.string("diffId")), List.of(), scripts.titles()));
      }
      return json.string("format").equals(FORMAT)
          ? Optional.of(new Made(List.copyOf(layers), json.strings("messages"), false))
          : Optional.empty();
    } catch (TerroirException e) {
      // Damaged: running them replaces it.
      return Optional.empty();
    }
  }

  private Made run(LinkScripts scripts, Below below, Sha256 key, Path work, Progress progress)
      throws IOException {
    var found = engine(scripts);
    progress.step("running the link scripts of " + String.join(", ", scripts.titles()));
    var archive = work.resolve("below.tar");
    // A name of this run's own: another home's run may use the same store, and takes its own away.
    var run = String.valueOf(work.getFileName()).replaceAll("[^A-Za-z0-9]", "");
    var name = "localhost/terroir/link-scripts:" + key.hex().substring(0, 32) + "-" + run;
    var done = name + "-done";
    write(below, name, archive, work);
    try {
      found.load(archive, progress);
      Files.delete(archive);
      var lines = Collections.synchronizedList(new ArrayList<String>());
      var order =
          new EngineBuild.Order(
              scripts.dockerfile(name),
              "the link scripts",
              BuildContext.empty(),
              new BuildRequest(Map.of(), below.base().platform(), null),
              List.of("--no-cache", "--tag", done),
              TIMEOUT);
      EngineBuild.Built built;
      try {
        built =
            new EngineBuild(() -> found, work.resolve("built"))
                .build(order, false, progress.keeping(lines::add));
      } catch (ImageException e) {
        throw failed(scripts, lines, e);
      }
      var messages = scripts.messages(List.copyOf(lines));
      try (var image = DockerArchive.source(built.archive(), null)) {
        return new Made(layers(scripts, below, image, work), messages, true);
      }
    } finally {
      found.remove(done);
      found.remove(name);
    }
  }

  private Engine engine(LinkScripts scripts) {
    try {
      return engine.get();
    } catch (ImageException e) {
      if (e.problem().code() != ImageCode.NO_ENGINE) {
        throw e;
      }
      throw new ImageException(
          e.problem()
              .because(
                  "the link scripts of "
                      + String.join(", ", scripts.titles())
                      + " are allowed, and an engine must run them in the image")
              .hint(INSTALL),
          e);
    }
  }

  private static TerroirException failed(
      LinkScripts scripts, List<String> lines, ImageException e) {
    var failure = scripts.failure(List.copyOf(lines));
    if (failure.isEmpty()) {
      return new ImageException(
          e.problem()
              .because("it was to run the link scripts of " + String.join(", ", scripts.titles())),
          e);
    }
    var output = failure.get().output();
    var shown = output.subList(Math.max(0, output.size() - SHOWN_LINES), output.size());
    return new ResolveException(
        Problem.of(
                ResolveCode.LINK_SCRIPT,
                "the link script of `" + failure.get().title() + "` failed in the image")
            .because("exit code " + failure.get().exitCode() + ":\n" + String.join("\n", shown))
            .hint("take the package out of the list of allowed link scripts"),
        e);
  }

  /// Writes the image below for an engine; what zstd compressed is unpacked, as Docker before 23
  /// loads none of it.
  private void write(Below below, String name, Path archive, Path work) throws IOException {
    // Instructions that the base leaves to whoever builds on it are none of the scripts'.
    var json = JsonReader.parseObject(new String(below.config(), StandardCharsets.UTF_8), name);
    var settings = json.optionalObject("config").orElse(JsonObject.EMPTY);
    var config =
        JsonWriter.compact(
                json.toBuilder()
                    .put("config", settings.toBuilder().put("OnBuild", List.of()).build())
                    .build())
            .getBytes(StandardCharsets.UTF_8);
    var unpacked = work.resolve("layer.tar");
    try (var target = DockerArchive.target(archive, List.of(ImageReference.parse(name)))) {
      var layers = new ArrayList<Descriptor>();
      for (var layer : below.layers()) {
        if (layer.blob().mediaType().equals(MediaType.LAYER_ZSTD)) {
          bases.unpack(layer, below.source(), unpacked);
          var plain = Descriptor.of(MediaType.LAYER, layer.diffId(), Files.size(unpacked));
          target.put(plain, () -> Files.newInputStream(unpacked));
          Files.delete(unpacked);
          layers.add(plain);
        } else {
          var file = bases.fetch(layer.blob(), below.source());
          target.put(
              layer.blob(),
              new ImageTarget.FileContent(file, blobs.isChecked(layer.blob().digest())));
          layers.add(layer.blob());
        }
      }
      var descriptor = Descriptor.of(MediaType.CONFIG, Digest.of(config), config.length);
      target.put(descriptor, () -> new ByteArrayInputStream(config));
      var manifest = Manifest.of(descriptor, layers, Map.of());
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of());
    }
  }

  /// The layer above those that went in.
  private List<BuiltLayer> layers(LinkScripts scripts, Below below, ImageSource image, Path work) {
    var root = image.root();
    var manifest = Manifest.read(image.manifest(root), root.digest().toString());
    byte[] bytes;
    try (var in = image.blob(manifest.config())) {
      bytes = in.readAllBytes();
    } catch (IOException e) {
      throw FoundationException.ofFile("the image of the engine cannot be read", work, e);
    }
    var diffIds = ImageConfig.read(bytes, "the image of the link scripts").diffIds();
    var before = below.layers().stream().map(BaseImage.Layer::diffId).toList();
    var isOnTop =
        diffIds.size() >= before.size()
            && diffIds.size() <= before.size() + 1
            && diffIds.subList(0, before.size()).equals(before);
    if (!isOnTop) {
      throw new ImageException(
          Problem.of(
                  ImageCode.ENGINE_FAILED,
                  "the engine has other layers than the image in which link scripts ran")
              .at(Place.of("the link scripts of " + String.join(", ", scripts.titles())))
              .because("it has " + diffIds.size() + " layers on " + before.size()));
    }
    if (diffIds.size() == before.size()) {
      return List.of();
    }
    var tar = work.resolve("changes.tar");
    bases.unpack(new BaseImage.Layer(manifest.layers().getLast(), diffIds.getLast()), image, tar);
    var made = RewrittenTar.gzip(tar, work.resolve("layer.tar"), blobs);
    return List.of(new BuiltLayer(made.descriptor(), made.diffId(), List.of(), scripts.titles()));
  }
}

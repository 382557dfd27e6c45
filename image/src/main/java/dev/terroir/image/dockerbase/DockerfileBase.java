package dev.terroir.image.dockerbase;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.BuildRequest;
import dev.terroir.image.dockerfile.Dockerfile;
import dev.terroir.image.dockerfile.EngineNeed;
import dev.terroir.image.dockerfile.Evaluation;
import dev.terroir.image.dockerfile.FileTree;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.engine.EngineBuild;
import dev.terroir.image.layer.PackedTar;
import dev.terroir.image.layout.DockerArchive;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.ImageSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Makes base images of Dockerfiles. One that needs no engine is evaluated on what its FROM names:
/// the same text, context and image below give the same bytes everywhere. Any other is built by an
/// engine once and kept under the hash of its text and context, also when what its FROM names has
/// moved since; engines write layers uncompressed, so they are compressed here, each once.
///
/// Thread-safe; any number of processes may share one folder.
///
/// ```
/// evaluated/<digits>.json   the manifest that a Dockerfile was evaluated to, and on what
/// built/<digits>.json       the manifest of what an engine made of a Dockerfile
/// packed/<digits>.json      what a layer of an engine became, by the digest of its tar
/// ```
///
/// @since 0.1
public final class DockerfileBase {
  private static final String FORMAT = "terroir-evaluated-dockerfile/1";
  private static final String BUILT_FORMAT = "terroir-built-dockerfile/1";

  /// A build may compile much.
  private static final Duration TIMEOUT = Duration.ofHours(6);

  private final BlobStore blobs;
  private final BaseImages bases;
  private final ImagePlaces places;
  private final Path directory;
  private final EngineBuild engines;

  /// @param blobs where the layers that are made are kept
  /// @param bases resolves what FROM names
  /// @param places opens it
  /// @param engine asked for only when a Dockerfile needs one
  /// @param directory where results are remembered
  public DockerfileBase(
      BlobStore blobs,
      BaseImages bases,
      ImagePlaces places,
      Supplier<Engine> engine,
      Path directory) {
    this.blobs = blobs;
    this.bases = bases;
    this.places = places;
    this.directory = directory;
    this.engines = new EngineBuild(engine, directory.resolve("built"));
  }

  /// What to make.
  ///
  /// @param text of the Dockerfile
  /// @param source what problems call it, usually its file
  /// @param context what it copies from
  /// @param platform what the image is for
  public record Order(String text, String source, BuildContext context, Platform platform) {
    private BuildRequest request() {
      return new BuildRequest(Map.of(), platform, null);
    }

    private EngineBuild.Order forEngine() {
      return new EngineBuild.Order(text, source, context, request(), List.of(), TIMEOUT);
    }
  }

  /// What became of a Dockerfile.
  ///
  /// @param name stands for it in records: `dockerfile:` and the hash of text and context, so that
  ///   no path of this machine gets into documents
  /// @param source the image; closed by the caller
  public record Made(String name, ImageSource source) {}

  /// Makes the image, or finds what was made before.
  ///
  /// @param isAnew whether an engine builds although it built the same before
  /// @param progress gets an engine's output line by line
  /// @throws ImageException code `dockerfile-syntax`, `dockerfile-failed` with the instruction and
  ///   its line, `no-engine` with the instruction that needs one, or one of the image below
  public Made make(Order order, boolean isAnew, Progress progress) {
    var dockerfile = Dockerfile.parse(order.text(), order.source());
    dockerfile.warnings().forEach(progress::warn);
    var key = order.forEngine().key();
    var name = "dockerfile:" + key.hex();
    var need = dockerfile.needsEngine(order.request(), _ -> List.of());
    if (need.isEmpty()) {
      var below = new Below();
      try {
        need =
            dockerfile.needsEngine(
                order.request(), image -> below.find(image, order.platform()).triggers());
        if (need.isEmpty()) {
          return new Made(name, evaluated(order, dockerfile, key, below, progress));
        }
      } catch (RuntimeException e) {
        below.close();
        throw e;
      }
      below.close();
    }
    return new Made(name, built(order, key, need.get(), isAnew, progress));
  }

  private ImageSource built(
      Order order, Sha256 key, EngineNeed need, boolean isAnew, Progress progress) {
    progress.line("an engine is needed: " + need);
    var record = directory.resolve("built").resolve(key.hex() + ".json");
    var known = isAnew ? Optional.<ImageSource>empty() : built(record);
    if (known.isPresent()) {
      return known.get();
    }
    // Whoever asks for the same meanwhile waits and gets the same.
    try (var _ = ProcessLock.acquire(record.resolveSibling("." + key + ".record"), TIMEOUT)) {
      known = isAnew ? Optional.empty() : built(record);
      if (known.isPresent()) {
        return known.get();
      }
      var built = byEngine(order, need, isAnew, progress);
      try (var image = DockerArchive.source(built.archive(), null)) {
        return keep(image, record, progress);
      } catch (ImageException e) {
        if (!built.isKept()) {
          throw e;
        }
        // What a killed process left was damaged; made again.
        var again = engines.build(order.forEngine(), true, progress);
        try (var image = DockerArchive.source(again.archive(), null)) {
          return keep(image, record, progress);
        }
      } finally {
        // All that was in it is kept otherwise.
        Trees.delete(built.archive());
      }
    }
  }

  private EngineBuild.Built byEngine(
      Order order, EngineNeed need, boolean isAnew, Progress progress) {
    try {
      return engines.build(order.forEngine(), isAnew, progress);
    } catch (ImageException e) {
      if (e.problem().code() == ImageCode.NO_ENGINE) {
        throw new ImageException(e.problem().at(need.step().place()).because(need.why()), e);
      }
      throw e;
    }
  }

  /// Keeps an image of an engine, its layers compressed.
  private ImageSource keep(ImageSource image, Path record, Progress progress) {
    var root = image.root();
    var saved = Manifest.read(image.manifest(root), root.digest().toString());
    progress.step("keeping " + saved.layers().size() + " layers of the image");
    var config = bases.fetch(saved.config(), image);
    var layers = new ArrayList<Descriptor>();
    for (var layer : saved.layers()) {
      layers.add(packed(layer, image));
    }
    var manifest =
        Manifest.of(
            Descriptor.of(MediaType.CONFIG, saved.config().digest(), saved.config().sizeBytes()),
            layers,
            Map.of());
    blobs.put(manifest.bytes());
    var own = new ArrayList<String>();
    own.add(Digest.of(read(config)).toString());
    layers.forEach(layer -> own.add(layer.digest().toString()));
    var json =
        JsonObject.builder()
            .put("format", BUILT_FORMAT)
            .put("manifest", manifest.descriptor().toJson())
            .put("blobs", own)
            .build();
    AtomicFiles.write(record, JsonWriter.indented(json, 2) + "\n");
    return new EvaluatedSource(manifest.descriptor(), blobs, null, () -> {});
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("a configuration cannot be read", file, e);
    }
  }

  /// A layer of an engine, compressed; images on one base share most of theirs.
  private Descriptor packed(Descriptor layer, ImageSource image) {
    if (!layer.mediaType().equals(MediaType.LAYER)) {
      bases.fetch(layer, image);
      return layer;
    }
    var record = directory.resolve("packed").resolve(layer.digest().encoded() + ".json");
    if (Files.isRegularFile(record)) {
      try {
        var known = Descriptor.of(JsonReader.readObject(record));
        if (blobs.find(known.digest()).isPresent()) {
          return known;
        }
      } catch (TerroirException e) {
        // Damaged; compressing replaces it.
      }
    }
    try (var in = image.blob(layer)) {
      var made =
          PackedTar.gzip(in, Place.of(layer.digest().toString()), layer.digest(), blobs)
              .descriptor();
      AtomicFiles.write(record, JsonWriter.indented(made.toJson(), 2) + "\n");
      return made;
    } catch (IOException e) {
      throw FoundationException.ofFile("a layer cannot be kept", record, e);
    }
  }

  /// What an engine made before, if all of it is there.
  private Optional<ImageSource> built(Path record) {
    if (!Files.isRegularFile(record)) {
      return Optional.empty();
    }
    try {
      var json = JsonReader.readObject(record);
      var manifest = Descriptor.of(json.object("manifest"));
      var own = new ArrayList<>(json.strings("blobs"));
      own.add(manifest.digest().toString());
      return json.string("format").equals(BUILT_FORMAT)
              && own.stream().allMatch(digest -> blobs.find(Digest.parse(digest)).isPresent())
          ? Optional.of(new EvaluatedSource(manifest, blobs, null, () -> {}))
          : Optional.empty();
    } catch (TerroirException e) {
      // Damaged: building replaces it.
      return Optional.empty();
    }
  }

  /// An image below, resolved.
  private record Found(String reference, BaseImage image, ImageSource source) {
    List<String> triggers() {
      return image
          .config()
          .optionalObject("config")
          .map(inner -> inner.strings("OnBuild"))
          .orElse(List.of());
    }
  }

  /// The images that FROM names, each opened once.
  private final class Below implements AutoCloseable {
    private final Map<String, Found> found = new LinkedHashMap<>();

    Found find(String reference, Platform platform) {
      var key = reference + " " + platform;
      var there = found.get(key);
      if (there == null) {
        var location = ImageLocation.parse(reference);
        var source = places.source(location);
        try {
          there =
              new Found(reference, bases.resolve(location.toString(), platform, source), source);
        } catch (RuntimeException e) {
          source.close();
          throw e;
        }
        found.put(key, there);
      }
      return there;
    }

    Found find(String reference, Platform platform, Place place) {
      try {
        return find(reference, platform);
      } catch (ImageException e) {
        throw new ImageException(e.problem().at(place), e);
      }
    }

    @Override
    public void close() {
      found.values().forEach(one -> one.source().close());
      found.clear();
    }
  }

  private ImageSource evaluated(
      Order order, Dockerfile dockerfile, Sha256 key, Below below, Progress progress) {
    var record = directory.resolve("evaluated").resolve(key.hex() + ".json");
    var known = known(record, below);
    if (known.isPresent()) {
      return known.get();
    }
    progress.step("evaluating " + order.source());
    var work = AtomicFiles.temporaryBeside(directory.resolve("evaluation"));
    var trees = new ArrayList<UnpackedLayers>();
    try {
      var result =
          new Evaluation(
                  order.context(),
                  (reference, platform, place) -> {
                    var found = below.find(reference, platform, place);
                    var tree =
                        new UnpackedLayers(
                            found.image(),
                            found.source(),
                            bases,
                            work.resolve("below-" + trees.size()));
                    trees.add(tree);
                    return image(found, tree);
                  },
                  work.resolve("layers"),
                  Instant.EPOCH)
              .evaluate(dockerfile, order.request());
      return keep(result, below, record, progress);
    } finally {
      trees.forEach(UnpackedLayers::close);
      Trees.delete(work);
    }
  }

  private static Evaluation.BaseImage image(Found found, FileTree files) {
    return new Evaluation.BaseImage() {
      @Override
      public JsonObject configuration() {
        return found.image().config();
      }

      @Override
      public FileTree files() {
        return files;
      }
    };
  }

  private ImageSource keep(Evaluation.Result result, Below below, Path record, Progress progress) {
    var reference = result.base();
    var found = reference == null ? null : below.find(reference, result.basePlatform());
    var layers = new ArrayList<Descriptor>();
    if (found != null) {
      found.image().layers().forEach(layer -> layers.add(layer.blob()));
    }
    var own = new ArrayList<String>();
    for (var layer : result.layers()) {
      progress.line("layer of `" + layer.createdBy() + "`");
      var made = PackedTar.gzip(layer.tar(), layer.diffId(), blobs);
      layers.add(made.descriptor());
      own.add(made.digest().toString());
    }
    var config =
        blobs.put(JsonWriter.compact(result.configuration()).getBytes(StandardCharsets.UTF_8));
    own.add(config.digest().toString());
    var manifest =
        Manifest.of(
            Descriptor.of(MediaType.CONFIG, config.digest(), config.sizeBytes()), layers, Map.of());
    blobs.put(manifest.bytes());
    var images = new ArrayList<JsonValue>();
    below
        .found
        .values()
        .forEach(one ->
            images.add(
                JsonObject.builder()
                    .put("reference", one.reference())
                    .put("platform", one.image().platform().toString())
                    .put("digest", one.image().manifest().digest().toString())
                    .put("isBase", one.equals(found))
                    .build()));
    var json =
        JsonObject.builder()
            .put("format", FORMAT)
            .put("manifest", manifest.descriptor().toJson())
            .put("blobs", own)
            .put("images", new JsonValue.JsonArray(images))
            .build();
    AtomicFiles.write(record, JsonWriter.indented(json, 2) + "\n");
    return new EvaluatedSource(
        manifest.descriptor(), blobs, found == null ? null : found.source(), below::close);
  }

  /// What was made before, if all that it was made of is what it was, and all of it is there.
  private Optional<ImageSource> known(Path record, Below below) {
    if (!Files.isRegularFile(record)) {
      return Optional.empty();
    }
    try {
      var json = JsonReader.readObject(record);
      var manifest = Descriptor.of(json.object("manifest"));
      var own = new ArrayList<>(json.strings("blobs"));
      own.add(manifest.digest().toString());
      if (!json.string("format").equals(FORMAT)
          || own.stream().anyMatch(digest -> blobs.find(Digest.parse(digest)).isEmpty())) {
        return Optional.empty();
      }
      ImageSource source = null;
      for (var image : json.objects("images")) {
        var found = below.find(image.string("reference"), Platform.parse(image.string("platform")));
        if (!found.image().manifest().digest().toString().equals(image.string("digest"))) {
          return Optional.empty();
        }
        if (image.optionalBoolean("isBase").orElse(false)) {
          source = found.source();
        }
      }
      return Optional.of(new EvaluatedSource(manifest, blobs, source, below::close));
    } catch (TerroirException e) {
      // Damaged, or an image below is gone: evaluating replaces it or says why.
      return Optional.empty();
    }
  }
}

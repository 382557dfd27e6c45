package dev.terroir.image.build;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.InstallOrder;
import dev.terroir.image.dockerbase.DockerfileBase;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.layer.PackageLayers;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.Destination;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes images of locks on base images. What it makes is kept in Terroir's cache folder: blobs,
/// the catalog of layers, and what was built of what.
///
/// The same lock, base and options give the same bytes, wherever, whenever and by whomever they are
/// built; of images in which link scripts are run that holds for all layers but that of the
/// scripts. Thread-safe; any number of processes may share one cache.
///
/// @since 0.1
public final class ImageBuilder implements AutoCloseable {
  /// Decides the bytes of images beside what goes into them; a later version builds anew.
  static final String FORMAT = "terroir-image-build/1";

  private final BlobStore blobs;
  private final BaseImages bases;
  private final Path records;
  private final LinkScriptRun linkScripts;
  private final Compiler compiler;
  private final PackageLayers layers;
  private final Settings settings;
  private final TerroirHome home;
  private @Nullable ArchiveStore archives;

  /// @param uv the tool, opened only when an interpreter has to be found for byte-code
  public ImageBuilder(Settings settings, TerroirHome home, Supplier<Uv> uv) {
    this.settings = settings;
    this.home = home;
    var images = home.cache().resolve("images");
    this.blobs = BlobStore.cache(images.resolve("blobs"));
    this.bases = new BaseImages(blobs, images.resolve("bases"), Clock.systemUTC());
    this.records = images.resolve("built");
    this.linkScripts =
        new LinkScriptRun(
            blobs, bases, () -> Engine.forBuilds(settings), images.resolve("link-scripts"));
    var interpreters = new ConcurrentHashMap<String, Path>();
    this.compiler =
        new Compiler(
            version ->
                interpreters.computeIfAbsent(
                    version, wanted -> uv.get().python(wanted, Progress.SILENT)),
            Runtime.getRuntime().availableProcessors());
    this.layers = new PackageLayers(images.resolve("layers"), blobs, compiler);
  }

  /// How to build.
  ///
  /// @param bytecode whether modules are compiled
  /// @param compression of our layers, or null for what suits: gzip for wheels, of which nothing is
  ///   compressed again, and zstd for conda packages where every target takes it
  public record Options(boolean bytecode, @Nullable Compression compression) {
    /// Byte-code, compressed as it suits.
    public static final Options DEFAULT = new Options(true, null);

    /// How layers of wheels are compressed.
    public Compression ofWheels() {
      return compression == null ? Compression.GZIP : compression;
    }

    /// How layers of conda packages are compressed.
    ///
    /// @param takesZstd whether every target takes zstd
    public Compression ofConda(boolean takesZstd) {
      return compression != null ? compression : takesZstd ? Compression.ZSTD : Compression.GZIP;
    }

    Map<String, String> parameters(Compression ofConda, boolean hasConda) {
      var parameters = new TreeMap<String, String>();
      parameters.put("bytecode", String.valueOf(bytecode));
      parameters.put("compression", ofWheels().name());
      if (hasConda) {
        parameters.put("condaCompression", ofConda.name());
      }
      return parameters;
    }
  }

  /// What to build.
  ///
  /// @param definitionHash 32 hex digits
  /// @param lock the packages, or null when the user manages them in the base image
  /// @param interpreterPath what runs scripts when the user manages the packages
  /// @param repository what the image is called, such as `azureml/azureml_<hash>`
  /// @param variables that containers get where the base sets none of that name, such as those that
  ///   ask an engine for the GPU's driver
  /// @param linkScripts names of conda packages whose post-link scripts are run, which takes an
  ///   engine; the changes that they make are one layer above those of the packages, whose bytes
  ///   depend on the scripts
  public record Request(
      String definitionHash,
      @Nullable Lock lock,
      String interpreterPath,
      String repository,
      Options options,
      Map<String, String> variables,
      List<String> linkScripts) {
    /// Copies the map, sorted, and the list.
    public Request {
      variables = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(variables));
      linkScripts = linkScripts.stream().distinct().sorted().toList();
    }

    /// The packages of the lock whose scripts may run, in installing order.
    List<CondaPackage> allowed() {
      return lock == null || linkScripts.isEmpty()
          ? List.of()
          : InstallOrder.of(lock.conda().packages()).stream()
              .filter(item -> linkScripts.contains(item.name()))
              .toList();
    }
  }

  /// What was built, and what it took.
  ///
  /// @param image the result
  /// @param sentBytes how many bytes the targets took
  /// @param newLayers how many layers had to be made
  /// @param isCached whether nothing had to be done
  public record Outcome(BuiltImage image, long sentBytes, int newLayers, boolean isCached) {}

  /// Finds out what a base reference stands for.
  ///
  /// @param reference without credentials
  /// @param source stays open until the base is closed
  public OpenBase base(
      String reference, dev.terroir.foundation.platform.Platform platform, ImageSource source) {
    return new OpenBase(bases.resolve(reference, platform, source), source, bases);
  }

  /// Makes bases of Dockerfiles, kept in the same cache.
  ///
  /// @param places opens what FROM names
  public DockerfileBase dockerfiles(ImagePlaces places) {
    return new DockerfileBase(
        blobs,
        bases,
        places,
        () -> Engine.forBuilds(settings),
        home.cache().resolve("images").resolve("dockerfiles"));
  }

  private synchronized ArchiveStore archives() {
    var open = archives;
    if (open == null) {
      open = ArchiveStore.open(settings, home);
      archives = open;
    }
    return open;
  }

  /// Builds an image and hands it to the targets.
  ///
  /// @param open of [#base]
  /// @param destinations each gets the whole image, blobs first; they stay open
  /// @throws dev.terroir.foundation.problem.TerroirException when the base does not fit, a package
  ///   cannot be fetched, or a target does not take it; what was made is kept for the next try
  public Outcome build(
      Request request, OpenBase open, List<Destination> destinations, Progress progress) {
    var base = open.image();
    var key = key(request, base, destinations);
    var known = known(key);
    if (known.isPresent()) {
      var manifest = known.get().manifest();
      var bytes = kept(manifest);
      if (bytes.isPresent()
          && destinations.stream().allMatch(place -> place.target().has(manifest))) {
        destinations.forEach(
            place -> place.target().putManifest(manifest, bytes.get(), place.tags()));
        return new Outcome(renamed(known.get(), request, base), 0, 0, true);
      }
    }
    sweep();
    var tools = new Building.Tools(blobs, bases, linkScripts, layers, this::archives);
    var made = new Building(tools, request, open, destinations, progress).run();
    AtomicFiles.writeCached(
        records.resolve(key.hex() + ".json"), JsonWriter.indented(made.image().toJson(), 2) + "\n");
    return made;
  }

  /// Takes away what builds left in the cache that were killed at least an hour ago.
  private void sweep() {
    AtomicFiles.sweep(blobs.directory());
    AtomicFiles.sweep(home.cache().resolve("archives").resolve("sha256"));
  }

  /// Equal content under another name is the same image.
  private static BuiltImage renamed(BuiltImage image, Request request, BaseImage base) {
    return new BuiltImage(
        request.definitionHash(),
        image.lockDigest(),
        image.platform(),
        request.repository(),
        image.manifest(),
        base.reference(),
        image.baseDigest(),
        image.environmentPath(),
        image.interpreterPath(),
        image.bytecode(),
        image.layers(),
        image.sizeBytes(),
        image.warnings(),
        image.linkScripts());
  }

  private static Sha256 key(Request request, BaseImage base, List<Destination> destinations) {
    var lock = request.lock();
    return Sha256.of(
        String.join(
            "\n",
            FORMAT,
            request.definitionHash(),
            lock == null ? request.interpreterPath() : lock.digest().hex(),
            base.manifest().digest().toString(),
            base.platform().toString(),
            new TreeMap<>(Building.parameters(request, destinations))
                + (request.variables().isEmpty() ? "" : "\n" + request.variables())));
  }

  private Optional<BuiltImage> known(Sha256 key) {
    var file = records.resolve(key.hex() + ".json");
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(BuiltImage.of(JsonReader.readObject(file)));
    } catch (FoundationException e) {
      // Damaged; building replaces it.
      return Optional.empty();
    }
  }

  /// A manifest of this machine, unless it was damaged since: then building makes it anew.
  private Optional<byte[]> kept(Descriptor manifest) {
    var there = blobs.find(manifest.digest());
    if (there.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readAllBytes(there.get())).filter(manifest.digest()::matches);
    } catch (IOException e) {
      throw FoundationException.ofFile("a blob cannot be read", there.get(), e);
    }
  }

  @Override
  public void close() {
    compiler.close();
    var open = archives;
    if (open != null) {
      open.close();
    }
  }
}

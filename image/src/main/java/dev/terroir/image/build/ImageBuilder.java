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
import dev.terroir.image.base.BaseFit;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.base.CondaPrefix;
import dev.terroir.image.base.PrefixLayer;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.build.BuiltImage.BuiltLayer;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.InstallOrder;
import dev.terroir.image.dockerbase.DockerfileBase;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.layer.LayerWriter;
import dev.terroir.image.layer.MadeLayer;
import dev.terroir.image.layer.MadeLayers;
import dev.terroir.image.layer.PackageLayers;
import dev.terroir.image.layer.Placement;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.sbom.CycloneDx;
import dev.terroir.image.sbom.Provenance;
import dev.terroir.image.sbom.Spdx;
import dev.terroir.image.sbom.Subject;
import dev.terroir.image.transfer.Destination;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.Locked;
import dev.terroir.resolve.tool.Uv;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
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
  private static final String FORMAT = "terroir-image-build/1";

  /// The configuration of artifacts that have none.
  private static final byte[] EMPTY = "{}".getBytes(StandardCharsets.UTF_8);

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

    private Map<String, String> parameters(Compression ofConda, boolean hasConda) {
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
    private List<CondaPackage> allowed() {
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
    return new Building(request, open, destinations, progress).run(key);
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

  private static Map<String, String> parameters(Request request, List<Destination> destinations) {
    var lock = request.lock();
    var parameters =
        request
            .options()
            .parameters(
                ofConda(request, destinations), lock != null && !lock.conda().packages().isEmpty());
    var allowed = request.allowed();
    if (!allowed.isEmpty()) {
      parameters.put(
          "linkScripts", String.join(", ", allowed.stream().map(CondaPackage::name).toList()));
    }
    return parameters;
  }

  private static Compression ofConda(Request request, List<Destination> destinations) {
    return request
        .options()
        .ofConda(destinations.stream().allMatch(place -> place.target().takesZstd()));
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
            new TreeMap<>(parameters(request, destinations))
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

  /// One build.
  private final class Building {
    private final Request request;
    private final OpenBase open;
    private final BaseImage base;
    private final ImageSource source;
    private final List<ImageTarget> targets;
    private final List<Destination> destinations;
    private final Progress progress;
    private final List<String> warnings = new ArrayList<>();
    private final AtomicLong sentBytes = new AtomicLong();
    private CondaFacts conda = CondaFacts.NONE;

    Building(Request request, OpenBase open, List<Destination> destinations, Progress progress) {
      this.request = request;
      this.open = open;
      this.base = open.image();
      this.source = open.source();
      this.destinations = List.copyOf(destinations);
      var all = new ArrayList<>(destinations.stream().map(Destination::target).toList());
      if (!request.allowed().isEmpty()) {
        // An engine is given the whole image, whatever a registry holds of it.
        all.add(new Here(blobs));
      }
      this.targets = List.copyOf(all);
      this.progress = progress;
    }

    /// Takes away what builds left in the cache that were killed at least an hour ago.
    private void sweep() {
      AtomicFiles.sweep(blobs.directory());
      AtomicFiles.sweep(home.cache().resolve("archives").resolve("sha256"));
    }

    Outcome run(Sha256 key) {
      sweep();
      for (var target : targets) {
        target.comesFrom(source);
      }
      var ours = new ArrayList<BuiltLayer>();
      var newLayers = 0;
      var lock = request.lock();
      if (lock != null) {
        progress.step(
            "making layers of " + lock.everything().size() + " packages on " + base.reference());
        var stack =
            new PackageStack(
                lock,
                placement(lock, request.options().ofWheels()),
                placement(lock, ofConda(request, destinations)),
                layers,
                blobs,
                archives(),
                targets,
                progress);
        // The packages need nothing of the base, which is looked into and sent meanwhile.
        List<PackageStack.Stacked> layersOfPackages;
        try (var ofBase = new Ahead<>(() -> fit(lock))) {
          layersOfPackages = stack.stack(ofBase::check);
          ours.addAll(ofBase.get());
        }
        var winners = stack.winners(layersOfPackages);
        var mended = stack.mend(winners, layersOfPackages);
        var wheels = new ArrayList<BuiltLayer>();
        for (var stacked : layersOfPackages) {
          newLayers += stacked.isNew() ? stacked.made().layers().size() : 0;
          (stacked.bucket().isConda() ? ours : wheels)
              .addAll(built(stacked.made(), stacked.bucket().packages()));
        }
        mended.ifPresent(made ->
            ours.addAll(
                built(
                    made,
                    lock.conda().packages().stream()
                        .filter(item -> winners.mends().containsKey(item.name()))
                        .toList())));
        ours.addAll(wheels);
        if (!lock.conda().packages().isEmpty()) {
          conda = CondaFacts.of(lock.conda(), layersOfPackages);
          ours.add(layer(CondaPrefix.entries(lock.conda(), conda.isActivated())));
        }
        sentBytes.addAndGet(stack.sentBytes());
        var clashes = stack.clashes(layersOfPackages, winners);
        clashes.equal().forEach(progress::line);
        warnings.addAll(clashes.different());
        newLayers += runLinkScripts(ours);
        conda.skipped().ifPresent(warnings::add);
        warnings.forEach(progress::warn);
      } else {
        BaseFit.checkUserManaged(
            base,
            open.facts(progress),
            request.interpreterPath(),
            bases.program(base, request.interpreterPath(), source, progress).orElse(null));
        sendBase();
      }
      var image = finish(ours);
      AtomicFiles.writeCached(
          records.resolve(key.hex() + ".json"), JsonWriter.indented(image.toJson(), 2) + "\n");
      return new Outcome(image, sentBytes.get(), newLayers, false);
    }

    /// Runs the link scripts that are allowed.
    ///
    /// @param ours all other layers; gets one more
    /// @return how many layers were made anew
    private int runLinkScripts(List<BuiltLayer> ours) {
      var scripts =
          new LinkScripts(
              request.allowed().stream()
                  .filter(item -> conda.postLink().contains(item.name()))
                  .toList());
      if (scripts.packages().isEmpty()) {
        return 0;
      }
      var all = new ArrayList<>(base.layers());
      ours.forEach(layer -> all.add(new BaseImage.Layer(layer.blob(), layer.diffId())));
      var made =
          linkScripts.run(
              scripts,
              new LinkScriptRun.Below(base, source, all, config(ours, Map.of())),
              progress);
      for (var layer : made.layers()) {
        for (var target : targets) {
          sentBytes.addAndGet(
              target.put(layer.blob(), ImageTarget.FileContent.of(blobs, layer.blob().digest())));
        }
      }
      ours.addAll(made.layers());
      warnings.addAll(made.messages());
      conda = conda.ran(scripts.packages());
      return made.isNew() ? made.layers().size() : 0;
    }

    private byte[] config(List<BuiltLayer> ours, Map<String, String> labels) {
      return EnvironmentConfiguration.of(
          base.config(),
          request.variables(),
          ours,
          request.lock() == null ? null : Placement.PREFIX,
          conda,
          labels);
    }

    /// The layer between the base and the packages, if they stand on a Python of the base.
    private List<BuiltLayer> fit(Lock lock) {
      var python = BaseFit.choose(base, open.facts(progress), lock);
      sendBase();
      return python.map(found -> layer(PrefixLayer.entries(found))).stream().toList();
    }

    private Placement placement(Lock lock, Compression compression) {
      return new Placement(
          lock.pythonVersion(),
          Placement.PREFIX,
          request.options().bytecode(),
          compression,
          lock.conda()
              .python()
              .map(CondaPackage::sitePackagesPath)
              .orElse(Placement.sitePackages(lock.pythonVersion())));
    }

    /// The base's layers, read from it only when a target lacks them.
    private void sendBase() {
      for (var layer : base.layers()) {
        for (var target : targets) {
          if (!target.has(layer.blob())) {
            progress.line("layer " + layer.blob().digest() + " of the base");
            sentBytes.addAndGet(target.put(layer.blob(), ofBase(layer.blob())));
          }
        }
      }
    }

    /// A layer of the base: fetched only if the target reads it, or here already.
    private ImageTarget.Content ofBase(Descriptor blob) {
      return blobs.verify(blob.digest())
          ? ImageTarget.FileContent.of(blobs, blob.digest())
          : () -> Files.newInputStream(bases.fetch(blob, source));
    }

    private BuiltLayer layer(List<PrefixLayer.Entry> entries) {
      try (var writer = new LayerWriter(blobs, request.options().ofWheels())) {
        for (var entry : entries) {
          switch (entry) {
            case PrefixLayer.Entry.Directory(var path, _) -> writer.folder(path);
            case PrefixLayer.Entry.File file ->
                writer.file(file.path(), (file.mode() & 0100) != 0, file.bytes());
            case PrefixLayer.Entry.Link(var path, var target) -> writer.link(path, target);
          }
        }
        var layer = writer.finish();
        send(layer);
        return new BuiltLayer(layer.descriptor(), layer.diffId(), List.of());
      } catch (IOException e) {
        throw FoundationException.ofFile("a layer cannot be written", blobs.directory(), e);
      }
    }

    private void send(MadeLayer layer) {
      for (var target : targets) {
        sentBytes.addAndGet(
            target.put(layer.descriptor(), ImageTarget.FileContent.of(blobs, layer.digest())));
      }
    }

    private static List<BuiltLayer> built(MadeLayers made, List<? extends Locked> packages) {
      var titles = packages.stream().map(Locked::title).toList();
      return made.layers().stream()
          .map(layer -> new BuiltLayer(layer.descriptor(), layer.diffId(), titles))
          .toList();
    }

    private BuiltImage finish(List<BuiltLayer> ours) {
      var lock = request.lock();
      var annotations = annotations(lock);
      var environment = lock == null ? null : Placement.PREFIX;
      var config = put(MediaType.CONFIG, config(ours, annotations));
      var blobsOfLayers = new ArrayList<Descriptor>();
      base.layers().forEach(layer -> blobsOfLayers.add(layer.blob()));
      ours.forEach(layer -> blobsOfLayers.add(titled(layer)));
      var bytes = Manifest.of(config, blobsOfLayers, annotations).bytes();
      var manifest = keep(MediaType.MANIFEST, bytes);
      for (var place : destinations) {
        place.target().putManifest(manifest, bytes, place.tags());
      }
      if (lock != null) {
        attach(manifest, lock);
      }
      return new BuiltImage(
          request.definitionHash(),
          lock == null ? null : lock.digest().prefixed(),
          base.platform(),
          request.repository(),
          manifest,
          base.reference(),
          base.manifest().digest(),
          environment,
          lock == null
              ? request.interpreterPath()
              : conda.isActivated()
                  ? CondaPrefix.ACTIVATED_PYTHON
                  : Placement.PREFIX + "/bin/python",
          request.options().bytecode(),
          ours,
          blobsOfLayers.stream().mapToLong(Descriptor::sizeBytes).sum(),
          warnings,
          request.allowed().stream().map(CondaPackage::name).sorted().toList());
    }

    private Map<String, String> annotations(@Nullable Lock lock) {
      var annotations = new LinkedHashMap<String, String>();
      annotations.put("org.opencontainers.image.base.digest", base.manifest().digest().toString());
      annotations.put("dev.terroir.definition", request.definitionHash());
      if (lock != null) {
        annotations.put("dev.terroir.lock", lock.digest().prefixed());
        if (!lock.pythonVersion().isEmpty()) {
          annotations.put("dev.terroir.python", lock.pythonVersion());
        }
        var skipped = conda.skippedPackages();
        if (!skipped.isEmpty()) {
          annotations.put(CondaFacts.SKIPPED_LINK_SCRIPTS, String.join(", ", skipped));
        }
        if (!conda.ran().isEmpty()) {
          annotations.put(CondaFacts.RUN_LINK_SCRIPTS, String.join(", ", conda.ran()));
        }
      }
      return annotations;
    }

    private static Descriptor titled(BuiltLayer layer) {
      return layer.packages().isEmpty()
          ? layer.blob()
          : layer
              .blob()
              .withAnnotations(Map.of(ImageContent.PACKAGES, String.join(", ", layer.packages())));
    }

    private Descriptor keep(String mediaType, byte[] bytes) {
      var stored = blobs.put(bytes);
      return Descriptor.of(mediaType, stored.digest(), stored.sizeBytes());
    }

    private Descriptor put(String mediaType, byte[] bytes) {
      var descriptor = keep(mediaType, bytes);
      for (var target : targets) {
        sentBytes.addAndGet(target.put(descriptor, () -> new ByteArrayInputStream(bytes)));
      }
      return descriptor;
    }

    /// The base's name for others: a path of this machine would say nothing elsewhere, and make
    /// other documents of the same image.
    private String publicName() {
      return base.reference().startsWith("docker://")
          ? base.reference().substring("docker://".length())
          : "base";
    }

    /// Bills of materials and the provenance, as artifacts about the image.
    private void attach(Descriptor manifest, Lock lock) {
      var subject =
          new Subject(
              request.repository(),
              manifest.digest(),
              lock,
              publicName(),
              base.manifest().digest());
      var tools = new TreeMap<>(lock.tools());
      tools.put("terroir", FORMAT);
      var documents = new LinkedHashMap<String, String>();
      documents.put(CycloneDx.MEDIA_TYPE, CycloneDx.of(subject));
      documents.put(Spdx.MEDIA_TYPE, Spdx.of(subject));
      documents.put(
          Provenance.MEDIA_TYPE, Provenance.of(subject, parameters(request, destinations), tools));
      var empty = put(MediaType.EMPTY, EMPTY);
      documents.forEach((type, text) -> {
        var content = put(type, text.getBytes(StandardCharsets.UTF_8));
        var artifact =
            new Manifest(MediaType.MANIFEST, type, empty, List.of(content), manifest, Map.of());
        var bytes = artifact.bytes();
        var referrer = artifact.descriptor();
        blobs.put(bytes);
        for (var target : targets) {
          target.putReferrer(manifest, referrer, bytes);
        }
      });
    }
  }
}

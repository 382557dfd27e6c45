package dev.terroir.image.build;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.image.base.BaseFit;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.base.CondaPrefix;
import dev.terroir.image.base.PrefixLayer;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.build.BuiltImage.BuiltLayer;
import dev.terroir.image.build.ImageBuilder.Outcome;
import dev.terroir.image.build.ImageBuilder.Request;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.layer.LayerWriter;
import dev.terroir.image.layer.MadeLayer;
import dev.terroir.image.layer.MadeLayers;
import dev.terroir.image.layer.PackageLayers;
import dev.terroir.image.layer.Placement;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
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
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One build: packages, base and configuration become a manifest that every target has.
final class Building {
  /// The configuration of artifacts that have none.
  private static final byte[] EMPTY = "{}".getBytes(StandardCharsets.UTF_8);

  /// What builds stand on.
  ///
  /// @param archives opened only when packages are needed
  record Tools(
      BlobStore blobs,
      BaseImages bases,
      LinkScriptRun linkScripts,
      PackageLayers layers,
      Supplier<ArchiveStore> archives) {}

  private final BlobStore blobs;
  private final Tools tools;
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

  Building(
      Tools tools,
      Request request,
      OpenBase open,
      List<Destination> destinations,
      Progress progress) {
    this.tools = tools;
    this.blobs = tools.blobs();
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

  /// Makes the image and hands it to the targets.
  Outcome run() {
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
              tools.layers(),
              blobs,
              tools.archives().get(),
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
          tools.bases().program(base, request.interpreterPath(), source, progress).orElse(null));
      sendBase();
    }
    var image = finish(ours);
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
        tools
            .linkScripts()
            .run(
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
        : () -> Files.newInputStream(tools.bases().fetch(blob, source));
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
            : conda.isActivated() ? CondaPrefix.ACTIVATED_PYTHON : Placement.PREFIX + "/bin/python",
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

  /// The base's name for others: a path of this machine would say nothing elsewhere, and make other
  /// documents of the same image.
  private String publicName() {
    return base.reference().startsWith("docker://")
        ? base.reference().substring("docker://".length())
        : "base";
  }

  /// Bills of materials and the provenance, as artifacts about the image.
  private void attach(Descriptor manifest, Lock lock) {
    var subject =
        new Subject(
            request.repository(), manifest.digest(), lock, publicName(), base.manifest().digest());
    var made = new TreeMap<>(lock.tools());
    made.put("terroir", ImageBuilder.FORMAT);
    var documents = new LinkedHashMap<String, String>();
    documents.put(CycloneDx.MEDIA_TYPE, CycloneDx.of(subject));
    documents.put(Spdx.MEDIA_TYPE, Spdx.of(subject));
    documents.put(
        Provenance.MEDIA_TYPE, Provenance.of(subject, parameters(request, destinations), made));
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

  /// What decides the bytes beside the packages and the base.
  static Map<String, String> parameters(Request request, List<Destination> destinations) {
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
}

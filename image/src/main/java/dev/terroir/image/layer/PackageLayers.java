package dev.terroir.image.layer;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.WheelArchive;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.ByteCode;
import dev.terroir.image.bytecode.Compiler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Finds or makes the layers of packages. A layer is made once for everything that decides its
/// bytes; a catalog remembers it for ever, so that its descriptor is known although the blob is not
/// on this machine.
///
/// Thread-safe, for any number of processes in one cache: blobs and entries of the catalog appear
/// by rename, and two that make the same layer make the same bytes.
///
/// @since 0.1
public final class PackageLayers {
  /// Layers larger than this are split: registries and their caches begin to refuse at 512 MB.
  public static final long DEFAULT_CAP_BYTES = 512L << 20;

  /// What a file adds to a layer beside its content, about: the compressed header.
  private static final long ENTRY_BYTES = 256;

  /// How many times as large as a compressed module the module and its byte-code are together,
  /// about; only the split into layers is decided by it.
  private static final long MODULE_WEIGHT = 3;

  /// Byte-code compresses to 44.9 % here, at 29 MB/s; level 6 gets 43.9 % at 20, level 1 47.2 % at
  /// 36.
  private static final int BYTE_CODE_LEVEL = 4;

  private final LayerCatalog catalog;
  private final BlobStore blobs;
  private final Compiler compiler;
  private final long capBytes;

  /// @param cacheDirectory where the catalog lies; made when needed
  /// @param blobs where layers are kept
  /// @param compiler stays open and is its maker's to close
  public PackageLayers(Path cacheDirectory, BlobStore blobs, Compiler compiler) {
    this(cacheDirectory, blobs, compiler, DEFAULT_CAP_BYTES);
  }

  /// The same with another limit of a layer's size.
  ///
  /// @param capBytes about how large a layer may be, compressed; a single file may be larger
  public PackageLayers(Path cacheDirectory, BlobStore blobs, Compiler compiler, long capBytes) {
    this.catalog = new LayerCatalog(cacheDirectory.resolve("catalog"));
    this.blobs = blobs;
    this.compiler = compiler;
    this.capBytes = capBytes;
  }

  /// What packages became, from the catalog alone; their blobs need not be there. Reads one small
  /// file.
  ///
  /// @param packages that share a layer, in any order
  public Optional<MadeLayers> find(List<? extends Layered> packages, Placement placement) {
    return catalog.find(LayerCatalog.key(sorted(packages), placement, capBytes));
  }

  /// Every file in the layers of packages that were made, relative to `/`, sorted: what is needed
  /// to tell which paths two layers both bring. Empty when they were never made.
  public List<LayerPath> paths(List<? extends Layered> packages, Placement placement) {
    return catalog.paths(LayerCatalog.key(sorted(packages), placement, capBytes));
  }

  /// The layers of packages, with their blobs: made when one of them is missing. A blob that is
  /// there is taken for what it should be when its size is right; [#verify] it before it is sent.
  ///
  /// @throws ImageException codes `invalid-archive`, `archive-mismatch`, `byte-code`
  /// @throws FoundationException for the disk, and when the thread is interrupted
  public MadeLayers make(List<? extends Layered> packages, Placement placement, Progress progress) {
    var known = find(packages, placement);
    if (known.isPresent() && known.get().layers().stream().allMatch(this::isThere)) {
      return known.get();
    }
    return remake(packages, placement, progress);
  }

  /// Makes the layers although they may be there, for blobs that turned out to be damaged. The
  /// result is the same unless the interpreter that compiles is of another patch version.
  public MadeLayers remake(
      List<? extends Layered> packages, Placement placement, Progress progress) {
    var ordered = sorted(packages);
    // A blob store keeps a blob of the right size; one that is damaged must give way first.
    find(ordered, placement).ifPresent(this::giveWay);
    return written(() -> {
      var key = LayerCatalog.key(ordered, placement, capBytes);
      var conda = ofConda(ordered);
      if (!conda.isEmpty()) {
        try (var making = making(conda, placement, progress, null)) {
          var made = making.run();
          catalog.put(key, made, making.paths());
          return made;
        }
      }
      try (var making = new Making(ofWheels(ordered), placement, progress)) {
        var made = making.run();
        catalog.put(key, made, making.paths());
        return made;
      }
    });
  }

  /// The layer that holds some files of conda packages once more: those that have to win where the
  /// order of the packages' own layers lets others win. Found in the catalog, else made.
  ///
  /// @param packages whose files they are
  /// @param files paths in the image by the name of the package
  public MadeLayers mend(
      List<CondaLayerPackage> packages,
      Map<String, ? extends Set<String>> files,
      Placement placement,
      Progress progress) {
    var ordered = ofConda(sorted(packages));
    var part = new StringBuilder("only");
    var wanted = new TreeMap<String, Set<String>>();
    new TreeMap<>(files)
        .forEach((name, paths) -> {
          wanted.put(name, new TreeSet<>(paths));
          part.append('\n')
              .append(name)
              .append('\t')
              .append(String.join("\t", new TreeSet<>(paths)));
        });
    var key = LayerCatalog.key(ordered, placement, capBytes, part.toString());
    var known = catalog.find(key);
    if (known.isPresent() && known.get().layers().stream().allMatch(this::verify)) {
      return known.get();
    }
    known.ifPresent(this::giveWay);
    return written(() -> {
      try (var making = making(ordered, placement, progress, wanted)) {
        var made = making.run();
        catalog.put(key, made, making.paths());
        return made;
      }
    });
  }

  private void giveWay(MadeLayers known) {
    known.layers().stream().filter(this::isThere).forEach(this::verify);
  }

  private CondaMaking making(
      List<CondaLayerPackage> packages,
      Placement placement,
      Progress progress,
      @Nullable Map<String, Set<String>> only) {
    return new CondaMaking(packages, placement, blobs, compiler, capBytes, progress, only);
  }

  private static List<CondaLayerPackage> ofConda(List<? extends Layered> packages) {
    return packages.stream()
        .filter(CondaLayerPackage.class::isInstance)
        .map(CondaLayerPackage.class::cast)
        .toList();
  }

  private static List<LayerPackage> ofWheels(List<? extends Layered> packages) {
    return packages.stream().map(LayerPackage.class::cast).toList();
  }

  private interface Work {
    MadeLayers run() throws IOException, InterruptedException;
  }

  private MadeLayers written(Work work) {
    try {
      return work.run();
    } catch (InterruptedException | ClosedByInterruptException e) {
      throw canceled(e);
    } catch (IOException e) {
      throw FoundationException.ofFile("a layer cannot be written", blobs.directory(), e);
    } catch (FoundationException e) {
      // Interrupting a thread closes the file that it reads.
      throw e.getCause() instanceof ClosedByInterruptException ? canceled(e) : e;
    }
  }

  /// Gets ready to make layers, while their archives are still being fetched.
  public void prepare(Placement placement) throws InterruptedException {
    if (placement.bytecode() && !placement.pythonVersion().isEmpty()) {
      compiler.prepare(placement.pythonVersion());
    }
  }

  private static FoundationException canceled(Exception cause) {
    Thread.currentThread().interrupt();
    return new FoundationException(
        Problem.of(FoundationCode.CANCELED, "making a layer was canceled"), cause);
  }

  /// Whether a layer's blob is there and is what its digest says; takes it away when it is not.
  public boolean verify(MadeLayer layer) {
    return blobs.verify(layer.digest());
  }

  private boolean isThere(MadeLayer layer) {
    var file = blobs.path(layer.digest());
    try {
      return Files.isRegularFile(file) && Files.size(file) == layer.sizeBytes();
    } catch (IOException e) {
      return false;
    }
  }

  private static List<? extends Layered> sorted(List<? extends Layered> packages) {
    return packages.stream()
        .sorted(
            Comparator.comparing((Layered item) -> DistributionName.normalized(item.name()))
                .thenComparing(Layered::version)
                .thenComparing(item -> item.archiveSha256().hex()))
        .toList();
  }

  /// A package while its layer is made.
  private record Open(LayerPackage item, WheelArchive wheel, WheelContent content) {}

  /// A file of one of the packages.
  private record Owned(Open owner, WheelContent.Entry entry) {}

  /// Byte-code on its way.
  private record Pending(String path, String module, Open owner, Future<Outcome> outcome) {}

  private sealed interface Outcome {
    record Ready(LayerWriter.Packed file) implements Outcome {}

    record None(String why) implements Outcome {}
  }

  /// Makes the layers of some packages once.
  ///
  /// In a layer, the members of the packages come first, in the order of the packages' names and of
  /// their paths. By then their modules are being compiled in other processes, and come next.
  /// RECORD is last, as it lists them.
  private final class Making implements AutoCloseable {
    private final List<LayerPackage> packages;
    private final Placement placement;
    private final Progress progress;
    private final List<Open> open = new ArrayList<>();
    private final Map<String, Owned> owners = new HashMap<>();
    private final List<MadeLayers.Clash> clashes = new ArrayList<>();
    private final List<String> uncompiled = new ArrayList<>();
    private final List<MadeLayer> layers = new ArrayList<>();
    private final List<LayerPath> paths = new ArrayList<>();
    private final List<Pending> pending = new ArrayList<>();
    private final Map<Open, List<String>> byteCode = new HashMap<>();
    private final List<Open> finished = new ArrayList<>();
    private @Nullable LayerWriter writer;
    private long weight;

    Making(List<LayerPackage> packages, Placement placement, Progress progress) {
      this.packages = packages;
      this.placement = placement;
      this.progress = progress;
    }

    MadeLayers run() throws IOException, InterruptedException {
      for (var item : packages) {
        open.add(open(item));
      }
      chooseOwners();
      for (var one : open) {
        for (var entry : one.content().entries()) {
          if (isKept(one, entry)) {
            write(one, entry);
          }
        }
        finished.add(one);
      }
      endLayer();
      paths.sort(null);
      var roots = paths.stream().map(LayerPath::root).distinct().sorted().toList();
      return new MadeLayers(layers, clashes, uncompiled, roots);
    }

    private Open open(LayerPackage item) throws IOException {
      var file = item.checkedArchive().file();
      var wheel = WheelArchive.open(file, item + " (" + file.getFileName() + ")");
      try {
        if (!wheel.isOf(item.name(), item.version())) {
          throw wheel.refused(
              wheel.distInfo(), "it is " + wheel.name() + " " + wheel.version() + ", not " + item);
        }
        var clashing = wheel.zip().caseClashes();
        if (!clashing.isEmpty()) {
          progress.line(
              item
                  + ": "
                  + clashing.size()
                  + " names differ in case only, such as "
                  + clashing.entrySet().iterator().next());
        }
        return new Open(item, wheel, WheelContent.of(wheel, placement, item));
      } catch (RuntimeException e) {
        wheel.close();
        throw e;
      }
    }

    /// The later package, by name, wins a path that two bring; so it does when it needs a folder
    /// where an earlier one has a file, or the reverse.
    private void chooseOwners() {
      if (open.size() == 1) {
        return;
      }
      var files = new TreeMap<String, Owned>();
      for (var one : open) {
        for (var entry : one.content().entries()) {
          if (entry instanceof WheelContent.Folder) {
            continue;
          }
          var path = entry.path();
          drop(files.get(path), one, entry);
          for (int slash = path.lastIndexOf('/');
              slash > 0;
              slash = path.lastIndexOf('/', slash - 1)) {
            var above = files.remove(path.substring(0, slash));
            drop(above, one, entry);
            if (above != null) {
              owners.put(above.entry().path(), new Owned(one, entry));
            }
          }
          var below = files.subMap(path + "/", path + "0");
          for (var lost : below.values()) {
            drop(lost, one, entry);
            owners.put(lost.entry().path(), new Owned(one, entry));
          }
          below.clear();
          files.put(path, new Owned(one, entry));
        }
      }
      owners.putAll(files);
      // Byte-code that one package brings for a module of another gives way to what is made here.
      for (var owned : files.values()) {
        if (owned.entry() instanceof WheelContent.File file && file.module() != null) {
          var path = WheelContent.byteCodePath(file.path(), placement.pythonVersion());
          drop(files.get(path), owned.owner(), file);
          owners.put(path, owned);
        }
      }
    }

    /// Whether an entry is in the layer, and not that of another package in its place.
    private boolean isKept(Open one, WheelContent.Entry entry) {
      var path = entry.path();
      var owner = owners.get(path);
      if (!(entry instanceof WheelContent.Folder)) {
        return owner == null || owner.owner().equals(one);
      }
      while (owner == null && path.indexOf('/') > 0) {
        path = path.substring(0, path.lastIndexOf('/'));
        owner = owners.get(path);
      }
      return owner == null;
    }

    private void drop(@Nullable Owned lost, Open winner, WheelContent.Entry instead) {
      if (lost != null && !lost.owner().equals(winner)) {
        clashes.add(
            new MadeLayers.Clash(
                lost.entry().path(),
                winner.item().toString(),
                lost.owner().item().toString(),
                lost.entry().path().equals(instead.path())
                    && content(lost.entry()).equals(content(instead))));
      }
    }

    private static String content(WheelContent.Entry entry) {
      return switch (entry) {
        case WheelContent.Folder _ -> "folder";
        case WheelContent.Made made -> LayerPath.mark(made.content());
        case WheelContent.File file ->
            LayerPath.mark(file.member().crc32(), file.member().sizeBytes());
      };
    }

    private void write(Open one, WheelContent.Entry entry)
        throws IOException, InterruptedException {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      long adds = weight(entry);
      if (weight > 0 && weight + adds > capBytes) {
        endLayer();
      }
      weight += adds;
      var out = writer();
      switch (entry) {
        case WheelContent.Folder(var path) -> out.folder(path);
        case WheelContent.Made made -> {
          out.file(made.path(), made.isExecutable(), made.content());
          paths.add(new LayerPath(made.path(), one.item().toString(), content(made)));
        }
        case WheelContent.File file -> {
          var module = file.module();
          var source =
              module == null ? null : new ByteArrayOutputStream((int) file.member().sizeBytes());
          out.member(file.path(), file.isExecutable(), one.wheel(), file.member(), source);
          paths.add(new LayerPath(file.path(), one.item().toString(), content(file)));
          if (module != null && source != null) {
            compile(one, file.path(), module, source.toByteArray());
          }
        }
      }
    }

    private long weight(WheelContent.Entry entry) {
      return switch (entry) {
        case WheelContent.Folder _ -> ENTRY_BYTES;
        case WheelContent.Made made -> ENTRY_BYTES + made.content().length;
        case WheelContent.File file ->
            ENTRY_BYTES
                + file.member().packedSizeBytes() * (file.module() == null ? 1 : MODULE_WEIGHT);
      };
    }

    private LayerWriter writer() throws IOException {
      var current = writer;
      if (current == null) {
        current = new LayerWriter(blobs, placement.compression());
        writer = current;
      }
      return current;
    }

    private void compile(Open one, String path, String module, byte[] source)
        throws InterruptedException {
      var outcome =
          compiler.<Outcome>compile(
              placement.pythonVersion(),
              module,
              source,
              result ->
                  switch (result) {
                    case ByteCode.Compiled(var pyc) ->
                        new Outcome.Ready(
                            LayerWriter.pack(pyc, placement.compression(), BYTE_CODE_LEVEL));
                    case ByteCode.Skipped(var why) -> new Outcome.None(why);
                  });
      pending.add(
          new Pending(
              WheelContent.byteCodePath(path, placement.pythonVersion()), module, one, outcome));
    }

    private void endLayer() throws IOException, InterruptedException {
      var out = writer();
      for (var module : pending) {
        switch (Compiler.await(module.outcome())) {
          case Outcome.Ready(var file) -> {
            out.packed(module.path(), file);
            paths.add(new LayerPath(module.path(), module.owner().item().toString(), ""));
            byteCode.computeIfAbsent(module.owner(), _ -> new ArrayList<>()).add(module.path());
          }
          case Outcome.None(var why) -> uncompiled.add(module.module() + ": " + why);
        }
      }
      pending.clear();
      for (var one : finished) {
        var path = one.content().recordPath();
        out.file(path, false, one.content().record(byteCode.getOrDefault(one, List.of())));
        paths.add(new LayerPath(path, one.item().toString(), "record"));
      }
      finished.clear();
      var layer = out.finish();
      out.close();
      writer = null;
      weight = 0;
      layers.add(layer);
      progress.line("layer " + layer.digest() + " holds " + packages);
    }

    List<LayerPath> paths() {
      return paths;
    }

    @Override
    public void close() throws IOException {
      pending.forEach(module -> module.outcome().cancel(true));
      open.forEach(one -> one.wheel().close());
      if (writer != null) {
        writer.close();
      }
    }
  }
}

package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.ByteCode;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.CondaArchive;
import dev.terroir.image.conda.InstallOrder;
import dev.terroir.image.conda.PackagePath;
import dev.terroir.image.conda.PrefixReplacement;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// Makes the layers of some conda packages once. For one thread.
///
/// In a layer, the packages come in the order in which they would be installed, and of each its
/// files in the order of its archive, which is read once from its beginning to its end; then the
/// scripts that are made, byte-code, and last the record, which lists them.
final class CondaMaking implements AutoCloseable {
  /// A file in which a folder is replaced is held in memory.
  private static final long MAX_PREFIXED_BYTES = 1L << 30;

  /// What a file adds to a layer beside its content, about: the compressed header.
  private static final long ENTRY_BYTES = 128;

  /// What a module grows by with its byte-code, about.
  private static final long MODULE_WEIGHT = 2;

  private static final int BYTE_CODE_LEVEL = 4;

  /// Files that set variables of activated environments.
  private static final Pattern VARIABLES =
      Pattern.compile("etc/conda/env_vars\\.d/[^/]+\\.json|conda-meta/state");

  private static final int FILE_MODE = 0644;

  /// As rattler makes scripts.
  private static final int SCRIPT_MODE = 0775;

  private final List<CondaLayerPackage> packages;
  private final Placement placement;
  private final BlobStore blobs;
  private final Compiler compiler;
  private final long capBytes;
  private final Progress progress;
  private final @Nullable Map<String, Set<String>> only;
  private final String root;
  private final List<Open> open = new ArrayList<>();
  private final Map<String, Open> owners = new HashMap<>();
  private final List<MadeLayers.Clash> clashes = new ArrayList<>();
  private final List<String> uncompiled = new ArrayList<>();
  private final List<MadeLayer> layers = new ArrayList<>();
  private final List<LayerPath> paths = new ArrayList<>();
  private final List<Pending> pending = new ArrayList<>();
  private final List<Open> finished = new ArrayList<>();
  private final Set<String> inLayer = new HashSet<>();
  private final Map<String, String> variables = new TreeMap<>();
  private @Nullable LayerWriter writer;
  private long weight;

  /// @param only paths of the image, by the names of the packages whose they are, that are written
  ///   and nothing else; null for all of all packages
  CondaMaking(
      List<CondaLayerPackage> packages,
      Placement placement,
      BlobStore blobs,
      Compiler compiler,
      long capBytes,
      Progress progress,
      @Nullable Map<String, Set<String>> only) {
    this.packages = packages;
    this.placement = placement;
    this.blobs = blobs;
    this.compiler = compiler;
    this.capBytes = capBytes;
    this.progress = progress;
    this.only = only;
    this.root = placement.prefix().substring(1) + "/";
  }

  /// A package while its layer is made.
  private final class Open {
    private final CondaLayerPackage item;
    private final CondaArchive archive;
    private final CondaContent content;

    /// Compressed bytes for each byte of content, about.
    private final double ratio;

    private final TreeMap<String, CondaRecord.Path> record = new TreeMap<>(CondaRecord.ORDER);

    Open(CondaLayerPackage item, CondaArchive archive, CondaContent content, long packedBytes) {
      this.item = item;
      this.archive = archive;
      this.content = content;
      long total =
          content.files().values().stream().mapToLong(path -> Math.max(0, path.sizeBytes())).sum();
      this.ratio = Math.clamp((double) packedBytes / Math.max(1, total), 0.02, 1);
    }

    boolean owns(String place) {
      var parts = only;
      if (parts != null) {
        return parts.getOrDefault(item.name(), Set.of()).contains(root + place);
      }
      var owner = owners.get(place);
      return owner == null || owner == this;
    }
  }

  /// Byte-code on its way.
  private record Pending(String module, Open owner, Future<Outcome> outcome) {}

  private sealed interface Outcome {
    record Ready(LayerWriter.Packed file, String sha256) implements Outcome {}

    record None(String why) implements Outcome {}
  }

  MadeLayers run() throws IOException, InterruptedException {
    var order = InstallOrder.of(packages.stream().map(CondaLayerPackage::locked).toList());
    for (var locked : order) {
      for (var item : packages) {
        if (item.locked().equals(locked)) {
          open.add(open(item));
        }
      }
    }
    chooseOwners();
    for (var one : open) {
      write(one);
      finished.add(one);
    }
    endLayer();
    paths.sort(null);
    var roots = paths.stream().map(LayerPath::root).distinct().sorted().toList();
    return new MadeLayers(layers, clashes, uncompiled, roots, variables);
  }

  List<LayerPath> paths() {
    return paths;
  }

  private Open open(CondaLayerPackage item) throws IOException {
    var file = item.checkedArchive();
    var archive =
        CondaArchive.open(
            file.file(), item + " (" + item.locked().fileName() + ")", blobs.directory());
    try {
      return new Open(
          item, archive, CondaContent.of(item, archive, placement), Files.size(file.file()));
    } catch (IOException | RuntimeException e) {
      archive.close();
      throw e;
    }
  }

  /// The package that is installed later wins a path that two bring; so it does when it needs a
  /// folder where an earlier one has a file, or the reverse.
  private void chooseOwners() {
    if (open.size() == 1 || only != null) {
      return;
    }
    var files = new TreeMap<String, Open>();
    for (var one : open) {
      var all = new TreeSet<String>(one.content.scripts().keySet());
      one.content
          .files()
          .forEach((place, path) -> {
            if (path.kind() != PackagePath.Kind.FOLDER && !one.content.isReplaced(place)) {
              all.add(place);
            }
          });
      for (var place : all) {
        drop(files.get(place), place, one, place);
        for (int slash = place.lastIndexOf('/');
            slash > 0;
            slash = place.lastIndexOf('/', slash - 1)) {
          var above = place.substring(0, slash);
          var lost = files.remove(above);
          if (lost != null) {
            drop(lost, above, one, place);
            owners.put(above, one);
          }
        }
        var below = files.subMap(place + "/", place + "0");
        below.forEach((path, lost) -> {
          drop(lost, path, one, place);
          owners.put(path, one);
        });
        below.clear();
        files.put(place, one);
      }
    }
    owners.putAll(files);
    files.forEach((place, owner) -> {
      if (owner.content.isCompiled(place)) {
        owners.put(CondaContent.byteCode(place), owner);
      }
    });
  }

  private void drop(@Nullable Open lost, String path, Open winner, String instead) {
    if (lost != null && lost != winner) {
      var one = lost.content.files().get(path);
      var other = winner.content.files().get(instead);
      boolean isSame =
          path.equals(instead)
              && one != null
              && other != null
              && one.kind() == PackagePath.Kind.FILE
              && one.sha256() != null
              && one.sha256().equals(other.sha256())
              && String.valueOf(one.placeholder()).equals(String.valueOf(other.placeholder()));
      clashes.add(
          new MadeLayers.Clash(root + path, winner.item.toString(), lost.item.toString(), isSame));
    }
  }

  private void write(Open one) throws IOException, InterruptedException {
    try {
      one.archive.read(new Writing(one));
    } catch (Interrupted e) {
      throw e.cause();
    }
    for (var entry : one.content.files().entrySet()) {
      if (entry.getValue().kind() == PackagePath.Kind.FOLDER && only == null) {
        one.record.put(
            entry.getKey(),
            new CondaRecord.Path(entry.getKey(), "directory", null, null, -1, entry.getValue()));
        if (one.owns(entry.getKey())) {
          writer().folder(root + entry.getKey());
        }
      }
    }
    for (var script : one.content.scripts().entrySet()) {
      var content = script.getValue();
      one.record.put(
          script.getKey(),
          new CondaRecord.Path(
              script.getKey(),
              "unix_python_entry_point",
              Sha256.of(content).hex(),
              null,
              content.length,
              null));
      if (one.owns(script.getKey())) {
        make(ENTRY_BYTES + content.length);
        writer().file(root + script.getKey(), SCRIPT_MODE, content);
        note(one, script.getKey(), LayerPath.mark(content));
      }
    }
  }

  /// Waiting for an interpreter was interrupted, within what may only say that reading failed.
  private static final class Interrupted extends IOException {
    private final InterruptedException interruption;

    Interrupted(InterruptedException cause) {
      super(cause);
      this.interruption = cause;
    }

    InterruptedException cause() {
      return interruption;
    }
  }

  /// Writes the files of one package as they come.
  private final class Writing implements CondaArchive.Visitor {
    private final Open one;
    private final Map<String, Integer> modes = new HashMap<>();

    /// What the record will say of the file that is being read.
    private @Nullable String sha256InPrefix;

    private long sizeInPrefix;

    Writing(Open one) {
      this.one = one;
    }

    @Override
    public void file(PackagePath path, int mode, long sizeBytes, InputStream bytes)
        throws IOException {
      var place = one.content.place(path);
      sha256InPrefix = null;
      sizeInPrefix = sizeBytes;
      modes.put(path.path(), mode);
      if (!one.owns(place) || one.content.isReplaced(place)) {
        return;
      }
      boolean isModule =
          one.content.isCompiled(place) && sizeBytes <= CondaContent.MAX_MODULE_BYTES;
      boolean isSetting = VARIABLES.matcher(place).matches();
      if (path.placeholder() == null && !isModule && !isSetting) {
        stream(place, mode, sizeBytes, bytes);
        return;
      }
      var content = prefixed(path, whole(path, sizeBytes, bytes));
      if (isSetting) {
        set(path, place, content);
      }
      write(path, place, mode, content);
    }

    private void set(PackagePath path, String place, byte[] content) {
      try {
        var json = JsonReader.parseObject(new String(content, StandardCharsets.UTF_8), place);
        var set = place.startsWith("etc/") ? json : json.optionalObject("env_vars").orElse(null);
        if (set != null) {
          set.members().keySet().forEach(name -> variables.put(name, set.string(name)));
        }
      } catch (TerroirException e) {
        throw one.archive.refused(path.path(), e.problem().what());
      }
    }

    private byte[] whole(PackagePath path, long sizeBytes, InputStream bytes) throws IOException {
      if (sizeBytes > MAX_PREFIXED_BYTES) {
        throw one.archive.refused(
            path.path(),
            "the environment's folder has to be written into its "
                + sizeBytes
                + " bytes, over "
                + MAX_PREFIXED_BYTES);
      }
      return bytes.readNBytes((int) sizeBytes);
    }

    private byte[] prefixed(PackagePath path, byte[] content) {
      var placeholder = path.placeholder();
      var mode = path.mode();
      if (placeholder == null || mode == null) {
        return content;
      }
      try {
        return PrefixReplacement.apply(content, mode, placeholder, placement.prefix());
      } catch (PrefixReplacement.NoRoom e) {
        throw one.archive.refused(path.path(), String.valueOf(e.getMessage()));
      }
    }

    private void write(PackagePath path, String place, int mode, byte[] content)
        throws IOException {
      sizeInPrefix = content.length;
      if (path.placeholder() != null) {
        sha256InPrefix = Sha256.of(content).hex();
      }
      boolean isModule =
          one.content.isCompiled(place) && content.length <= CondaContent.MAX_MODULE_BYTES;
      make(weight(content.length) * (isModule ? MODULE_WEIGHT : 1));
      writer().file(root + place, mode, content);
      inLayer.add(place);
      note(one, place, LayerPath.mark(content));
      if (isModule) {
        try {
          compile(one, place, content);
        } catch (InterruptedException e) {
          throw new Interrupted(e);
        }
      }
    }

    private long weight(long sizeBytes) {
      return ENTRY_BYTES + (long) (sizeBytes * one.ratio);
    }

    private void stream(String place, int mode, long sizeBytes, InputStream bytes)
        throws IOException {
      make(weight(sizeBytes));
      var crc32 = new CRC32();
      var buffer = new byte[1 << 17];
      writer()
          .file(
              root + place,
              mode,
              sizeBytes,
              sink -> {
                for (int read = bytes.read(buffer); read >= 0; read = bytes.read(buffer)) {
                  crc32.update(buffer, 0, read);
                  sink.write(buffer, 0, read);
                }
              });
      inLayer.add(place);
      note(one, place, LayerPath.mark(crc32.getValue(), sizeBytes));
    }

    @Override
    public void checked(PackagePath path, String sha256) {
      var place = one.content.place(path);
      record(path, place, sha256InPrefix == null ? sha256 : sha256InPrefix);
    }

    private void record(PackagePath path, String place, String inPrefix) {
      one.record.put(
          place,
          new CondaRecord.Path(
              place, PackagePath.Kind.FILE.word(), path.sha256(), inPrefix, sizeInPrefix, path));
    }

    @Override
    public void symbolicLink(PackagePath path, String target) throws IOException {
      var place = one.content.place(path);
      one.record.put(
          place,
          new CondaRecord.Path(
              place,
              PackagePath.Kind.LINK.word(),
              path.sha256(),
              Sha256.of(target).hex(),
              path.sizeBytes() >= 0
                  ? path.sizeBytes()
                  : target.getBytes(StandardCharsets.UTF_8).length,
              path));
      if (one.owns(place)) {
        make(ENTRY_BYTES);
        writer().link(root + place, target);
        note(one, place, "-> " + target);
      }
    }

    /// A hard link where both files are in this layer as they were packaged; else a file of its
    /// own.
    @Override
    public void hardLink(PackagePath path, PackagePath target) throws IOException {
      var place = one.content.place(path);
      var first = one.content.place(target);
      var known = one.record.get(first);
      int mode = modes.getOrDefault(target.path(), FILE_MODE);
      boolean isLinked =
          path.placeholder() == null
              && target.placeholder() == null
              && !one.content.isCompiled(place)
              && !one.content.isReplaced(first)
              && one.owns(first)
              && inLayer.contains(first)
              && known != null;
      if (isLinked && known != null) {
        sizeInPrefix = known.sizeBytes();
        record(path, place, String.valueOf(known.sha256InPrefix()));
        if (one.owns(place)) {
          make(ENTRY_BYTES);
          if (inLayer.contains(first)) {
            writer().hardLink(root + place, root + first, mode);
            note(one, place, noted(first));
            return;
          }
        } else {
          return;
        }
      }
      var content = again(target);
      sizeInPrefix = content.length;
      sha256InPrefix = null;
      var sha256 = Sha256.of(content).hex();
      if (one.owns(place) && !one.content.isReplaced(place)) {
        write(path, place, mode, prefixed(path, content));
      }
      record(path, place, sha256InPrefix == null ? sha256 : sha256InPrefix);
    }

    private String noted(String place) {
      for (int i = paths.size() - 1; i >= 0; i--) {
        if (paths.get(i).path().equals(root + place)) {
          return paths.get(i).content();
        }
      }
      return "linked";
    }

    /// The content of a file that has gone by.
    private byte[] again(PackagePath wanted) throws IOException {
      var out = new ByteArrayOutputStream();
      one.archive.read(
          new CondaArchive.Visitor() {
            @Override
            public void file(PackagePath path, int mode, long sizeBytes, InputStream bytes)
                throws IOException {
              if (path.path().equals(wanted.path())) {
                out.writeBytes(whole(path, sizeBytes, bytes));
              }
            }

            @Override
            public void symbolicLink(PackagePath path, String target) {}

            @Override
            public void hardLink(PackagePath path, PackagePath target) {}
          });
      return out.toByteArray();
    }
  }

  private void note(Open one, String place, String content) {
    paths.add(new LayerPath(root + place, one.item.toString(), content));
  }

  /// Makes room for a file.
  private void make(long adds) throws IOException {
    if (Thread.interrupted()) {
      throw new ClosedByInterruptException();
    }
    if (weight > 0 && weight + adds > capBytes) {
      try {
        endLayer();
      } catch (InterruptedException e) {
        throw new Interrupted(e);
      }
    }
    weight += adds;
  }

  private LayerWriter writer() throws IOException {
    var current = writer;
    if (current == null) {
      current = new LayerWriter(blobs, placement.compression());
      writer = current;
    }
    return current;
  }

  private void compile(Open one, String place, byte[] source) throws InterruptedException {
    var outcome =
        compiler.<Outcome>compile(
            CondaContent.pythonVersion(place),
            placement.prefix() + "/" + place,
            source,
            result ->
                switch (result) {
                  case ByteCode.Compiled(var pyc) ->
                      new Outcome.Ready(
                          LayerWriter.pack(pyc, placement.compression(), BYTE_CODE_LEVEL),
                          Sha256.of(pyc).hex());
                  case ByteCode.Skipped(var why) -> new Outcome.None(why);
                });
    pending.add(new Pending(place, one, outcome));
  }

  private void endLayer() throws IOException, InterruptedException {
    var out = writer();
    for (var module : pending) {
      var one = module.owner();
      var place = CondaContent.byteCode(module.module());
      switch (Compiler.await(module.outcome())) {
        case Outcome.Ready(var file, var sha256) -> {
          out.packed(root + place, file);
          paths.add(new LayerPath(root + place, one.item.toString(), ""));
          one.record.compute(
              place,
              (_, packaged) ->
                  packaged == null
                      ? new CondaRecord.Path(place, "pyc_file", null, null, -1, null)
                      : new CondaRecord.Path(
                          place,
                          packaged.type(),
                          packaged.sha256(),
                          sha256,
                          file.sizeBytes(),
                          packaged.origin()));
        }
        case Outcome.None(var why) -> {
          uncompiled.add(placement.prefix() + "/" + module.module() + ": " + why);
          one.record.remove(place);
        }
      }
    }
    pending.clear();
    if (only == null) {
      for (var one : finished) {
        var path = root + one.content.recordPath();
        var text =
            CondaRecord.of(
                one.item.locked(), one.archive.info(), one.item.archiveSha256().hex(), one.record);
        out.file(path, FILE_MODE, text.getBytes(StandardCharsets.UTF_8));
        paths.add(new LayerPath(path, one.item.toString(), "record"));
      }
    }
    finished.clear();
    inLayer.clear();
    var layer = out.finish();
    out.close();
    writer = null;
    weight = 0;
    layers.add(layer);
    progress.line("layer " + layer.digest() + " holds " + packages);
  }

  @Override
  public void close() throws IOException {
    pending.forEach(module -> module.outcome().cancel(true));
    try {
      if (writer != null) {
        writer.close();
      }
    } finally {
      open.forEach(one -> one.archive.close());
    }
  }
}

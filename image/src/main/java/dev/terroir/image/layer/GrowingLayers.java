package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.ByteCode;
import dev.terroir.image.bytecode.Compiler;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Layers of conda packages while they grow: one after the other, none over a size. For one thread.
final class GrowingLayers implements AutoCloseable {
  /// What a file adds to a layer beside its content, about: the compressed header.
  static final long ENTRY_BYTES = 128;

  static final int FILE_MODE = 0644;
  private static final int BYTE_CODE_LEVEL = 4;

  private final List<CondaLayerPackage> packages;
  private final Placement placement;
  private final BlobStore blobs;
  private final Compiler compiler;
  private final long capBytes;
  private final Progress progress;
  private final boolean isRecorded;
  private final String root;
  private final List<String> uncompiled = new ArrayList<>();
  private final List<MadeLayer> layers = new ArrayList<>();
  private final List<LayerPath> paths = new ArrayList<>();
  private final List<Pending> pending = new ArrayList<>();
  private final List<OpenPackage> finished = new ArrayList<>();
  private final Set<String> inLayer = new HashSet<>();
  private @Nullable LayerWriter writer;
  private long weight;

  /// @param capBytes what a layer holds, compressed, about
  /// @param isRecorded whether the packages' records are written, too
  GrowingLayers(
      List<CondaLayerPackage> packages,
      Placement placement,
      BlobStore blobs,
      Compiler compiler,
      long capBytes,
      Progress progress,
      boolean isRecorded) {
    this.packages = packages;
    this.placement = placement;
    this.blobs = blobs;
    this.compiler = compiler;
    this.capBytes = capBytes;
    this.progress = progress;
    this.isRecorded = isRecorded;
    this.root = placement.prefix().substring(1) + "/";
  }

  /// Byte-code on its way.
  private record Pending(String module, OpenPackage owner, Future<Outcome> outcome) {}

  private sealed interface Outcome {
    record Ready(LayerWriter.Packed file, String sha256) implements Outcome {}

    record None(String why) implements Outcome {}
  }

  /// Waiting for an interpreter was interrupted, within what may only say that reading failed.
  static final class Interrupted extends IOException {
    private final InterruptedException interruption;

    Interrupted(InterruptedException cause) {
      super(cause);
      this.interruption = cause;
    }

    InterruptedException cause() {
      return interruption;
    }
  }

  /// The layers that have been ended.
  List<MadeLayer> layers() {
    return layers;
  }

  /// What they hold.
  List<LayerPath> paths() {
    return paths;
  }

  /// Modules without byte-code, each with the reason.
  List<String> uncompiled() {
    return uncompiled;
  }

  /// A file of the layer that grows, as later files may be hard links to it.
  void hold(String place) {
    inLayer.add(place);
  }

  boolean holds(String place) {
    return inLayer.contains(place);
  }

  /// A package whose files have all been written; its record goes into the layer that grows.
  void finished(OpenPackage one) {
    finished.add(one);
  }

  /// Remembers what a path of the image holds.
  void note(OpenPackage one, String place, String content) {
    paths.add(new LayerPath(root + place, one.item.toString(), content));
  }

  /// Makes room for a file: a layer that would grow too large is ended.
  ///
  /// @param adds compressed bytes, about
  void makeRoom(long adds) throws IOException {
    if (Thread.interrupted()) {
      throw new ClosedByInterruptException();
    }
    if (weight > 0 && weight + adds > capBytes) {
      try {
        end();
      } catch (InterruptedException e) {
        throw new Interrupted(e);
      }
    }
    weight += adds;
  }

  /// The layer that grows.
  LayerWriter writer() throws IOException {
    var current = writer;
    if (current == null) {
      current = new LayerWriter(blobs, placement.compression());
      writer = current;
    }
    return current;
  }

  /// Has a module compiled, for the layer that grows.
  void compile(OpenPackage one, String place, byte[] source) throws InterruptedException {
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

  /// Ends the layer: byte-code, and the records of packages that are finished.
  void end() throws IOException, InterruptedException {
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
    if (isRecorded) {
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

  /// What a path of the layer was said to hold.
  String noted(String place) {
    for (int i = paths.size() - 1; i >= 0; i--) {
      if (paths.get(i).path().equals(root + place)) {
        return paths.get(i).content();
      }
    }
    return "linked";
  }

  @Override
  public void close() throws IOException {
    pending.forEach(module -> module.outcome().cancel(true));
    if (writer != null) {
      writer.close();
    }
  }
}

package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.conda.CondaArchive;
import dev.terroir.image.conda.PackagePath;
import dev.terroir.image.conda.PrefixReplacement;
import dev.terroir.image.layer.GrowingLayers.Interrupted;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// Writes the files of one package as they come.
final class CondaFiles implements CondaArchive.Visitor {
  /// A file in which a folder is replaced is held in memory.
  private static final long MAX_PREFIXED_BYTES = 1L << 30;

  /// What a module grows by with its byte-code, about.
  private static final long MODULE_WEIGHT = 2;

  /// Files that set variables of activated environments.
  private static final Pattern VARIABLES =
      Pattern.compile("etc/conda/env_vars\\.d/[^/]+\\.json|conda-meta/state");

  private final OpenPackage one;
  private final PathOwners owners;
  private final GrowingLayers layers;
  private final Placement placement;
  private final Map<String, String> variables;
  private final String root;
  private final Map<String, Integer> modes = new HashMap<>();

  /// What the record will say of the file that is being read.
  private @Nullable String sha256InPrefix;

  private long sizeInPrefix;

  /// @param variables gets what the package sets in activated environments
  CondaFiles(
      OpenPackage one,
      PathOwners owners,
      GrowingLayers layers,
      Placement placement,
      Map<String, String> variables) {
    this.one = one;
    this.owners = owners;
    this.layers = layers;
    this.placement = placement;
    this.variables = variables;
    this.root = placement.prefix().substring(1) + "/";
  }

  @Override
  public void file(PackagePath path, int mode, long sizeBytes, InputStream bytes)
      throws IOException {
    var place = one.content.place(path);
    sha256InPrefix = null;
    sizeInPrefix = sizeBytes;
    modes.put(path.path(), mode);
    if (!owners.owns(one, place) || one.content.isReplaced(place)) {
      return;
    }
    boolean isModule = one.content.isCompiled(place) && sizeBytes <= CondaContent.MAX_MODULE_BYTES;
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

  private void write(PackagePath path, String place, int mode, byte[] content) throws IOException {
    sizeInPrefix = content.length;
    if (path.placeholder() != null) {
      sha256InPrefix = Sha256.of(content).hex();
    }
    boolean isModule =
        one.content.isCompiled(place) && content.length <= CondaContent.MAX_MODULE_BYTES;
    layers.makeRoom(weight(content.length) * (isModule ? MODULE_WEIGHT : 1));
    layers.writer().file(root + place, mode, content);
    layers.hold(place);
    layers.note(one, place, LayerPath.mark(content));
    if (isModule) {
      try {
        layers.compile(one, place, content);
      } catch (InterruptedException e) {
        throw new Interrupted(e);
      }
    }
  }

  private long weight(long sizeBytes) {
    return GrowingLayers.ENTRY_BYTES + (long) (sizeBytes * one.ratio);
  }

  private void stream(String place, int mode, long sizeBytes, InputStream bytes)
      throws IOException {
    layers.makeRoom(weight(sizeBytes));
    var crc32 = new CRC32();
    var buffer = new byte[1 << 17];
    layers
        .writer()
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
    layers.hold(place);
    layers.note(one, place, LayerPath.mark(crc32.getValue(), sizeBytes));
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
    if (owners.owns(one, place)) {
      layers.makeRoom(GrowingLayers.ENTRY_BYTES);
      layers.writer().link(root + place, target);
      layers.note(one, place, "-> " + target);
    }
  }

  /// A hard link where both files are in this layer as they were packaged; else a file of its own.
  @Override
  public void hardLink(PackagePath path, PackagePath target) throws IOException {
    var place = one.content.place(path);
    var first = one.content.place(target);
    var known = one.record.get(first);
    int mode = modes.getOrDefault(target.path(), GrowingLayers.FILE_MODE);
    boolean isLinked =
        path.placeholder() == null
            && target.placeholder() == null
            && !one.content.isCompiled(place)
            && !one.content.isReplaced(first)
            && owners.owns(one, first)
            && layers.holds(first)
            && known != null;
    if (isLinked && known != null) {
      sizeInPrefix = known.sizeBytes();
      record(path, place, String.valueOf(known.sha256InPrefix()));
      if (owners.owns(one, place)) {
        layers.makeRoom(GrowingLayers.ENTRY_BYTES);
        if (layers.holds(first)) {
          layers.writer().hardLink(root + place, root + first, mode);
          layers.note(one, place, layers.noted(first));
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
    if (owners.owns(one, place) && !one.content.isReplaced(place)) {
      write(path, place, mode, prefixed(path, content));
    }
    record(path, place, sha256InPrefix == null ? sha256 : sha256InPrefix);
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

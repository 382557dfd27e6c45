package dev.terroir.image.layer;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Remembers for ever which layers packages became, also when the blobs are gone. One small file
/// for each key: a line of JSON, then the paths in the layers, a line each. A file that cannot be
/// read is as good as none. Thread-safe, for any number of processes.
final class LayerCatalog {
  /// Part of every key; another number when the same packages become other bytes.
  private static final String FORMAT = "terroir-layer/1";

  private static final String CONDA_FORMAT = "terroir-conda-layer/1";

  private static final int FIRST_READ = 4096;

  /// Of what an entry says.
  private static final long VERSION = 2;

  private final Path directory;

  LayerCatalog(Path directory) {
    this.directory = directory;
  }

  /// What decides the bytes of layers.
  ///
  /// @param packages in the order of their names
  static Sha256 key(List<? extends Layered> packages, Placement placement, long capBytes) {
    return key(packages, placement, capBytes, "");
  }

  /// The same for a part of the packages' files.
  ///
  /// @param part says which; empty for all
  static Sha256 key(
      List<? extends Layered> packages, Placement placement, long capBytes, String part) {
    var isConda = packages.stream().anyMatch(CondaLayerPackage.class::isInstance);
    var text = new StringBuilder(isConda ? CONDA_FORMAT : FORMAT);
    // Where a conda package's files lie depends on the interpreter only if it is for all of them.
    if (!isConda) {
      text.append('\n').append(placement.pythonVersion());
    }
    text.append('\n').append(placement.prefix());
    text.append('\n').append(placement.bytecode());
    text.append('\n').append(placement.compression());
    text.append('\n').append(capBytes);
    if (!isConda
        && !placement.sitePackages().equals(Placement.sitePackages(placement.pythonVersion()))) {
      text.append('\n').append(placement.sitePackages());
    }
    if (!part.isEmpty()) {
      text.append('\n').append(part);
    }
    for (var item : packages) {
      switch (item) {
        case LayerPackage wheel -> {
          var origin = wheel.directUrl();
          text.append('\n').append(item.name());
          text.append(' ').append(item.version());
          text.append(' ').append(item.archiveSha256());
          text.append(' ').append(wheel.requested());
          text.append(' ').append(origin == null ? "-" : origin.toString());
        }
        case CondaLayerPackage conda -> {
          text.append('\n').append(item.archiveSha256());
          text.append(' ').append(CondaRecord.identity(conda.locked()));
          if (CondaRecord.mayFollowPython(conda.locked())) {
            text.append(' ').append(placement.pythonVersion());
            text.append(' ').append(placement.sitePackages());
          }
        }
      }
    }
    return Sha256.of(text.toString());
  }

  private Path file(Sha256 key) {
    return directory.resolve(key.hex().substring(0, 2)).resolve(key.hex().substring(2));
  }

  Optional<MadeLayers> find(Sha256 key) {
    try (var in = Files.newInputStream(file(key))) {
      var line = new ByteArrayOutputStream(FIRST_READ);
      var buffer = new byte[FIRST_READ];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        for (int i = 0; i < read; i++) {
          if (buffer[i] == '\n') {
            line.write(buffer, 0, i);
            return Optional.of(parse(line.toString(StandardCharsets.UTF_8)))
                .filter(made -> !made.layers().isEmpty());
          }
        }
        line.write(buffer, 0, read);
      }
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw FoundationException.ofFile("the catalog of layers cannot be read", file(key), e);
    } catch (TerroirException e) {
      return Optional.empty();
    }
  }

  List<LayerPath> paths(Sha256 key) {
    try (var lines = Files.lines(file(key))) {
      return lines
          .skip(1)
          .map(line -> line.split("\t", 3))
          .filter(parts -> parts.length == 3)
          .map(parts -> new LayerPath(parts[2], parts[1], parts[0]))
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw FoundationException.ofFile("the catalog of layers cannot be read", file(key), e);
    }
  }

  void put(Sha256 key, MadeLayers made, List<LayerPath> paths) {
    var text = new StringBuilder(JsonWriter.compact(toJson(made))).append('\n');
    for (var path : paths) {
      text.append(path.content()).append('\t').append(path.owner());
      text.append('\t').append(path.path()).append('\n');
    }
    AtomicFiles.writeCached(file(key), text.toString());
  }

  private static JsonObject toJson(MadeLayers made) {
    var layers = new ArrayList<JsonValue>();
    for (var layer : made.layers()) {
      layers.add(
          JsonObject.builder()
              .put("mediaType", layer.mediaType())
              .put("digest", layer.digest().toString())
              .put("diffId", layer.diffId().toString())
              .put("size", layer.sizeBytes())
              .put("uncompressedSize", layer.uncompressedSizeBytes())
              .build());
    }
    var clashes = new ArrayList<JsonValue>();
    for (var clash : made.clashes()) {
      clashes.add(
          JsonObject.builder()
              .put("path", clash.path())
              .put("kept", clash.kept())
              .put("dropped", clash.dropped())
              .put("same", clash.isSame())
              .build());
    }
    var json =
        JsonObject.builder()
            .put("version", VERSION)
            .put("layers", new JsonValue.JsonArray(layers))
            .put("clashes", new JsonValue.JsonArray(clashes))
            .put("uncompiled", made.uncompiled())
            .put("roots", made.roots());
    if (!made.variables().isEmpty()) {
      json.put("variables", JsonValue.ofStrings(made.variables()));
    }
    return json.build();
  }

  private static MadeLayers parse(String line) {
    var json = JsonReader.parseObject(line, "catalog of layers");
    if (json.longValue("version") != VERSION) {
      // Of another Terroir; what it names is made again.
      return new MadeLayers(List.of(), List.of(), List.of(), List.of());
    }
    return new MadeLayers(
        json.objects("layers").stream()
            .map(layer ->
                new MadeLayer(
                    layer.string("mediaType"),
                    Digest.parse(layer.string("digest")),
                    Digest.parse(layer.string("diffId")),
                    layer.longValue("size"),
                    layer.longValue("uncompressedSize")))
            .toList(),
        json.objects("clashes").stream()
            .map(clash ->
                new MadeLayers.Clash(
                    clash.string("path"),
                    clash.string("kept"),
                    clash.string("dropped"),
                    clash.optionalBoolean("same").orElse(false)))
            .toList(),
        json.strings("uncompiled"),
        json.strings("roots"),
        json.stringMap("variables"));
  }
}

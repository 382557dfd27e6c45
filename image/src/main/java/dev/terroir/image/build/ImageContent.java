package dev.terroir.image.build;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.transfer.Copy;
import dev.terroir.image.transfer.ImageSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/// An image as it lies somewhere: its documents, and which layer holds which packages. Immutable.
///
/// @param descriptor of its manifest
/// @param manifest layers and annotations
/// @param config what a container of it starts with
/// @since 0.1
public record ImageContent(Descriptor descriptor, Manifest manifest, ImageConfig config) {
  /// The annotation of a layer that names its packages, as `name version, name version`.
  public static final String PACKAGES = "dev.terroir.packages";

  /// Reads the image of a platform.
  ///
  /// @throws dev.terroir.image.ImageException code `wrong-image-platform` when there is none for it
  public static ImageContent read(ImageSource source, Platform platform) {
    var descriptor = Copy.choose(source, platform);
    var manifest = Manifest.read(source.manifest(descriptor), descriptor.digest().toString());
    return new ImageContent(descriptor, manifest, Copy.config(source, manifest));
  }

  /// The packages of each layer, as `name version`: as the manifest says, else the history, since
  /// engines keep no annotations.
  private List<List<String>> packagesOfLayers() {
    var layers = manifest.layers();
    var told = EnvironmentConfiguration.packages(config.json(), layers.size());
    var packages = new ArrayList<List<String>>();
    for (int i = 0; i < layers.size(); i++) {
      var text = layers.get(i).annotations().getOrDefault(PACKAGES, "");
      packages.add(text.isEmpty() ? told.get(i) : List.of(text.split(", ")));
    }
    return packages;
  }

  /// All packages, name to version, as the layers say.
  public Map<String, String> packages() {
    var all = new TreeMap<String, String>();
    for (var packages : packagesOfLayers()) {
      for (var item : packages) {
        var words = item.split(" ", 2);
        var version = words.length > 1 ? words[1] : "";
        // A conda package, whose build follows its version, and one of an index may share a name.
        var before = all.get(words[0]);
        boolean isOther = before != null && before.contains(" ") != version.contains(" ");
        all.put(isOther ? words[0] + " of the index" : words[0], version);
      }
    }
    return all;
  }

  /// Its layers as objects: digest, size, media type, packages.
  public List<JsonValue> layers() {
    var layers = new ArrayList<JsonValue>();
    var packages = packagesOfLayers();
    for (int i = 0; i < packages.size(); i++) {
      var layer = manifest.layers().get(i);
      layers.add(
          JsonObject.builder()
              .put("digest", layer.digest().toString())
              .put("size", layer.sizeBytes())
              .put("mediaType", layer.mediaType())
              .put("packages", packages.get(i))
              .build());
    }
    return layers;
  }

  /// The size of all layers, compressed.
  public long sizeBytes() {
    return manifest.layers().stream().mapToLong(Descriptor::sizeBytes).sum();
  }

  /// Everything worth knowing, as one object.
  public JsonObject toJson() {
    return JsonObject.builder()
        .put("digest", descriptor.digest().toString())
        .put("platform", config.platform().toString())
        .put("size", sizeBytes())
        .put("annotations", JsonValue.ofStrings(manifest.annotations()))
        .put("config", config.json().optionalObject("config").orElse(JsonObject.EMPTY))
        .put("packages", JsonValue.ofStrings(packages()))
        .put("layers", new JsonValue.JsonArray(layers()))
        .build();
  }

  /// What another image has more, less and otherwise.
  public JsonObject difference(ImageContent other) {
    var mine = packages();
    var theirs = other.packages();
    var added = new LinkedHashMap<String, String>();
    var removed = new LinkedHashMap<String, String>();
    var changed = JsonObject.builder();
    var names = new TreeSet<>(mine.keySet());
    names.addAll(theirs.keySet());
    for (var name : names) {
      var before = Optional.ofNullable(mine.get(name));
      var after = Optional.ofNullable(theirs.get(name));
      if (before.isEmpty()) {
        added.put(name, after.orElse(""));
      } else if (after.isEmpty()) {
        removed.put(name, before.get());
      } else if (!before.equals(after)) {
        changed.put(name, List.of(before.get(), after.get()));
      }
    }
    var held = new HashSet<>(manifest.layers().stream().map(Descriptor::digest).toList());
    var shared =
        other.manifest().layers().stream().filter(layer -> held.contains(layer.digest())).toList();
    return JsonObject.builder()
        .put("same", descriptor.digest().equals(other.descriptor().digest()))
        .put("added", JsonValue.ofStrings(added))
        .put("removed", JsonValue.ofStrings(removed))
        .put("changed", changed.build())
        .put("sharedLayers", shared.size())
        .put("sharedBytes", shared.stream().mapToLong(Descriptor::sizeBytes).sum())
        .put("newLayers", other.manifest().layers().size() - shared.size())
        .put("newBytes", other.sizeBytes() - shared.stream().mapToLong(Descriptor::sizeBytes).sum())
        .build();
  }
}

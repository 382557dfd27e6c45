package dev.terroir.image.layer;

import dev.terroir.image.conda.PackagePath;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which package's file each path of some packages gets.
final class PathOwners {
  private final String root;
  private final @Nullable Map<String, Set<String>> only;
  private final Map<String, OpenPackage> owners = new HashMap<>();
  private final List<MadeLayers.Clash> clashes = new ArrayList<>();

  /// @param open in installing order
  /// @param root of paths in the image, ending with a slash
  /// @param only the paths of the image, by packages, that are wanted at all; null for all of all
  PathOwners(List<OpenPackage> open, String root, @Nullable Map<String, Set<String>> only) {
    this.root = root;
    this.only = only;
    if (open.size() > 1 && only == null) {
      choose(open);
    }
  }

  boolean owns(OpenPackage one, String place) {
    var parts = only;
    if (parts != null) {
      return parts.getOrDefault(one.item.name(), Set.of()).contains(root + place);
    }
    var owner = owners.get(place);
    return owner == null || owner == one;
  }

  /// Paths that several packages bring.
  List<MadeLayers.Clash> clashes() {
    return clashes;
  }

  /// The package that is installed later wins a path that two bring; so it does when it needs a
  /// folder where an earlier one has a file, or the reverse.
  private void choose(List<OpenPackage> open) {
    var files = new TreeMap<String, OpenPackage>();
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

  private void drop(@Nullable OpenPackage lost, String path, OpenPackage winner, String instead) {
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
}

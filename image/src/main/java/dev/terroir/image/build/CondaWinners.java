package dev.terroir.image.build;

import dev.terroir.image.conda.InstallOrder;
import dev.terroir.image.layer.LayerPath;
import dev.terroir.image.layer.MadeLayers;
import dev.terroir.lock.CondaPackage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Which conda package's file is at a path that several bring: that of the package which would be
/// installed last, as in a prefix that rattler makes. The layers of packages are in another order,
/// so what they get wrong is found here, to be mended by one small layer above them. Immutable.
///
/// @param mends paths in the image by the name of the package whose file has to be written again
/// @param clashes what is told of such paths
record CondaWinners(Map<String, Set<String>> mends, List<MadeLayers.Clash> clashes) {

  /// Finds them.
  ///
  /// @param packages of the lock
  /// @param stack the layers of conda packages, in the order of the image
  /// @param paths gives the files of a layer
  static CondaWinners of(
      List<CondaPackage> packages,
      List<PackageStack.Stacked> stack,
      Function<PackageStack.Stacked, List<LayerPath>> paths) {
    if (!isContested(stack)) {
      return new CondaWinners(Map.of(), List.of());
    }
    Map<String, List<LayerPath>> brought = new HashMap<>();
    var actual = new Tree();
    for (var stacked : stack) {
      Map<String, String> contents = new HashMap<>();
      for (var path : paths.apply(stacked)) {
        if (!path.isByteCode()) {
          contents.put(path.path(), path.content());
          actual.put(path);
          brought.computeIfAbsent(path.owner(), _ -> new ArrayList<>()).add(path);
        }
      }
      // What lost within its layer is a candidate too.
      for (var clash : stacked.made().clashes()) {
        brought
            .computeIfAbsent(clash.dropped(), _ -> new ArrayList<>())
            .add(
                new LayerPath(
                    clash.path(),
                    clash.dropped(),
                    clash.isSame() ? contents.getOrDefault(clash.path(), "lost") : "lost"));
      }
    }
    var wanted = new Tree();
    var clashes = new ArrayList<MadeLayers.Clash>();
    for (var item : InstallOrder.of(packages)) {
      for (var path : brought.getOrDefault(item.title(), List.of())) {
        for (var lost : wanted.put(path)) {
          clashes.add(
              new MadeLayers.Clash(
                  lost.path(),
                  path.owner(),
                  lost.owner(),
                  lost.path().equals(path.path()) && lost.content().equals(path.content())));
        }
      }
    }
    Map<String, String> names = new HashMap<>();
    packages.forEach(item -> names.put(item.title(), item.name()));
    var mends = new TreeMap<String, Set<String>>();
    wanted.files.forEach((path, winner) -> {
      var there = actual.files.get(path);
      if (there == null
          || (!there.owner().equals(winner.owner()) && !there.content().equals(winner.content()))) {
        mends
            .computeIfAbsent(
                names.getOrDefault(winner.owner(), winner.owner()), _ -> new TreeSet<>())
            .add(path);
      }
    });
    return new CondaWinners(mends, clashes);
  }

  /// Most packages share no path, and their files need not be looked at.
  private static boolean isContested(List<PackageStack.Stacked> stack) {
    var roots = new TreeSet<String>();
    for (var stacked : stack) {
      if (!stacked.made().clashes().isEmpty()) {
        return true;
      }
      for (var root : stacked.made().roots()) {
        var below = roots.ceiling(root + "/");
        boolean isAbove = below != null && below.startsWith(root + "/");
        if (isAbove || !roots.add(root)) {
          return true;
        }
      }
    }
    String before = null;
    for (var root : roots) {
      if (before != null && root.startsWith(before + "/")) {
        return true;
      }
      before = root;
    }
    return false;
  }

  /// Files of an image as layers are put on each other: a file takes the place of a folder, and a
  /// folder that of a file.
  private static final class Tree {
    private final TreeMap<String, LayerPath> files = new TreeMap<>();

    /// Puts a file and gives what it takes the place of, of other packages.
    List<LayerPath> put(LayerPath path) {
      var lost = new ArrayList<LayerPath>();
      for (int slash = path.path().lastIndexOf('/');
          slash > 0;
          slash = path.path().lastIndexOf('/', slash - 1)) {
        add(lost, files.remove(path.path().substring(0, slash)), path);
      }
      var below = files.subMap(path.path() + "/", path.path() + "0");
      below.values().forEach(one -> add(lost, one, path));
      below.clear();
      add(lost, files.put(path.path(), path), path);
      return lost;
    }

    private static void add(List<LayerPath> lost, @Nullable LayerPath one, LayerPath instead) {
      if (one != null && !one.owner().equals(instead.owner())) {
        lost.add(one);
      }
    }
  }
}

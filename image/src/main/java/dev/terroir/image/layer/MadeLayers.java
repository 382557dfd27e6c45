package dev.terroir.image.layer;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What packages became: one layer, or several when they are larger than a layer may be. Immutable.
///
/// @param layers in their order in the image
/// @param clashes paths that two of the packages brought
/// @param uncompiled modules that have no byte-code, each with the reason
/// @param roots what all their files lie in, sorted: packages and modules of `site-packages`, and
///   the files elsewhere. Layers without a common root have no common file.
/// @param variables that conda packages set in activated environments
/// @since 0.1
public record MadeLayers(
    List<MadeLayer> layers,
    List<Clash> clashes,
    List<String> uncompiled,
    List<String> roots,
    Map<String, String> variables) {
  /// Those of packages that set no variables.
  public MadeLayers(
      List<MadeLayer> layers, List<Clash> clashes, List<String> uncompiled, List<String> roots) {
    this(layers, clashes, uncompiled, roots, Map.of());
  }

  /// Copies the lists.
  public MadeLayers {
    variables = Collections.unmodifiableMap(new TreeMap<>(variables));
    layers = List.copyOf(layers);
    clashes = List.copyOf(clashes);
    uncompiled = List.copyOf(uncompiled);
    roots = List.copyOf(roots);
  }

  /// A path that two packages brought.
  ///
  /// @param path in the image, without `/` before it
  /// @param kept the package whose file is in the layer
  /// @param dropped the package whose file is not
  /// @param isSame whether both files have the same content, so that nothing is lost
  public record Clash(String path, String kept, String dropped, boolean isSame) {}
}

package dev.terroir.image.layer;

import dev.terroir.image.conda.CondaArchive;
import dev.terroir.image.conda.EntryPoint;
import dev.terroir.image.conda.PackagePath;
import dev.terroir.image.conda.PythonPlaces;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Which files of a conda package lie where in an image, and the scripts that installing it adds:
/// what rattler makes of it.
///
/// Immutable; valid while the archive is open.
///
/// Spec: conda-build, "Package metadata"; conda, "Noarch Python".
final class CondaContent {
  /// A module larger than this gets no byte-code: the interpreter would need gigabytes.
  static final long MAX_MODULE_BYTES = 16L << 20;

  private static final String META = "conda-meta/";

  private final CondaLayerPackage item;
  private final CondaArchive archive;
  private final Placement placement;
  private final Map<String, String> places = new HashMap<>();
  private final TreeMap<String, PackagePath> files = new TreeMap<>();
  private final TreeMap<String, byte[]> scripts = new TreeMap<>();
  private final Set<String> replaced = new HashSet<>();

  private CondaContent(CondaLayerPackage item, CondaArchive archive, Placement placement) {
    this.item = item;
    this.archive = archive;
    this.placement = placement;
  }

  /// Lays a package out.
  ///
  /// @throws dev.terroir.image.ImageException code `invalid-archive`
  static CondaContent of(CondaLayerPackage item, CondaArchive archive, Placement placement)
      throws IOException {
    var content = new CondaContent(item, archive, placement);
    content.checkIdentity();
    content.placeFiles();
    content.addScripts();
    content.checkNesting();
    return content;
  }

  private void checkIdentity() {
    var info = archive.info();
    var locked = item.locked();
    if (!info.name().equals(locked.name())
        || !info.version().equals(locked.version())
        || !info.build().equals(locked.build())) {
      throw archive.refused(
          "info/index.json",
          "it is " + info.name() + " " + info.version() + " " + info.build() + ", not " + item);
    }
    if (info.isNoarchPython()) {
      if (!CondaRecord.mayFollowPython(locked)) {
        throw archive.refused(
            "info/index.json", "it is a `noarch: python` package, and its channel does not say so");
      }
      if (placement.pythonVersion().isEmpty()) {
        throw archive.refused(
            null, "its modules are for any Python, and the environment has no Python");
      }
    }
  }

  private void placeFiles() throws IOException {
    boolean isNoarch = archive.info().isNoarchPython();
    for (var path : archive.paths().values()) {
      var place =
          isNoarch ? PythonPlaces.place(path.path(), placement.sitePackages()) : path.path();
      reserved(place)
          .ifPresent(why -> {
            throw archive.refused(path.path(), why);
          });
      if (files.put(place, path) != null) {
        throw archive.refused(path.path(), "another member goes to the same place, " + place);
      }
      places.put(path.path(), place);
    }
    for (var place : files.keySet()) {
      if (isCompiled(place)) {
        replaced.add(byteCode(place));
      }
    }
  }

  /// No package may take the place of what tells what is installed, or delete what other layers
  /// hold.
  private static Optional<String> reserved(String place) {
    for (var component : place.split("/")) {
      if (component.startsWith(".wh.")) {
        return Optional.of("in an image, its name would delete another file");
      }
    }
    if (place.equals("conda-meta")
        || place.equals(META + "history")
        || (place.startsWith(META)
            && place.endsWith(".json")
            && place.indexOf('/', META.length()) < 0)) {
      return Optional.of("it would replace a record of the environment");
    }
    return Optional.empty();
  }

  private void addScripts() {
    for (var point : archive.info().entryPoints()) {
      var place = "bin/" + point.command();
      reserved(place)
          .ifPresent(why -> {
            throw archive.refused("info/link.json", why);
          });
      if (files.containsKey(place)) {
        throw archive.refused(
            "info/link.json", "the entry point `" + point.command() + "` is a file too");
      }
      scripts.put(place, script(point));
    }
  }

  /// The interpreter is named with its version, as conda and rattler do.
  private byte[] script(EntryPoint point) {
    return point
        .script(placement.prefix() + "/bin/python" + placement.pythonVersion())
        .getBytes(StandardCharsets.UTF_8);
  }

  private void checkNesting() {
    var all = new HashSet<>(scripts.keySet());
    files.forEach((place, path) -> {
      if (path.kind() != PackagePath.Kind.FOLDER) {
        all.add(place);
      }
    });
    all.add(recordPath());
    for (var place : all) {
      for (int slash = place.lastIndexOf('/');
          slash > 0;
          slash = place.lastIndexOf('/', slash - 1)) {
        if (all.contains(place.substring(0, slash))) {
          throw archive.refused(
              place, "it needs `" + place.substring(0, slash) + "` as a file and as a folder");
        }
      }
    }
  }

  /// Where a path of the package lies, relative to the prefix.
  String place(PackagePath path) {
    return places.getOrDefault(path.path(), path.path());
  }

  /// What the package lists, by place.
  Map<String, PackagePath> files() {
    return files;
  }

  /// Scripts that are made, by place.
  Map<String, byte[]> scripts() {
    return scripts;
  }

  /// Whether a packaged file is byte-code that is made here instead: its own has the time of a
  /// source that no longer has it.
  boolean isReplaced(String place) {
    return replaced.contains(place);
  }

  /// Whether a file is a module that is compiled.
  boolean isCompiled(String place) {
    var path = files.get(place);
    return placement.bytecode()
        && path != null
        && path.kind() == PackagePath.Kind.FILE
        && path.sizeBytes() <= MAX_MODULE_BYTES
        && place.endsWith(".py")
        && !place.endsWith("/.py")
        && PythonPlaces.versionOf(place).isPresent()
        && !isBelow(place, "tests")
        && !isBelow(place, "test")
        && !isBelow(place, "__pycache__");
  }

  private static boolean isBelow(String path, String folder) {
    return path.contains("/" + folder + "/");
  }

  /// The version of the interpreter that compiles a module.
  static String pythonVersion(String place) {
    return PythonPlaces.versionOf(place).orElseThrow();
  }

  /// Where the byte-code of a compiled module lies.
  static String byteCode(String place) {
    return PythonPlaces.byteCode(place, pythonVersion(place));
  }

  /// Where its record lies.
  String recordPath() {
    return CondaRecord.path(item.locked());
  }
}

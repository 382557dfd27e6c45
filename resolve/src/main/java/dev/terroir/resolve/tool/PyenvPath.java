package dev.terroir.resolve.tool;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;

/// PATH with pyenv's interpreters before pyenv's shims. A shim is a shell script that takes some
/// 0.4 s to find the program that it stands for, and fails when the version is not selected; uv
/// asks each Python on PATH what it is.
final class PyenvPath {
  private PyenvPath() {}

  /// The same PATH, with the folders of programs of all installed versions before each folder of
  /// shims: the selected ones first, then the others, newest first.
  ///
  /// @param selected `PYENV_VERSION`, or empty
  static String of(String path, String selected) {
    var entries = new LinkedHashSet<String>();
    for (var entry : path.split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        entries.addAll(programs(Path.of(entry), selected));
        entries.add(entry);
      }
    }
    return String.join(File.pathSeparator, entries);
  }

  private static List<String> programs(Path entry, String selected) {
    var root = entry.getParent();
    if (root == null || !entry.endsWith("shims") || !Files.isDirectory(root.resolve("versions"))) {
      return List.of();
    }
    var first = selected.isEmpty() ? global(root) : List.of(selected.split(":"));
    try (var versions = Files.list(root.resolve("versions"))) {
      var installed =
          versions
              .map(version -> version.getFileName().toString())
              .sorted(Comparator.comparing(PyenvPath::number).reversed())
              .toList();
      var ordered = new ArrayList<String>();
      for (var version : Stream.concat(first.stream(), installed.stream()).distinct().toList()) {
        var programs = root.resolve("versions").resolve(version).resolve("bin");
        if (Files.isDirectory(programs)) {
          ordered.add(programs.toString());
        }
      }
      return ordered;
    } catch (IOException e) {
      return List.of();
    }
  }

  private static List<String> global(Path root) {
    try {
      return Files.readAllLines(root.resolve("version")).stream().map(String::strip).toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /// A version so that the order of texts is that of numbers.
  private static String number(String version) {
    var text = new StringBuilder();
    for (var part : version.split("\\.")) {
      text.append(".").append("0".repeat(Math.max(0, 8 - part.length()))).append(part);
    }
    return text.toString();
  }
}

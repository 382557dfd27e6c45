package dev.terroir.image.build;

import dev.terroir.image.layer.MadeLayers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What is told of files that two packages bring: a sentence for each two packages, as some bring
/// all files of others. For one thread.
final class Clashes {
  private final Map<Pair, Files> pairs = new LinkedHashMap<>();

  private record Pair(String dropped, String kept) {}

  private static final class Files {
    private final List<String> equal = new ArrayList<>();
    private final List<String> different = new ArrayList<>();
  }

  void add(MadeLayers.Clash clash) {
    var files = pairs.computeIfAbsent(new Pair(clash.dropped(), clash.kept()), _ -> new Files());
    (clash.isSame() ? files.equal : files.different).add(clash.path());
  }

  /// Sentences of packages whose files are the same.
  List<String> equal() {
    var told = new ArrayList<String>();
    pairs.forEach((pair, files) -> {
      if (!files.equal.isEmpty()) {
        told.add(sentence(files.equal, pair) + ", with the same content");
      }
    });
    return told;
  }

  /// Sentences of packages whose files differ, so that one of them finds what the other brought.
  List<String> different() {
    var told = new ArrayList<String>();
    pairs.forEach((pair, files) -> {
      if (!files.different.isEmpty()) {
        told.add(sentence(files.different, pair) + "; what " + pair.kept() + " brings is used");
      }
    });
    return told;
  }

  private static String sentence(List<String> paths, Pair pair) {
    var first = "`/" + paths.getFirst() + "`";
    var subject =
        switch (paths.size()) {
          case 1 -> first + " is";
          case 2 -> first + " and another file are";
          default -> first + " and " + (paths.size() - 1) + " other files are";
        };
    return subject + " in " + pair.dropped() + " and in " + pair.kept();
  }
}

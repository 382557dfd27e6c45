package dev.terroir.image.dockerfile;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/// A tree with what instructions put on top of it. For one thread.
final class LayeredTree implements FileTree {
  /// Opens the content of a file.
  @FunctionalInterface
  interface Content {
    InputStream open() throws IOException;
  }

  /// A path of a layer.
  ///
  /// @param entry what it is
  /// @param content of a file
  record Item(Entry entry, Content content) {}

  private final FileTree below;
  private final Map<String, Item> items = new TreeMap<>();
  private final Map<String, TreeSet<String>> names = new TreeMap<>();

  LayeredTree(FileTree below) {
    this.below = below;
  }

  void put(Item item) {
    var path = item.entry().path();
    var slash = path.lastIndexOf('/');
    items.put(path, item);
    names
        .computeIfAbsent(slash < 0 ? "" : path.substring(0, slash), _ -> new TreeSet<>())
        .add(path.substring(slash + 1));
  }

  @Override
  public Optional<Entry> find(String path) {
    if (path.isEmpty()) {
      return Optional.of(new Entry("", Type.DIRECTORY, 0755, 0, 0, 0, 0, null));
    }
    var item = items.get(path);
    return item == null ? below.find(path) : Optional.of(item.entry());
  }

  @Override
  public List<String> children(String path) {
    var all = new TreeSet<>(below.children(path));
    all.addAll(names.getOrDefault(path, new TreeSet<>()));
    return List.copyOf(all);
  }

  @Override
  public InputStream open(Entry entry) throws IOException {
    var item = items.get(entry.path());
    return item == null ? below.open(entry) : item.content().open();
  }
}

package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;

/// The files of an image, read from its layers as uncompressed tar files without unpacking them.
/// Close it when done.
///
/// Spec: OCI image specification, "Image Layer Filesystem Changeset", whiteouts included.
///
/// @since 0.1
public final class TarTree implements FileTree, Closeable {
  private record Found(Entry entry, TarFile tar, TarArchiveEntry content) {}

  private final List<TarFile> tars = new ArrayList<>();
  private final Map<String, Found> entries = new HashMap<>();
  private final Map<String, TreeSet<String>> children = new HashMap<>();

  private TarTree() {}

  /// Reads the directories of layers.
  ///
  /// @param layers uncompressed tar files, the lowest first
  public static TarTree open(List<Path> layers) {
    var tree = new TarTree();
    for (var layer : layers) {
      try {
        var tar = new TarFile(layer);
        tree.tars.add(tar);
        tree.apply(tar);
      } catch (IOException e) {
        tree.close();
        throw FoundationException.ofFile("the layer cannot be read", layer, e);
      }
    }
    return tree;
  }

  private static String clean(String name) {
    var parts = new ArrayList<String>();
    for (var part : name.split("/")) {
      if (part.equals("..")) {
        parts.add("\0");
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  private void apply(TarFile tar) {
    var fresh = new TreeMap<String, Found>();
    for (var content : tar.getEntries()) {
      var path = clean(content.getName());
      var name = path.substring(path.lastIndexOf('/') + 1);
      var parent = path.substring(0, Math.max(0, path.length() - name.length() - 1));
      if (name.equals(".wh..wh..opq")) {
        for (var child : children(parent)) {
          remove(join(parent, child));
        }
      } else if (name.startsWith(".wh.")) {
        remove(join(parent, name.substring(4)));
      } else if (!path.isEmpty() && path.indexOf('\0') < 0) {
        fresh.put(path, found(path, tar, content, fresh));
      }
    }
    fresh.forEach((path, found) -> {
      var old = entries.get(path);
      if (old != null && !(old.entry().isDirectory() && found.entry().isDirectory())) {
        remove(path);
      }
      put(path, found);
    });
  }

  private Found found(String path, TarFile tar, TarArchiveEntry content, Map<String, Found> fresh) {
    if (content.isLink()) {
      var target = clean(content.getLinkName());
      var linked = fresh.containsKey(target) ? fresh.get(target) : entries.get(target);
      if (linked != null) {
        var entry = linked.entry();
        return new Found(
            new Entry(
                path,
                entry.type(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.mtimeSeconds(),
                entry.sizeBytes(),
                entry.target()),
            linked.tar(),
            linked.content());
      }
    }
    var type =
        content.isDirectory()
            ? Type.DIRECTORY
            : content.isSymbolicLink()
                ? Type.LINK
                : content.isFile() && !content.isFIFO() ? Type.FILE : Type.SPECIAL;
    return new Found(
        new Entry(
            path,
            type,
            content.getMode() & 07777,
            (int) content.getLongUserId(),
            (int) content.getLongGroupId(),
            content.getLastModifiedTime().to(java.util.concurrent.TimeUnit.SECONDS),
            type == Type.FILE ? content.getSize() : 0,
            type == Type.LINK ? content.getLinkName() : null),
        tar,
        content);
  }

  private void put(String path, Found found) {
    entries.put(path, found);
    for (var at = path; !at.isEmpty(); ) {
      var slash = at.lastIndexOf('/');
      var parent = slash < 0 ? "" : at.substring(0, slash);
      if (!children.computeIfAbsent(parent, _ -> new TreeSet<>()).add(at.substring(slash + 1))) {
        return;
      }
      at = parent;
    }
  }

  private void remove(String path) {
    for (var child : children(path)) {
      remove(join(path, child));
    }
    children.remove(path);
    entries.remove(path);
    var slash = path.lastIndexOf('/');
    var siblings = children.get(slash < 0 ? "" : path.substring(0, slash));
    if (siblings != null) {
      siblings.remove(path.substring(slash + 1));
    }
  }

  static String join(String parent, String name) {
    return parent.isEmpty() ? name : parent + "/" + name;
  }

  @Override
  public Optional<Entry> find(String path) {
    var found = entries.get(path);
    if (found == null && children.containsKey(path)) {
      // A directory that no layer has an entry for.
      return Optional.of(new Entry(path, Type.DIRECTORY, 0755, 0, 0, 0, 0, null));
    }
    return Optional.ofNullable(found).map(Found::entry);
  }

  @Override
  public List<String> children(String path) {
    return List.copyOf(children.getOrDefault(path, new TreeSet<>()));
  }

  @Override
  public InputStream open(Entry entry) throws IOException {
    var found = entries.get(entry.path());
    if (found == null) {
      throw new IOException("there is no file " + entry.path());
    }
    return found.tar().getInputStream(found.content());
  }

  @Override
  public void close() {
    for (var tar : tars) {
      try {
        tar.close();
      } catch (IOException e) {
        // Only read from: nothing is lost.
      }
    }
  }
}

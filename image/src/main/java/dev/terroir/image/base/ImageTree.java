package dev.terroir.image.base;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The names in an image as its layers, one over the other, leave them. Nothing is on disk: links
/// are followed in here, where `/` is the image's own and `..` does not lead out of it. For one
/// thread.
///
/// Spec: OCI image specification, "Image Layer Filesystem Changeset" (whiteouts).
final class ImageTree {
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";

  /// As many links as Linux follows for one path.
  private static final int MAX_LINKS = 40;

  /// No image has more; a layer that does is there to exhaust the memory.
  private static final int MAX_NODES = 4_000_000;

  /// Deeper than any path that Linux can name, so that walks down the tree end.
  private static final int MAX_DEPTH = 2048;

  private final Node root = new Node(Kind.DIRECTORY, 0);
  private int nodes;
  private int layer;

  enum Kind {
    DIRECTORY,
    FILE,
    LINK,
    OTHER
  }

  /// A name in the tree.
  static final class Node {
    private final Kind kind;
    private int layer;
    private int depth;
    private @Nullable Map<String, Node> children;
    private String target = "";
    private boolean executable;
    private @Nullable FileFacts facts;

    private Node(Kind kind, int layer) {
      this.kind = kind;
      this.layer = layer;
    }

    Kind kind() {
      return kind;
    }

    boolean isExecutable() {
      return executable;
    }

    @Nullable FileFacts facts() {
      return facts;
    }

    /// The names in a directory, sorted.
    Map<String, Node> children() {
      return children == null ? Map.of() : Collections.unmodifiableMap(children);
    }
  }

  /// A name after all links.
  ///
  /// @param path absolute, without links
  record Resolved(String path, Node node) {}

  /// More names than any image has.
  static final class TooManyNames extends RuntimeException {
    TooManyNames() {
      super("it holds more than " + MAX_NODES + " names");
    }
  }

  /// The next layer begins.
  void startLayer() {
    layer++;
  }

  /// Takes an entry of the present layer.
  ///
  /// @param name as the archive has it; one that leads out of the image is passed over
  /// @param target of a link
  void add(String name, Kind kind, String target, boolean executable, @Nullable FileFacts facts) {
    var parts = parts(name);
    if (parts == null || parts.isEmpty()) {
      return;
    }
    var last = parts.getLast();
    var parent = parent(parts);
    if (parent == null) {
      return;
    }
    if (last.startsWith(WHITEOUT)) {
      whiteOut(parent, last);
      return;
    }
    var before = parent.children == null ? null : parent.children.get(last);
    if (before != null && before.kind == Kind.DIRECTORY && kind == Kind.DIRECTORY) {
      before.layer = layer;
      return;
    }
    var node = new Node(kind, layer);
    node.target = target;
    node.executable = executable;
    node.facts = facts;
    put(parent, last, node);
  }

  /// Takes a hard link: a further name of what is there.
  void addHardLink(String name, String target) {
    var from = parts(target);
    if (from == null || from.isEmpty()) {
      return;
    }
    var holder = resolve(String.join("/", from.subList(0, from.size() - 1)));
    var node = holder.map(found -> found.node().children().get(from.getLast())).orElse(null);
    if (node != null && node.kind != Kind.DIRECTORY) {
      add(name, node.kind, node.target, node.executable, node.facts);
    }
  }

  private void whiteOut(Node parent, String name) {
    var children = parent.children;
    if (children == null) {
      return;
    }
    if (name.equals(OPAQUE)) {
      hideLower(parent);
    } else if (!name.startsWith(".wh..wh.")) {
      var hidden = name.substring(WHITEOUT.length());
      var node = children.get(hidden);
      if (node != null && isHidden(node)) {
        children.remove(hidden);
      }
    }
  }

  /// Takes away what lower layers put into a directory, whatever the order of entries in this one.
  private void hideLower(Node directory) {
    if (directory.children != null) {
      directory.children.values().removeIf(this::isHidden);
    }
  }

  private boolean isHidden(Node node) {
    if (node.kind != Kind.DIRECTORY) {
      return node.layer < layer;
    }
    hideLower(node);
    return node.layer < layer && node.children().isEmpty();
  }

  /// The directory of a name, made where it is missing, links on the way followed.
  private @Nullable Node parent(List<String> parts) {
    var at = root;
    var path = new StringBuilder();
    for (var part : parts.subList(0, parts.size() - 1)) {
      path.append('/').append(part);
      var next = at.children == null ? null : at.children.get(part);
      if (next != null && next.kind == Kind.LINK) {
        next = resolve(path.toString()).map(Resolved::node).orElse(null);
        if (next == null || next.kind != Kind.DIRECTORY) {
          return null;
        }
      } else if (next == null || next.kind != Kind.DIRECTORY) {
        next = new Node(Kind.DIRECTORY, layer);
        put(at, part, next);
      }
      if (next.depth > MAX_DEPTH) {
        return null;
      }
      at = next;
    }
    return at;
  }

  private void put(Node parent, String name, Node node) {
    if (++nodes > MAX_NODES) {
      throw new TooManyNames();
    }
    if (parent.children == null) {
      parent.children = new TreeMap<>();
    }
    node.depth = parent.depth + 1;
    parent.children.put(name, node);
  }

  /// The components of a name in an archive, or null when one is `..`.
  private static @Nullable List<String> parts(String name) {
    var parts = new ArrayList<String>();
    for (var part : name.split("/")) {
      if (part.equals("..") || part.indexOf('\0') >= 0) {
        return null;
      }
      if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return parts;
  }

  /// What a path stands for, all links followed; empty when it leads nowhere or in a circle.
  Optional<Resolved> resolve(String path) {
    var pending = new ArrayDeque<String>();
    for (var part : path.split("/")) {
      pending.add(part);
    }
    var names = new ArrayList<String>();
    var way = new ArrayList<Node>(List.of(root));
    var links = 0;
    while (!pending.isEmpty()) {
      var part = pending.poll();
      if (part.isEmpty() || part.equals(".")) {
        continue;
      }
      if (part.equals("..")) {
        if (!names.isEmpty()) {
          names.removeLast();
          way.removeLast();
        }
        continue;
      }
      var next = way.getLast().children().get(part);
      if (next == null) {
        return Optional.empty();
      }
      if (next.kind != Kind.LINK) {
        names.add(part);
        way.add(next);
        continue;
      }
      if (++links > MAX_LINKS) {
        return Optional.empty();
      }
      if (next.target.startsWith("/")) {
        names.clear();
        way.subList(1, way.size()).clear();
      }
      var target = next.target.split("/");
      for (int i = target.length - 1; i >= 0; i--) {
        pending.addFirst(target[i]);
      }
    }
    return Optional.of(new Resolved("/" + String.join("/", names), way.getLast()));
  }

  /// A regular file that a path stands for.
  Optional<Resolved> file(String path) {
    return resolve(path).filter(found -> found.node().kind == Kind.FILE);
  }

  /// The names in the directory that a path stands for, sorted.
  List<String> names(String path) {
    return resolve(path)
        .map(found -> List.copyOf(found.node().children().keySet()))
        .orElse(List.of());
  }
}

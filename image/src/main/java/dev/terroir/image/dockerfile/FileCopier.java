package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.FileTree.Entry;
import dev.terroir.image.dockerfile.FileTree.Type;
import dev.terroir.image.dockerfile.Instruction.FileFlags;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/// Carries out one COPY, ADD or WORKDIR: collects the entries of its layer. For one thread.
///
/// Spec: Dockerfile reference, "COPY" and "ADD", "Source", "Destination".
final class FileCopier {
  /// An archive with more entries is a mistake or an attack.
  private static final int MAX_ENTRIES = 2_000_000;

  private final LayeredTree files;
  private final Step step;
  private final FileFlags flags;
  private final Owners owners;
  private final boolean keepsOwners;
  private final long mtimeSeconds;
  private final IgnoreRules excludes;
  private final SortedMap<String, LayeredTree.Item> items = new TreeMap<>();

  /// @param files the stage's files, which the entries are put on at once
  /// @param owners whom new entries belong to
  FileCopier(LayeredTree files, Step step, FileFlags flags, Owners owners, long mtimeSeconds) {
    this.files = files;
    this.step = step;
    this.flags = flags;
    this.owners = owners;
    this.keepsOwners = flags.chown() == null;
    this.mtimeSeconds = mtimeSeconds;
    this.excludes = IgnoreRules.of(flags.excludes(), step);
  }

  SortedMap<String, LayeredTree.Item> items() {
    return items;
  }

  /// What a source stands for.
  ///
  /// @param path without links
  /// @param name the last name as the Dockerfile or the match has it
  /// @param written the path as matched, before links
  private record Match(String path, String name, String written) {}

  void copy(
      FileTree from,
      List<String> sources,
      List<LayeredTree.Item> inline,
      String destination,
      boolean isAdd,
      Path temporary,
      List<TarFile> opened) {
    var matches = new ArrayList<Match>();
    for (var source : sources) {
      matches.addAll(matches(from, source));
    }
    var count = matches.size() + inline.size();
    var isDirectory = destination.endsWith("/") || destination.endsWith("/.");
    if (sources.size() + inline.size() > 1 && !isDirectory) {
      throw failed(
          "`" + destination + "` must end with `/`, because there are several sources", null);
    }
    var target = resolved(files, destination);
    isDirectory |= count > 1 || files.find(target).filter(Entry::isDirectory).isPresent();
    for (var match : matches) {
      copy(from, match, target, isDirectory, isAdd, temporary, opened);
    }
    for (var item : inline) {
      var path = isDirectory ? TarTree.join(target, item.entry().path()) : target;
      put(path, item.entry(), item.content());
    }
  }

  private void copy(
      FileTree from,
      Match match,
      String target,
      boolean isDirectory,
      boolean isAdd,
      Path temporary,
      List<TarFile> opened) {
    var entry = from.find(match.path()).orElseThrow();
    var goal = target;
    if (flags.parents()) {
      var pivot = match.written().indexOf("/./");
      goal =
          TarTree.join(
              target,
              PathPattern.clean(
                  pivot < 0 ? match.written() : match.written().substring(pivot + 3)));
      // The parents that come along keep what they are.
      isDirectory = false;
    }
    if (entry.isDirectory()) {
      if (flags.parents() && files.find(goal).isEmpty()) {
        put(goal, entry, null);
      }
      directory(goal);
      children(from, match.path(), "", goal);
      return;
    }
    if (excludes.ignores(match.name())) {
      return;
    }
    var unpack = flags.unpack();
    if (isAdd
        && !Boolean.FALSE.equals(unpack)
        && unpacked(from, entry, match.written(), target, temporary, opened)) {
      return;
    }
    put(isDirectory ? TarTree.join(goal, match.name()) : goal, entry, () -> from.open(entry));
  }

  private void children(FileTree from, String directory, String relative, String target) {
    for (var name : from.children(directory)) {
      var below = TarTree.join(relative, name);
      var excluded = excludes.ignores(below);
      var entry = from.find(TarTree.join(directory, name)).orElseThrow();
      var path = TarTree.join(target, name);
      if (entry.isDirectory()) {
        if (!excluded) {
          put(path, entry, null);
        }
        if (!excluded || excludes.hasExceptions()) {
          children(from, entry.path(), below, path);
        }
      } else if (!excluded) {
        put(path, entry, () -> from.open(entry));
      }
    }
  }

  // ---- sources

  private List<Match> matches(FileTree from, String source) {
    var pivoted = source.startsWith("/") ? source.substring(1) : source;
    var cleaned = PathPattern.clean(pivoted);
    if (from.isClosed() && cleaned.startsWith("..")) {
      throw failed("`" + source + "` lies outside of the build context", null);
    }
    while (cleaned.startsWith("../") || cleaned.equals("..")) {
      // A stage has nothing above its root.
      cleaned = cleaned.substring(Math.min(3, cleaned.length()));
    }
    var literal = lookUp(from, cleaned);
    if (literal != null) {
      // `--parents` needs to know where `/./` stood.
      return List.of(
          new Match(
              literal.path(),
              cleaned.substring(cleaned.lastIndexOf('/') + 1),
              flags.parents() ? pivoted : cleaned));
    }
    if (!PathPattern.isPattern(cleaned)) {
      var problem =
          Problem.of(
                  ImageCode.IMAGE_BUILD_FAILED,
                  from instanceof BuildContext
                      ? "`" + source + "` is not in the build context"
                      : "`" + source + "` is not in the stage")
              .at(step.place());
      if (from instanceof BuildContext context) {
        var ignoredBy = context.ignoredBy(cleaned);
        if (ignoredBy.isPresent()) {
          throw new ImageException(
              problem.because("a rule of `" + ignoredBy.get() + "` keeps it out"));
        }
        problem =
            problem.because(
                context
                    .root()
                    .map(root -> "the build context is the folder " + root)
                    .orElse(BuildContext.NO_FILES));
        if (context.root().isEmpty()) {
          problem = problem.hint(BuildContext.GIVE_FILES);
        }
      }
      throw new ImageException(problem);
    }
    var found = new ArrayList<Match>();
    if (flags.parents() && cleaned.contains("**")) {
      var pattern = pattern(cleaned, true);
      deep(from, "", pattern, found);
    } else {
      glob(from, "", List.of(cleaned.split("/")), found);
    }
    return found;
  }

  private PathPattern pattern(String text, boolean deep) {
    return PathPattern.parse(text, deep)
        .orElseThrow(() ->
            new ImageException(
                Problem.of(ImageCode.DOCKERFILE_SYNTAX, "`" + text + "` is no pattern of paths")
                    .at(step.place())
                    .hint("close every `[` and let no `\\` stand at the end")));
  }

  private @Nullable Entry lookUp(FileTree from, String path) {
    return from.find(resolved(from, path)).orElse(null);
  }

  private void glob(FileTree from, String directory, List<String> parts, List<Match> found) {
    var pattern = pattern(parts.getFirst(), false);
    var real = resolved(from, directory);
    for (var name : from.children(real)) {
      if (!pattern.matches(name)) {
        continue;
      }
      var path = TarTree.join(directory, name);
      var entry = lookUp(from, path);
      if (entry == null) {
        continue;
      }
      if (parts.size() == 1) {
        found.add(new Match(entry.path(), name, path));
      } else if (entry.isDirectory()) {
        glob(from, path, parts.subList(1, parts.size()), found);
      }
    }
  }

  private void deep(FileTree from, String directory, PathPattern pattern, List<Match> found) {
    for (var name : from.children(directory)) {
      var path = TarTree.join(directory, name);
      var entry = from.find(path).orElseThrow();
      if (pattern.matches(path)) {
        found.add(new Match(path, name, path));
      } else if (entry.isDirectory()) {
        deep(from, path, pattern, found);
      }
    }
  }

  private String resolved(FileTree tree, String path) {
    try {
      return tree.resolve(path, true);
    } catch (IOException e) {
      throw failed("`" + path + "` cannot be followed", String.valueOf(e.getMessage()));
    }
  }

  // ---- entries

  /// Makes a directory with its parents, where there is none.
  void directory(String path) {
    if (path.isEmpty()) {
      return;
    }
    var real = resolved(files, path);
    var there = files.find(real);
    if (there.isPresent()) {
      if (!there.get().isDirectory()) {
        throw failed("`/" + path + "` is a file, and a directory is needed there", null);
      }
      return;
    }
    var slash = real.lastIndexOf('/');
    directory(slash < 0 ? "" : real.substring(0, slash));
    add(
        new LayeredTree.Item(
            new Entry(
                real, Type.DIRECTORY, 0755, owners.uid(), owners.gid(), mtimeSeconds, 0, null),
            NO_CONTENT));
  }

  private void put(String path, Entry entry, LayeredTree.@Nullable Content content) {
    // Files of a context have no owner but root; those of a stage keep theirs.
    put(path, entry, content, keepsOwners ? new Owners(entry.uid(), entry.gid()) : owners);
  }

  private void put(
      String path, Entry entry, LayeredTree.@Nullable Content content, Owners belongsTo) {
    if (entry.type() == Type.SPECIAL) {
      throw failed("`" + entry.path() + "` is no file, directory or link", null);
    }
    var slash = path.lastIndexOf('/');
    var parent = slash < 0 ? "" : path.substring(0, slash);
    directory(parent);
    var real = TarTree.join(resolved(files, parent), path.substring(slash + 1));
    var there = files.find(real);
    if (entry.isDirectory()) {
      var followed = files.find(resolved(files, real));
      if (followed.filter(Entry::isDirectory).isPresent()) {
        return;
      }
    }
    if (there.isPresent() && there.get().isDirectory() != entry.isDirectory()) {
      throw failed(
          "`/"
              + real
              + "` is a "
              + (entry.isDirectory() ? "file" : "directory")
              + " already, and would become a "
              + (entry.isDirectory() ? "directory" : "file"),
          null);
    }
    if (real.isEmpty()) {
      throw failed("a file cannot take the place of `/`", null);
    }
    var chmod = flags.chmod();
    var mode =
        chmod == null || entry.type() == Type.LINK
            ? entry.mode()
            : Modes.apply(chmod, entry.mode(), entry.isDirectory(), step);
    add(
        new LayeredTree.Item(
            new Entry(
                real,
                entry.type(),
                mode,
                belongsTo.uid(),
                belongsTo.gid(),
                mtimeSeconds,
                entry.sizeBytes(),
                entry.target()),
            content == null ? NO_CONTENT : content));
  }

  private static final LayeredTree.Content NO_CONTENT =
      () -> {
        throw new IOException("only a file has content");
      };

  private void add(LayeredTree.Item item) {
    items.put(item.entry().path(), item);
    files.put(item);
  }

  // ---- archives

  private boolean unpacked(
      FileTree from,
      Entry entry,
      String name,
      String target,
      Path temporary,
      List<TarFile> opened) {
    if (entry.type() != Type.FILE) {
      return false;
    }
    try {
      if (!Archives.expand(() -> from.open(entry), temporary)) {
        return false;
      }
      var tar = new TarFile(temporary);
      opened.add(tar);
      if (tar.getEntries().size() > MAX_ENTRIES) {
        throw new IOException("it has more than " + MAX_ENTRIES + " entries");
      }
      directory(target);
      var links = new HashSet<String>();
      var members = new TreeMap<String, TarArchiveEntry>();
      for (var member : tar.getEntries()) {
        member(tar, member, resolved(files, target), links, members);
      }
      return true;
    } catch (IOException e) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_ARCHIVE, "the archive `" + name + "` cannot be unpacked")
              .at(step.place())
              .because(String.valueOf(e.getMessage()))
              .hint("use `ADD --unpack=false` or `COPY` to take it as a file"),
          e);
    }
  }

  private void member(
      TarFile tar,
      TarArchiveEntry member,
      String target,
      HashSet<String> links,
      TreeMap<String, TarArchiveEntry> members)
      throws IOException {
    var name = member.getName();
    if (List.of(name.split("/")).contains("..") || name.indexOf('\0') >= 0) {
      throw new IOException("its member `" + name + "` leads out of the archive");
    }
    var relative = PathPattern.clean(name);
    if (relative.isEmpty()) {
      return;
    }
    for (var slash = relative.indexOf('/'); slash > 0; slash = relative.indexOf('/', slash + 1)) {
      if (links.contains(relative.substring(0, slash))) {
        throw new IOException("its member `" + name + "` lies below a link of the archive");
      }
    }
    var content = member;
    if (member.isLink()) {
      var linked = members.get(PathPattern.clean(member.getLinkName()));
      if (linked == null) {
        throw new IOException(
            "its member `"
                + name
                + "` is a hard link to `"
                + member.getLinkName()
                + "`, which is no earlier file of it");
      }
      content = linked;
    } else if (!member.isDirectory()
        && !member.isSymbolicLink()
        && (!member.isFile() || member.isFIFO())) {
      throw new IOException("its member `" + name + "` is no file, directory or link");
    }
    if (content.isSymbolicLink()) {
      links.add(relative);
    } else if (!content.isDirectory()) {
      members.put(relative, content);
    }
    var type =
        content.isDirectory() ? Type.DIRECTORY : content.isSymbolicLink() ? Type.LINK : Type.FILE;
    var opened = content;
    put(
        TarTree.join(target, relative),
        new Entry(
            relative,
            type,
            type == Type.LINK ? 0777 : content.getMode() & 07777,
            0,
            0,
            content.getLastModifiedTime().to(TimeUnit.SECONDS),
            type == Type.FILE ? content.getSize() : 0,
            type == Type.LINK ? content.getLinkName() : null),
        () -> tar.getInputStream(opened),
        keepsOwners
            ? new Owners((int) content.getLongUserId(), (int) content.getLongGroupId())
            : owners);
  }

  private ImageException failed(String what, @Nullable String why) {
    var problem = Problem.of(ImageCode.IMAGE_BUILD_FAILED, what).at(step.place());
    return new ImageException(why == null ? problem : problem.because(why));
  }
}

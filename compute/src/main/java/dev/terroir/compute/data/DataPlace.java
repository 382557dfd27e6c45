package dev.terroir.compute.data;

import dev.terroir.compute.data.RunData.Bind;
import dev.terroir.compute.data.RunData.Item;
import dev.terroir.compute.data.RunData.Mode;
import dev.terroir.compute.data.RunData.Source;
import dev.terroir.foundation.file.Trees;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Where data of a run lies.
///
/// @param host on this machine
/// @param seen as the script sees it
/// @param mounted what a container must be given, or null
record DataPlace(Path host, String seen, @Nullable Bind mounted) {
  private static final String INSIDE = "/azureml-data/";

  Optional<Bind> bind() {
    return Optional.ofNullable(mounted);
  }

  /// Lays data down. A relative path is below the working copy; an absolute one is honoured in a
  /// container, and is a folder of the run on this machine, whose other folders are not its own.
  static DataPlace of(Item item, Path work, Path own, @Nullable String inside) throws IOException {
    var wanted = item.pathOnCompute();
    var isAbsolute = wanted != null && wanted.startsWith("/");
    if (isAbsolute && wanted != null && inside != null) {
      check(wanted, inside);
    }
    var below = wanted == null || isAbsolute ? null : work.resolve(wanted).normalize();
    if (below != null && (!below.startsWith(work) || below.equals(work))) {
      below = null;
    }
    if (item.mode() == Mode.MOUNT) {
      return mount(item, work, own, inside, isAbsolute ? wanted : null, below);
    }
    if (!item.isMade() && !isAbsolute) {
      return unmade(item, work, own, inside, below);
    }
    var host = below == null ? own.resolve(item.name()) : below;
    Files.createDirectories(host);
    var target = item.mode() == Mode.DOWNLOAD ? lay(item, host, false) : host;
    if (inside == null) {
      return new DataPlace(host, target.toString(), null);
    }
    var relative = host.relativize(target).toString();
    var tail = relative.isEmpty() ? "" : "/" + relative;
    if (below != null) {
      return new DataPlace(host, inside + "/" + work.relativize(target), null);
    }
    var place = isAbsolute && wanted != null ? wanted : INSIDE + item.name();
    return new DataPlace(host, place + tail, new Bind(host, place, false));
  }

  /// A place for an output that is not there yet: only the folder that it will lie in.
  private static DataPlace unmade(
      Item item, Path work, Path own, @Nullable String inside, @Nullable Path below)
      throws IOException {
    if (below != null) {
      Files.createDirectories(below.resolveSibling("").normalize());
      var seen = inside == null ? below.toString() : inside + "/" + work.relativize(below);
      return new DataPlace(below, seen, null);
    }
    var folder = Files.createDirectories(own.resolve(item.name()));
    var host = folder.resolve(item.name());
    if (inside == null) {
      return new DataPlace(host, host.toString(), null);
    }
    var place = INSIDE + item.name();
    return new DataPlace(host, place + "/" + item.name(), new Bind(folder, place, false));
  }

  /// Refuses a place where the container has what it cannot do without.
  private static void check(String wanted, String inside) {
    var place = Path.of(wanted).normalize();
    if (Path.of(inside).startsWith(place)) {
      throw RunData.refusal(
          "data of a container cannot be at `" + wanted + "`",
          "name a folder below `/` other than `" + inside + "`, such as `/data`");
    }
  }

  private static DataPlace mount(
      Item item,
      Path work,
      Path own,
      @Nullable String inside,
      @Nullable String absolute,
      @Nullable Path below)
      throws IOException {
    var source = item.sources().getFirst();
    Path host;
    if (item.sources().size() == 1 && !source.isPattern() && source.below() == null) {
      host = source.store().resolve(source.path());
      if (!Files.exists(host)) {
        throw RunData.missing(source);
      }
    } else {
      host = lay(item, Files.createDirectories(own.resolve(item.name())), inside == null);
    }
    if (inside != null) {
      var place =
          absolute != null
              ? absolute
              : below != null ? inside + "/" + work.relativize(below) : INSIDE + item.name();
      if (Files.isRegularFile(host)) {
        place = place + "/" + host.getFileName();
      }
      return new DataPlace(host, place, new Bind(host, place, item.isReadOnly()));
    }
    if (below != null && !Files.exists(below)) {
      Files.createDirectories(below.resolveSibling("").normalize());
      Files.createSymbolicLink(below, host);
      return new DataPlace(host, below.toString(), null);
    }
    return new DataPlace(host, host.toString(), null);
  }

  /// Copies or links what the sources name into a folder.
  ///
  /// @return the folder, or the one file that a source without a pattern is unless it was chosen
  ///   from a folder
  private static Path lay(Item item, Path folder, boolean isLinking) throws IOException {
    for (var source : item.sources()) {
      if (source.isPattern()) {
        matching(source, folder, isLinking);
        continue;
      }
      var from = source.store().resolve(source.path());
      if (!Files.exists(from)) {
        throw RunData.missing(source);
      }
      if (Files.isRegularFile(from)) {
        var below = source.below();
        var to = folder.resolve(below == null ? String.valueOf(from.getFileName()) : below);
        put(from, to, isLinking);
        if (item.sources().size() == 1 && below == null) {
          return to;
        }
      } else {
        each(from, folder, isLinking);
      }
    }
    return folder;
  }

  private static void each(Path from, Path folder, boolean isLinking) throws IOException {
    try (var walk = Files.walk(from)) {
      for (var file : walk.filter(Files::isRegularFile).sorted().toList()) {
        put(file, folder.resolve(from.relativize(file).toString()), isLinking);
      }
    }
  }

  private static void matching(Source source, Path folder, boolean isLinking) throws IOException {
    var root = source.store().path();
    var pattern = source.path().replaceFirst("^(\\./+|/+)+", "");
    var firstStar = pattern.indexOf('*') < 0 ? pattern.indexOf('?') : pattern.indexOf('*');
    var slash = pattern.lastIndexOf('/', firstStar);
    var base = slash < 0 ? root : root.resolve(pattern.substring(0, slash));
    var matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    // `**/x` means files of the base itself too.
    var flat = FileSystems.getDefault().getPathMatcher("glob:" + pattern.replace("**/", ""));
    var isFound = false;
    if (Files.isDirectory(base)) {
      try (var walk = Files.walk(base)) {
        for (var file : walk.filter(Files::isRegularFile).sorted().toList()) {
          var name = root.relativize(file);
          if (matcher.matches(name) || flat.matches(name)) {
            put(file, folder.resolve(base.relativize(file).toString()), isLinking);
            isFound = true;
          }
        }
      }
    }
    if (!isFound) {
      throw RunData.missing(source);
    }
  }

  private static void put(Path from, Path to, boolean isLinking) throws IOException {
    Files.createDirectories(to.resolveSibling("").normalize());
    if (Files.exists(to)) {
      return;
    }
    if (isLinking) {
      Files.createSymbolicLink(to, from);
    } else {
      Trees.copy(from, to);
    }
  }
}

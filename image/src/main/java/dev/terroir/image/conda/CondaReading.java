package dev.terroir.image.conda;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.ArchiveRefusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/// One way through the files of a conda package, which checks each against the package's own list.
final class CondaReading {
  private final String source;
  private final PackageInfo info;
  private final boolean isTar;
  private final CondaArchive.Visitor visitor;
  private final Map<String, CondaTar.Kind> seen = new HashMap<>();
  private final Set<String> folders = new HashSet<>();
  private final MessageDigest engine = Sha256.engine();

  /// @param isTar whether what describes the package lies in the same tar archive as its files
  CondaReading(String source, PackageInfo info, boolean isTar, CondaArchive.Visitor visitor) {
    this.source = source;
    this.info = info;
    this.isTar = isTar;
    this.visitor = visitor;
  }

  void run(CondaTar walk) throws IOException {
    for (var entry = walk.next(); entry != null; entry = walk.next()) {
      if (Thread.interrupted()) {
        throw new ClosedByInterruptException();
      }
      var name = entry.name();
      if (isInfo(name)) {
        if (entry.kind() != CondaTar.Kind.FOLDER && seen.put(name, entry.kind()) != null) {
          throw refused(name, "it is there twice");
        }
        continue;
      }
      if (entry.kind() == CondaTar.Kind.FOLDER) {
        folders.add(name);
        continue;
      }
      if (seen.put(name, entry.kind()) != null) {
        throw refused(name, "it is there twice");
      }
      one(entry, listed(entry), walk.tar());
    }
    checkNesting();
    checkMissing();
  }

  /// What describes the package is no part of the environment, unless the list names it.
  private boolean isInfo(String name) {
    var paths = info.paths();
    return name.equals("info")
        || (name.startsWith(CondaArchive.INFO)
            && (isTar || paths == null || !paths.containsKey(name)));
  }

  private PackagePath listed(CondaTar.Entry entry) {
    var paths = info.paths();
    var found = paths == null ? null : paths.get(entry.name());
    if (paths != null && found == null) {
      throw refused(entry.name(), "the package's own list of paths does not name it");
    }
    boolean isLink = entry.kind() == CondaTar.Kind.LINK;
    if (found == null) {
      return PackagePath.plain(
          entry.name(), isLink ? PackagePath.Kind.LINK : PackagePath.Kind.FILE);
    }
    // The old lists do not say what a path is.
    var isOld = found.sha256() == null && found.sizeBytes() < 0;
    if (isOld && isLink) {
      return new PackagePath(
          entry.name(), PackagePath.Kind.LINK, null, -1, null, null, found.isNoLink());
    }
    if (isLink != (found.kind() == PackagePath.Kind.LINK)
        || found.kind() == PackagePath.Kind.FOLDER) {
      throw refused(
          entry.name(),
          "the package's list says that it is a " + found.kind().word() + ", and it is not");
    }
    return found;
  }

  private void one(CondaTar.Entry entry, PackagePath path, InputStream in) throws IOException {
    switch (entry.kind()) {
      case FILE -> file(entry, path, in);
      case LINK -> {
        checkTarget(entry);
        visitor.symbolicLink(path, entry.target());
      }
      case HARD_LINK -> {
        var name = entry.target().startsWith("./") ? entry.target().substring(2) : entry.target();
        if (seen.get(name) != CondaTar.Kind.FILE || isInfo(name)) {
          throw refused(entry.name(), "it is a link to `" + name + "`, which is no file before it");
        }
        var paths = info.paths();
        var target = paths == null ? null : paths.get(name);
        var first = target == null ? PackagePath.plain(name, PackagePath.Kind.FILE) : target;
        if (first.sha256() != null
            && path.sha256() != null
            && !first.sha256().equals(path.sha256())) {
          throw refused(entry.name(), "its SHA-256 is not the one that the package's list has");
        }
        visitor.hardLink(path, first);
      }
      case FOLDER -> throw new IllegalStateException("a folder is no file");
    }
  }

  private void file(CondaTar.Entry entry, PackagePath path, InputStream in) throws IOException {
    if (path.sizeBytes() >= 0 && path.sizeBytes() != entry.sizeBytes()) {
      throw refused(
          entry.name(),
          "it has "
              + entry.sizeBytes()
              + " bytes, and the package's list says "
              + path.sizeBytes());
    }
    engine.reset();
    var hashing = new Hashing(source, in, engine);
    visitor.file(path, entry.mode(), entry.sizeBytes(), hashing);
    CondaArchive.drain(hashing);
    if (hashing.count != entry.sizeBytes()) {
      throw refused(entry.name(), "the archive ends in it");
    }
    var sha256 = HexFormat.of().formatHex(engine.digest());
    if (path.sha256() != null && !path.sha256().equals(sha256)) {
      throw refused(
          entry.name(),
          "its SHA-256 is " + sha256 + ", and the package's list says " + path.sha256());
    }
    visitor.checked(path, sha256);
  }

  /// A link leads to somewhere in the environment. Its way up comes first, so that no other link
  /// can bend it.
  private void checkTarget(CondaTar.Entry entry) {
    var target = entry.target();
    var name = entry.name();
    if (target.startsWith("/")) {
      throw refused(name, "it is a link to `" + target + "`, which is absolute");
    }
    int depth = name.split("/").length - 1;
    // `site-packages` becomes a folder two levels down.
    if (info.isNoarchPython() && name.startsWith("site-packages/")) {
      depth += 2;
    }
    boolean isDown = false;
    for (var part : target.split("/", -1)) {
      if (part.equals("..")) {
        if (isDown || --depth < 0) {
          throw refused(name, "it is a link to `" + target + "`, which leads out of it");
        }
      } else if (!part.isEmpty() && !part.equals(".")) {
        isDown = true;
      }
    }
    if (target.isEmpty() || target.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      throw refused(name, "it is a link to nowhere");
    }
  }

  private void checkNesting() {
    for (var name : seen.keySet()) {
      if (folders.contains(name)) {
        throw refused(name, "it is there as a file and as a folder");
      }
      for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
        var above = name.substring(0, slash);
        if (seen.containsKey(above)) {
          throw refused(name, "it lies below `" + above + "`, which is no folder");
        }
      }
    }
  }

  private void checkMissing() {
    var paths = info.paths();
    if (paths == null) {
      return;
    }
    for (var path : paths.values()) {
      if (path.kind() != PackagePath.Kind.FOLDER && !seen.containsKey(path.path())) {
        throw refused(path.path(), "the package's list names it, but the archive does not have it");
      }
    }
  }

  private ImageException refused(String member, String why) {
    return ArchiveRefusal.of(source, member, why);
  }

  private static final class Hashing extends InputStream {
    private final String source;
    private final InputStream in;
    private final MessageDigest engine;
    private long count;

    Hashing(String source, InputStream in, MessageDigest engine) {
      this.source = source;
      this.in = in;
      this.engine = engine;
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read;
      try {
        read = in.read(bytes, offset, length);
      } catch (IOException e) {
        throw CondaTar.damaged(source, e);
      }
      if (read > 0) {
        engine.update(bytes, offset, read);
        count += read;
      }
      return read;
    }
  }
}

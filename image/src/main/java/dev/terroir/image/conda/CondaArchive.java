package dev.terroir.image.conda;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.ArchivePath;
import dev.terroir.image.archive.ArchiveRefusal;
import dev.terroir.image.archive.ZipArchive;
import dev.terroir.image.archive.ZipMember;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;

/// A conda package's archive, `.conda` or `.tar.bz2`, told apart by its first bytes. Opening it
/// reads what the package says of itself; [#read] goes through its files in the order of the
/// archive and checks them against the package's own list: none more, none less, of the size and
/// SHA-256 that it names.
///
/// For one thread; [#close] it.
///
/// Spec: CEP 35; conda-build, "Package format"; POSIX.1-2017 `pax`.
///
/// @since 0.1
public final class CondaArchive implements AutoCloseable {
  /// Members of a package; the largest real ones have 60 000.
  public static final int MAX_MEMBERS = 500_000;

  /// Bytes of a file of `info` that is read; `paths.json` has about 300 for each path.
  private static final int MAX_INFO_BYTES = 256 << 20;

  private static final int BUFFER = 1 << 17;

  private static final String INFO = "info/";
  private static final String METADATA = "metadata.json";

  private final String source;
  private final @Nullable ZipArchive zip;
  private final @Nullable ZipMember content;
  private final @Nullable Path tar;
  private final PackageInfo info;
  private final long packedBytes;

  private CondaArchive(
      String source,
      @Nullable ZipArchive zip,
      @Nullable ZipMember content,
      @Nullable Path tar,
      PackageInfo info,
      long packedBytes) {
    this.source = source;
    this.zip = zip;
    this.content = content;
    this.tar = tar;
    this.info = info;
    this.packedBytes = packedBytes;
  }

  /// Takes the files of a package, one after another.
  public interface Visitor {
    /// A regular file.
    ///
    /// @param path as the package lists it
    /// @param mode permission bits
    /// @param sizeBytes of the content in the archive
    /// @param bytes the content, checked when this has returned; not to be closed
    void file(PackagePath path, int mode, long sizeBytes, InputStream bytes) throws IOException;

    /// What was handed to [#file] is what the list says.
    ///
    /// @param sha256 64 hex digits of the content in the archive
    default void checked(PackagePath path, String sha256) throws IOException {}

    /// A symbolic link to somewhere in the environment.
    ///
    /// @param target as it stands in the archive
    void symbolicLink(PackagePath path, String target) throws IOException;

    /// Another name of a regular file that came before.
    void hardLink(PackagePath path, PackagePath target) throws IOException;
  }

  /// Opens a package.
  ///
  /// @param source how messages name it
  /// @param scratch where the tar archive of a `.tar.bz2` is kept until it is closed
  /// @throws ImageException code `invalid-archive`
  public static CondaArchive open(Path file, String source, Path scratch) {
    var first = new byte[3];
    try {
      try (var in = Files.newInputStream(file)) {
        int read = in.readNBytes(first, 0, first.length);
        if (read == 0) {
          throw ArchiveRefusal.of(source, null, "it is empty");
        }
      }
      return first[0] == 'B' && first[1] == 'Z' && first[2] == 'h'
          ? openBzip2(file, source, scratch)
          : openZip(file, source);
    } catch (IOException e) {
      throw failed(source, file, e);
    }
  }

  private static RuntimeException failed(String source, Path file, IOException e) {
    try {
      return damaged(source, e);
    } catch (IOException disk) {
      return FoundationException.ofFile("a package archive cannot be read", file, disk);
    }
  }

  /// The decoders say in the same way what an archive's own bytes bring about.
  private static boolean isDisk(IOException e) {
    return e instanceof FileSystemException || e instanceof ClosedByInterruptException;
  }

  private static ImageException damaged(String source, IOException e) throws IOException {
    if (isDisk(e)) {
      throw e;
    }
    return ArchiveRefusal.of(source, null, "it is damaged: " + e.getMessage());
  }

  private static CondaArchive openZip(Path file, String source) throws IOException {
    var zip = ZipArchive.open(file, source);
    try {
      zip.find(METADATA).ifPresent(member -> checkVersion(zip, member));
      var infoMember =
          only(zip, "info-").orElseThrow(() -> zip.refused("info-*.tar.zst", "it is missing"));
      var files = new HashMap<String, byte[]>();
      var licenses = new ArrayList<String>();
      try (var in = zstd(zip.stream(infoMember))) {
        var walk = new Walk(source, in, infoMember.packedSizeBytes());
        for (var entry = walk.next(); entry != null; entry = walk.next()) {
          if (!entry.name().startsWith(INFO)) {
            throw zip.refused(entry.name(), "it lies outside of `info` among what describes it");
          }
          keep(source, entry, walk, files, licenses);
        }
        drain(in);
      }
      var content = only(zip, "pkg-").orElse(null);
      return new CondaArchive(
          source,
          zip,
          content,
          null,
          PackageInfo.read(source, files, licenses),
          content == null ? 0 : content.packedSizeBytes());
    } catch (IOException | RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  private static void checkVersion(ZipArchive zip, ZipMember member) {
    try {
      var version =
          JsonReader.parseObject(zip.text(member, 1 << 20), METADATA)
              .longValue("conda_pkg_format_version");
      if (version != 2) {
        throw zip.refused(METADATA, "its format is " + version + "; Terroir reads format 2");
      }
    } catch (ImageException e) {
      throw e;
    } catch (TerroirException e) {
      throw zip.refused(METADATA, e.problem().what());
    }
  }

  private static Optional<ZipMember> only(ZipArchive zip, String prefix) {
    var found =
        zip.members().stream()
            .filter(member ->
                member.name().startsWith(prefix)
                    && member.name().endsWith(".tar.zst")
                    && !member.name().contains("/"))
            .toList();
    if (found.size() > 1) {
      throw zip.refused(
          found.get(1).name(), "there are " + found.size() + " members `" + prefix + "*.tar.zst`");
    }
    return found.stream().findFirst();
  }

  private static InputStream zstd(InputStream in) throws IOException {
    return new ZstdInputStream(in);
  }

  /// Reads what follows the end of a tar archive, so that the sums of what it lies in are checked.
  private static void drain(InputStream in) throws IOException {
    var buffer = new byte[BUFFER];
    while (in.read(buffer) >= 0) {
      // Padding.
    }
  }

  private static CondaArchive openBzip2(Path file, String source, Path scratch) throws IOException {
    var size = Files.size(file);
    Files.createDirectories(scratch);
    var tar = AtomicFiles.temporaryBeside(scratch.resolve("conda.tar"));
    try {
      try (var in =
              new BZip2CompressorInputStream(
                  new BufferedInputStream(Files.newInputStream(file), BUFFER), true);
          var out = Files.newOutputStream(tar)) {
        var buffer = new byte[BUFFER];
        long total = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          total += read;
          checkTotal(source, null, total, size);
          out.write(buffer, 0, read);
        }
      }
      var files = new HashMap<String, byte[]>();
      var licenses = new ArrayList<String>();
      try (var in = plain(tar)) {
        var walk = new Walk(source, in, size);
        for (var entry = walk.next(); entry != null; entry = walk.next()) {
          if (entry.name().startsWith(INFO)) {
            keep(source, entry, walk, files, licenses);
          }
        }
      }
      return new CondaArchive(
          source, null, null, tar, PackageInfo.read(source, files, licenses), size);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(tar);
      throw e;
    }
  }

  private static InputStream plain(Path tar) throws IOException {
    return new BufferedInputStream(Files.newInputStream(tar), BUFFER);
  }

  private static void keep(
      String source, Entry entry, Walk walk, Map<String, byte[]> files, List<String> licenses)
      throws IOException {
    if (entry.kind() != Kind.FILE) {
      return;
    }
    if (entry.name().startsWith(PackageInfo.LICENSES)) {
      licenses.add(entry.name().substring(PackageInfo.LICENSES.length()));
    }
    if (PackageInfo.FILES.contains(entry.name())) {
      if (entry.sizeBytes() > MAX_INFO_BYTES) {
        throw ArchiveRefusal.of(
            source, entry.name(), "it has " + entry.sizeBytes() + " bytes, over " + MAX_INFO_BYTES);
      }
      files.put(entry.name(), walk.tar().readNBytes((int) entry.sizeBytes()));
    }
  }

  private static void checkTotal(
      String source, @Nullable String member, long total, long packedBytes) {
    if (total > ZipArchive.MAX_CONTENT_BYTES
        || (total > ZipArchive.RATIO_FREE_BYTES
            && total / Math.max(1, packedBytes) > ZipArchive.MAX_RATIO)) {
      throw ArchiveRefusal.of(
          source,
          member,
          "its content grows to more than " + total + " bytes, out of " + packedBytes);
    }
  }

  private enum Kind {
    FILE,
    FOLDER,
    LINK,
    HARD_LINK
  }

  private record Entry(String name, Kind kind, int mode, long sizeBytes, String target) {}

  /// The members of a tar archive, each judged by itself.
  private static final class Walk {
    private final String source;
    private final TarArchiveInputStream tar;
    private final long packedBytes;
    private long total;
    private int count;

    Walk(String source, InputStream in, long packedBytes) {
      this.source = source;
      this.tar = new TarArchiveInputStream(in, "UTF-8");
      this.packedBytes = packedBytes;
    }

    TarArchiveInputStream tar() {
      return tar;
    }

    @Nullable Entry next() throws IOException {
      TarArchiveEntry entry;
      try {
        entry = tar.getNextEntry();
      } catch (IOException e) {
        throw damaged(source, e);
      } catch (IllegalArgumentException e) {
        throw damaged(source, new IOException(e));
      }
      if (entry == null) {
        return null;
      }
      var name = entry.getName();
      while (name.startsWith("./")) {
        name = name.substring(2);
      }
      while (name.endsWith("/") && name.length() > 1) {
        name = name.substring(0, name.length() - 1);
      }
      if (!entry.isCheckSumOK()) {
        throw ArchiveRefusal.of(source, name, "the sum of its header is wrong");
      }
      if (++count > MAX_MEMBERS) {
        throw ArchiveRefusal.of(source, name, "it has more than " + MAX_MEMBERS + " members");
      }
      var kind = kind(entry, name);
      if (kind == Kind.FOLDER && (name.isEmpty() || name.equals("."))) {
        return new Entry("", kind, 0755, 0, "");
      }
      if (name.indexOf('\ufffd') >= 0) {
        throw ArchiveRefusal.of(source, name, "its path is not UTF-8");
      }
      check(name);
      long size = kind == Kind.FILE ? entry.getSize() : 0;
      total += size;
      checkTotal(source, name, total, packedBytes);
      return new Entry(name, kind, entry.getMode() & 0777, size, entry.getLinkName());
    }

    private void check(String name) {
      ArchivePath.problem(name)
          .ifPresent(why -> {
            throw ArchiveRefusal.of(source, name, why);
          });
    }

    private Kind kind(TarArchiveEntry entry, String name) {
      if (entry.isSparse()) {
        throw ArchiveRefusal.of(source, name, "it is a sparse file");
      }
      if (entry.isSymbolicLink()) {
        return Kind.LINK;
      }
      if (entry.isLink()) {
        return Kind.HARD_LINK;
      }
      if (entry.isDirectory()) {
        return Kind.FOLDER;
      }
      byte flag = entry.getLinkFlag();
      if (flag == '0' || flag == 0 || flag == '7') {
        return Kind.FILE;
      }
      throw ArchiveRefusal.of(
          source, name, "it is a device, a pipe, or something else that no package has");
    }
  }

  /// What the package says of itself.
  public PackageInfo info() {
    return info;
  }

  /// The archive's own list, or where it has none the archive's content, by path. Reads through an
  /// archive without a list.
  public Map<String, PackagePath> paths() throws IOException {
    var listed = info.paths();
    if (listed != null) {
      return listed;
    }
    var found = new TreeMap<String, PackagePath>();
    read(
        new Visitor() {
          @Override
          public void file(PackagePath path, int mode, long sizeBytes, InputStream bytes) {
            found.put(path.path(), path);
          }

          @Override
          public void symbolicLink(PackagePath path, String target) {
            found.put(path.path(), path);
          }

          @Override
          public void hardLink(PackagePath path, PackagePath target) {
            found.put(path.path(), path);
          }
        });
    return found;
  }

  /// Reads all files and checks them.
  ///
  /// @throws ImageException code `invalid-archive`
  public void read(Visitor visitor) throws IOException {
    try (var in = content()) {
      new Reading(visitor).run(new Walk(source, in, packedBytes));
      drain(in);
    } catch (ZstdIOException e) {
      throw damaged(source, e);
    }
  }

  private InputStream content() throws IOException {
    if (tar != null) {
      return plain(tar);
    }
    return content == null || zip == null
        ? InputStream.nullInputStream()
        : zstd(zip.stream(content));
  }

  /// One way through the archive.
  private final class Reading {
    private final Visitor visitor;
    private final Map<String, Kind> seen = new HashMap<>();
    private final Set<String> folders = new HashSet<>();
    private final MessageDigest engine = Sha256.engine();

    Reading(Visitor visitor) {
      this.visitor = visitor;
    }

    void run(Walk walk) throws IOException {
      for (var entry = walk.next(); entry != null; entry = walk.next()) {
        if (Thread.interrupted()) {
          throw new ClosedByInterruptException();
        }
        var name = entry.name();
        if (isInfo(name)) {
          if (entry.kind() != Kind.FOLDER && seen.put(name, entry.kind()) != null) {
            throw refused(name, "it is there twice");
          }
          continue;
        }
        if (entry.kind() == Kind.FOLDER) {
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
          || (name.startsWith(INFO) && (tar != null || paths == null || !paths.containsKey(name)));
    }

    private PackagePath listed(Entry entry) {
      var paths = info.paths();
      var found = paths == null ? null : paths.get(entry.name());
      if (paths != null && found == null) {
        throw refused(entry.name(), "the package's own list of paths does not name it");
      }
      boolean isLink = entry.kind() == Kind.LINK;
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

    private void one(Entry entry, PackagePath path, InputStream in) throws IOException {
      switch (entry.kind()) {
        case FILE -> file(entry, path, in);
        case LINK -> {
          checkTarget(entry);
          visitor.symbolicLink(path, entry.target());
        }
        case HARD_LINK -> {
          var name = entry.target().startsWith("./") ? entry.target().substring(2) : entry.target();
          if (seen.get(name) != Kind.FILE || isInfo(name)) {
            throw refused(
                entry.name(), "it is a link to `" + name + "`, which is no file before it");
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

    private void file(Entry entry, PackagePath path, InputStream in) throws IOException {
      if (path.sizeBytes() >= 0 && path.sizeBytes() != entry.sizeBytes()) {
        throw refused(
            entry.name(),
            "it has "
                + entry.sizeBytes()
                + " bytes, and the package's list says "
                + path.sizeBytes());
      }
      engine.reset();
      var hashing = new Hashing(in, engine);
      visitor.file(path, entry.mode(), entry.sizeBytes(), hashing);
      drain(hashing);
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
    private void checkTarget(Entry entry) {
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
        for (int slash = name.lastIndexOf('/');
            slash > 0;
            slash = name.lastIndexOf('/', slash - 1)) {
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
          throw refused(
              path.path(), "the package's list names it, but the archive does not have it");
        }
      }
    }
  }

  private final class Hashing extends InputStream {
    private final InputStream in;
    private final MessageDigest engine;
    private long count;

    Hashing(InputStream in, MessageDigest engine) {
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
        throw damaged(source, e);
      }
      if (read > 0) {
        engine.update(bytes, offset, read);
        count += read;
      }
      return read;
    }
  }

  /// A failure of this package.
  ///
  /// @param member the member it is about, or null for the whole archive
  /// @param why one sentence without full stop
  public ImageException refused(@Nullable String member, String why) {
    return ArchiveRefusal.of(source, member, why);
  }

  @Override
  public void close() {
    if (zip != null) {
      zip.close();
    }
    if (tar != null) {
      try {
        Files.deleteIfExists(tar);
      } catch (IOException e) {
        throw FoundationException.ofFile("a temporary file cannot be deleted", tar, e);
      }
    }
  }

  @Override
  public String toString() {
    return source;
  }
}

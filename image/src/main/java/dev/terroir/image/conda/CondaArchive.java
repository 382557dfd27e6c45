package dev.terroir.image.conda;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.ArchiveRefusal;
import dev.terroir.image.archive.ZipArchive;
import dev.terroir.image.archive.ZipMember;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
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
  /// Bytes of a file of `info` that is read; `paths.json` has about 300 for each path.
  private static final int MAX_INFO_BYTES = 256 << 20;

  private static final int BUFFER = 1 << 17;

  static final String INFO = "info/";
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
      return CondaTar.damaged(source, e);
    } catch (IOException disk) {
      return FoundationException.ofFile("a package archive cannot be read", file, disk);
    }
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
        var walk = new CondaTar(source, in, infoMember.packedSizeBytes());
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
  static void drain(InputStream in) throws IOException {
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
          CondaTar.checkTotal(source, null, total, size);
          out.write(buffer, 0, read);
        }
      }
      var files = new HashMap<String, byte[]>();
      var licenses = new ArrayList<String>();
      try (var in = plain(tar)) {
        var walk = new CondaTar(source, in, size);
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
      String source,
      CondaTar.Entry entry,
      CondaTar walk,
      Map<String, byte[]> files,
      List<String> licenses)
      throws IOException {
    if (entry.kind() != CondaTar.Kind.FILE) {
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
      new CondaReading(source, info, tar != null, visitor)
          .run(new CondaTar(source, in, packedBytes));
      drain(in);
    } catch (ZstdIOException e) {
      throw CondaTar.damaged(source, e);
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

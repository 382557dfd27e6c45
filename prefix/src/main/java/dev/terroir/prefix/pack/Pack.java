package dev.terroir.prefix.pack;

import com.github.luben.zstd.ZstdOutputStream;
import com.jcraft.jzlib.Deflater;
import com.jcraft.jzlib.GZIPOutputStream;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.prefix.PrefixException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// Writes conda environments as archives that run wherever they are unpacked.
///
/// ```sh
/// mkdir env && tar -xf env.tar.gz -C env && env/bin/terroir-unpack && . env/bin/activate
/// ```
///
/// The same environment gives the same bytes, wherever it lies. Byte-code is left out; Python makes
/// it anew.
///
/// @since 0.1
public final class Pack {
  /// 1980, before which some programs write no time.
  private static final long TIME_MILLIS = 315_532_800_000L;

  private static final int ZSTD_LEVEL = 6;
  private static final String UNPACK = "bin/terroir-unpack";
  private static final String ACTIVATE = "bin/activate";

  private Pack() {}

  /// How an archive is compressed.
  public enum Format {
    /// `.tar.gz` or `.tgz`.
    TAR_GZ,
    /// `.tar.zst`.
    TAR_ZST;

    /// The format that a file's name says.
    public static Optional<Format> ofName(Path file) {
      var name = file.getFileName().toString();
      if (name.endsWith(".tar.gz") || name.endsWith(".tgz")) {
        return Optional.of(TAR_GZ);
      }
      return name.endsWith(".tar.zst") ? Optional.of(TAR_ZST) : Optional.empty();
    }
  }

  /// What was written.
  ///
  /// @param file the archive
  /// @param files how many files and links it holds
  /// @param sizeBytes its size
  /// @param notes what is not as it was in the environment, a sentence each
  public record Packed(Path file, int files, long sizeBytes, List<String> notes) {
    /// Copies the list.
    public Packed {
      notes = List.copyOf(notes);
    }
  }

  /// Packs an environment into a file, which appears whole, in the format that its name says.
  ///
  /// @param prefix a conda environment, with or without what pip installed into it
  /// @param file replaced when it is there
  /// @throws PrefixException code `not-packable`
  public static Packed write(Path prefix, Path file) {
    return write(
        prefix,
        file,
        Format.ofName(file)
            .orElseThrow(() ->
                new PrefixException(
                    Problem.of(
                            PackCode.NOT_PACKABLE,
                            "the name `" + file.getFileName() + "` does not say how to pack")
                        .hint("name the archive `NAME.tar.gz` or `NAME.tar.zst`"))));
  }

  /// Packs an environment into a file, which appears whole.
  ///
  /// @param prefix a conda environment, with or without what pip installed into it
  /// @param file replaced when it is there
  /// @throws PrefixException code `not-packable`
  public static Packed write(Path prefix, Path file, Format format) {
    var target = file.toAbsolutePath().normalize();
    if (target.startsWith(prefix.toAbsolutePath().normalize())) {
      throw new PrefixException(
          Problem.of(PackCode.NOT_PACKABLE, "the archive would lie in the environment itself")
              .at(Place.of(target.toString()))
              .hint("write it to another folder"));
    }
    try {
      var files = PackedFiles.of(prefix);
      addPrograms(files);
      AtomicFiles.write(target, out -> archive(files, out, format));
      return new Packed(target, files.entries().size(), Files.size(target), files.notes());
    } catch (IOException e) {
      throw PackedFiles.unreadable(prefix, e);
    }
  }

  private static void addPrograms(PackedFiles files) {
    if (files.entries().containsKey(ACTIVATE)) {
      files.notes().add("`" + ACTIVATE + "` is a package's own");
    } else {
      files.add(ACTIVATE, activate(files.variables()), false);
    }
    files.add(UNPACK, resource("terroir-unpack.sh"), true);
    files.add(".terroir-pack.json", files.manifest(), false);
  }

  private static String activate(Map<String, String> variables) {
    var set = new StringBuilder();
    var unset = new StringBuilder();
    variables.forEach((name, value) -> {
      if (name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        set.append("export ").append(name).append("='");
        set.append(value.replace("'", "'\\''")).append("'\n");
        unset.append("  unset ").append(name).append('\n');
      }
    });
    return resource("activate.sh")
        .replace("@PREFIX@", PackedFiles.PLACEHOLDER)
        .replace("@SET@\n", set)
        .replace("@UNSET@\n", unset);
  }

  private static String resource(String name) {
    try (InputStream in = Pack.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not in the program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void archive(PackedFiles files, OutputStream out, Format format)
      throws IOException {
    // Closed here so that the compressed stream ends; the file's own stream is closed again by its
    // owner, which does no harm.
    try (var compressed = compressed(out, format);
        var tar = new TarArchiveOutputStream(compressed, StandardCharsets.UTF_8.name())) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      for (var item : files.entries().entrySet()) {
        entry(tar, item.getKey(), item.getValue());
      }
    }
  }

  private static OutputStream compressed(OutputStream out, Format format) throws IOException {
    var open =
        new java.io.FilterOutputStream(out) {
          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
          }

          @Override
          public void close() throws IOException {
            flush();
          }
        };
    return switch (format) {
      // Deflate in Java: a platform's zlib writes other bytes in each version.
      case TAR_GZ -> new GZIPOutputStream(open, new Deflater(6, 15 + 16), 1 << 16, true);
      case TAR_ZST -> new ZstdOutputStream(open, ZSTD_LEVEL);
    };
  }

  private static void entry(TarArchiveOutputStream tar, String path, PackedFiles.Entry item)
      throws IOException {
    var link = item.link();
    var bytes = item.bytes();
    var file = item.file();
    var entry =
        link != null
            ? new TarArchiveEntry(path, TarConstants.LF_SYMLINK)
            : new TarArchiveEntry(path);
    if (link != null) {
      entry.setLinkName(link);
    } else if (bytes != null) {
      entry.setSize(bytes.length);
    } else if (file != null) {
      entry.setSize(Files.size(file));
    }
    entry.setMode(link != null ? 0777 : item.isExecutable() ? 0755 : 0644);
    entry.setModTime(TIME_MILLIS);
    entry.setIds(0, 0);
    entry.setNames("root", "root");
    tar.putArchiveEntry(entry);
    if (bytes != null) {
      tar.write(bytes);
    } else if (file != null) {
      Files.copy(file, tar);
    }
    tar.closeArchiveEntry();
  }
}

package dev.terroir.samples;

import com.github.luben.zstd.ZstdInputStream;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;

/// Reads `info/` of packages, for indexing.
final class PackageReader {
  private PackageReader() {}

  static JsonObject index(Path archive) throws IOException {
    return JsonReader.parseObject(
        info(archive, "index.json")
            .orElseThrow(() -> new IOException(archive + " has no info/index.json")),
        archive.toString());
  }

  /// A file below `info/`, when it is there.
  static Optional<String> info(Path archive, String name) throws IOException {
    if (archive.toString().endsWith(".tar.bz2")) {
      try (var in = new BufferedInputStream(Files.newInputStream(archive));
          var bzip = new BZip2CompressorInputStream(in)) {
        return find(bzip, name);
      }
    }
    try (var zip = new ZipFile(archive.toFile())) {
      for (var entry : zip.stream().toList()) {
        if (entry.getName().startsWith("info-")) {
          try (var in = zip.getInputStream(entry);
              var zstd = new ZstdInputStream(in)) {
            return find(zstd, name);
          }
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> find(InputStream in, String name) throws IOException {
    try (var tar = new TarArchiveInputStream(in)) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.getName().equals("info/" + name)) {
          return Optional.of(new String(tar.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
    }
    return Optional.empty();
  }
}

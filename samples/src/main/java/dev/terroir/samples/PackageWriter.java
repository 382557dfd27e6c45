package dev.terroir.samples;

import com.github.luben.zstd.ZstdOutputStream;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;

/// Writes packages as conda-build lays them out.
final class PackageWriter {
  private static final long TIME = CondaSample.TIMESTAMP;
  private static final int LEVEL = 3;

  private PackageWriter() {}

  static void write(CondaSample.Builder parts, Path file, CondaFormat format) throws IOException {
    var info = info(parts);
    switch (format) {
      case TAR_BZ2 -> {
        try (var out = new BufferedOutputStream(Files.newOutputStream(file));
            var bzip = new BZip2CompressorOutputStream(out)) {
          var all = new ArrayList<>(info);
          all.addAll(parts.files.values());
          tar(all, bzip);
        }
      }
      case CONDA -> {
        var stem = parts.name + "-" + parts.version + "-" + parts.build;
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
          stored(
              zip,
              "metadata.json",
              "{\"conda_pkg_format_version\": 2}".getBytes(StandardCharsets.UTF_8));
          stored(zip, "pkg-" + stem + ".tar.zst", zstdTar(parts.files.values()));
          stored(zip, "info-" + stem + ".tar.zst", zstdTar(info));
        }
      }
    }
  }

  private static void stored(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    var crc = new CRC32();
    crc.update(bytes);
    var entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    entry.setTimeLocal(java.time.LocalDateTime.of(2023, 11, 14, 0, 0));
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  private static byte[] zstdTar(Collection<SampleFile> files) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zstd = new ZstdOutputStream(bytes, LEVEL)) {
      tar(files, zstd);
    }
    return bytes.toByteArray();
  }

  private static void tar(Collection<SampleFile> files, OutputStream out) throws IOException {
    var tar = new TarArchiveOutputStream(out, StandardCharsets.UTF_8.name());
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
    for (var file : files) {
      var entry =
          file.symlink() != null
              ? new TarArchiveEntry(file.path(), TarConstants.LF_SYMLINK, true)
              : file.hardlink() != null
                  ? new TarArchiveEntry(file.path(), TarConstants.LF_LINK, true)
                  : new TarArchiveEntry(file.path(), true);
      var link = file.symlink() != null ? file.symlink() : file.hardlink();
      var content = new byte[0];
      if (link != null) {
        entry.setLinkName(link);
      } else {
        content = file.content().bytes();
        entry.setSize(content.length);
      }
      entry.setMode(file.mode());
      entry.setModTime(TIME);
      entry.setIds(0, 0);
      entry.setNames("root", "root");
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
    tar.finish();
    tar.flush();
  }

  private static List<SampleFile> info(CondaSample.Builder parts) throws IOException {
    var texts = new LinkedHashMap<String, byte[]>();
    put(texts, "about.json", about(parts));
    texts.put("files", utf8(String.join("\n", parts.files.keySet()) + "\n"));
    var hasPrefix = new StringBuilder();
    for (var file : parts.files.values()) {
      if (file.placeholder() != null) {
        hasPrefix.append(file.placeholder() + (file.isBinary() ? " binary " : " text "));
        hasPrefix.append(file.path()).append('\n');
      }
    }
    if (!hasPrefix.isEmpty()) {
      texts.put("has_prefix", utf8(hasPrefix.toString()));
    }
    put(texts, "hash_input.json", JsonObject.EMPTY);
    put(texts, "index.json", parts.index.apply(index(parts)));
    texts.put("licenses/LICENSE", utf8("Under " + parts.license + ".\n"));
    if (parts.noarch != null) {
      put(texts, "link.json", link(parts));
    }
    put(texts, "paths.json", parts.paths.apply(paths(parts)));
    if (!parts.runExports.isEmpty()) {
      var exports = JsonObject.builder();
      parts.runExports.forEach(exports::put);
      put(texts, "run_exports.json", exports.build());
    }
    texts.putAll(parts.info);
    return texts.entrySet().stream()
        .map(text -> SampleFile.of("info/" + text.getKey(), text.getValue(), 0644))
        .toList();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void put(Map<String, byte[]> texts, String name, JsonObject json) {
    texts.put(name, utf8(JsonWriter.indented(json, 2) + "\n"));
  }

  private static JsonObject about(CondaSample.Builder parts) {
    return JsonObject.builder()
        .put("channels", List.of())
        .put("conda_build_version", "3.27.0")
        .put("conda_version", "23.9.0")
        .put("home", "")
        .put("license", parts.license)
        .put("license_file", "LICENSE")
        .put("summary", parts.summary)
        .build();
  }

  /// Also the record of repodata, but for what only the file tells.
  static JsonObject index(CondaSample.Builder parts) {
    var json = JsonObject.builder();
    json.put("arch", parts.subdir.endsWith("-64") ? "x86_64" : null);
    json.put("build", parts.build).put("build_number", parts.buildNumber);
    if (!parts.constrains.isEmpty()) {
      json.put("constrains", parts.constrains);
    }
    json.put("depends", parts.depends).put("license", parts.license).put("name", parts.name);
    if (parts.noarch != null) {
      json.put("noarch", parts.noarch);
    }
    json.put("platform", parts.noarch == null ? parts.subdir.replaceAll("-.*", "") : null);
    if (parts.sitePackagesPath != null) {
      json.put("python_site_packages_path", parts.sitePackagesPath);
    }
    json.put("subdir", parts.subdir).put("timestamp", parts.timestamp);
    if (parts.trackFeatures != null) {
      json.put("track_features", parts.trackFeatures);
    }
    return json.put("version", parts.version).build();
  }

  private static JsonObject link(CondaSample.Builder parts) {
    var noarch = JsonObject.builder();
    if (!parts.entryPoints.isEmpty()) {
      noarch.put("entry_points", parts.entryPoints);
    }
    return JsonObject.builder()
        .put("noarch", noarch.put("type", parts.noarch).build())
        .put("package_metadata_version", 1)
        .build();
  }

  /// Of links it tells what conda-build does: the digest of what they point to, when the package
  /// has it, and the length of the link's own text.
  private static JsonObject paths(CondaSample.Builder parts) throws IOException {
    var paths = new ArrayList<JsonValue>();
    for (var file : parts.files.values()) {
      var json = JsonObject.builder().put("_path", file.path());
      var symlink = file.symlink();
      var hardlink = file.hardlink();
      if (symlink != null) {
        var parent = Path.of(file.path()).getParent();
        var target = parent == null ? Path.of(symlink) : parent.resolve(symlink);
        json.put("path_type", "softlink")
            .put("sha256", Sha256.of(target(parts, target.normalize().toString())).hex())
            .put("size_in_bytes", utf8(symlink).length);
      } else {
        var bytes = hardlink != null ? target(parts, hardlink) : file.content().bytes();
        json.put("path_type", "hardlink");
        if (file.placeholder() != null) {
          json.put("file_mode", file.isBinary() ? "binary" : "text")
              .put("prefix_placeholder", file.placeholder());
        }
        json.put("sha256", Sha256.of(bytes).hex()).put("size_in_bytes", bytes.length);
      }
      paths.add(json.build());
    }
    return JsonObject.builder()
        .put("paths", new JsonValue.JsonArray(paths))
        .put("paths_version", 1)
        .build();
  }

  private static byte[] target(CondaSample.Builder parts, String path) throws IOException {
    var file = parts.files.get(path);
    for (int hops = 0; file != null && file.symlink() != null && hops < 8; hops++) {
      var parent = Path.of(file.path()).getParent();
      var next = parent == null ? Path.of(file.symlink()) : parent.resolve(file.symlink());
      file = parts.files.get(next.normalize().toString());
    }
    return file == null ? new byte[0] : file.content().bytes();
  }
}

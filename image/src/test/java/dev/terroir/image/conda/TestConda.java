package dev.terroir.image.conda;

import com.github.luben.zstd.ZstdOutputStream;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.CondaPackage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.jspecify.annotations.Nullable;

/// Writes conda packages, good and bad. What is not said otherwise is as conda-build has it.
public final class TestConda {
  private final String name;
  private final String version;
  private final String build;
  private final List<Member> members = new ArrayList<>();
  private final TreeMap<String, byte[]> info = new TreeMap<>();
  private final TreeMap<String, JsonObject> paths = new TreeMap<>();
  private final TreeMap<String, byte[]> contents = new TreeMap<>();
  private JsonObject index;
  private boolean isOld;
  private String left = "";
  private UnaryOperator<List<String>> zipNames = names -> names;

  private record Member(String path, byte type, int mode, byte[] content, String target) {}

  private TestConda(String name, String version, String build) {
    this.name = name;
    this.version = version;
    this.build = build;
    this.index =
        JsonObject.builder()
            .put("name", name)
            .put("version", version)
            .put("build", build)
            .put("build_number", 0)
            .put("depends", List.of())
            .put("license", "MIT")
            .put("subdir", "linux-64")
            .build();
  }

  /// A package of a name, version 1.0.
  public static TestConda named(String name) {
    return new TestConda(name, "1.0", "0");
  }

  /// A package.
  public static TestConda of(String name, String version, String build) {
    return new TestConda(name, version, build);
  }

  /// More or other fields of `info/index.json`.
  public TestConda index(UnaryOperator<JsonObject.Builder> change) {
    index = change.apply(index.toBuilder()).build();
    return this;
  }

  /// A `noarch: python` package with entry points.
  public TestConda noarchPython(String... entryPoints) {
    index(it -> it.put("noarch", "python").put("subdir", "noarch"));
    return info(
        "link.json",
        JsonWriter.compact(
            JsonObject.builder()
                .put("package_metadata_version", 1)
                .put(
                    "noarch",
                    JsonObject.builder()
                        .put("type", "python")
                        .put("entry_points", List.of(entryPoints))
                        .build())
                .build()));
  }

  /// A `noarch: generic` package.
  public TestConda noarch() {
    return index(it -> it.put("noarch", "generic").put("subdir", "noarch"));
  }

  /// What it needs.
  public TestConda needs(String... specs) {
    return index(it -> it.put("depends", List.of(specs)));
  }

  /// A file of `info`, in the place of what would be written.
  public TestConda info(String file, String content) {
    info.put("info/" + file, content.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /// Leaves a file of `info` out.
  public TestConda without(String file) {
    left = "info/" + file;
    return this;
  }

  /// The lists that packages had before `paths.json`.
  public TestConda old() {
    isOld = true;
    return this;
  }

  /// A file.
  public TestConda file(String path, String content) {
    return file(path, 0644, content.getBytes(StandardCharsets.UTF_8));
  }

  /// A file with a mode.
  public TestConda file(String path, int mode, byte[] content) {
    members.add(new Member(path, TarConstants.LF_NORMAL, mode, content, ""));
    contents.put(path, content);
    return listed(path, "hardlink", content, it -> it);
  }

  /// A file in which a folder is replaced.
  public TestConda prefixed(String path, String mode, String placeholder, byte[] content) {
    members.add(new Member(path, TarConstants.LF_NORMAL, 0755, content, ""));
    return listed(
        path,
        "hardlink",
        content,
        it -> it.put("file_mode", mode).put("prefix_placeholder", placeholder));
  }

  /// A symbolic link.
  public TestConda link(String path, String target) {
    members.add(new Member(path, TarConstants.LF_SYMLINK, 0777, new byte[0], target));
    return listed(path, "softlink", new byte[0], it -> it);
  }

  /// Another name of a file.
  public TestConda hardLink(String path, String target) {
    members.add(new Member(path, TarConstants.LF_LINK, 0644, new byte[0], target));
    return listed(path, "hardlink", contents.getOrDefault(target, new byte[0]), it -> it);
  }

  /// A member that the list does not name.
  public TestConda unlisted(String path, byte type, String target) {
    members.add(new Member(path, type, 0644, new byte[0], target));
    return this;
  }

  /// Changes what the list says of a path; null takes it out.
  public TestConda relist(String path, UnaryOperator<JsonObject.@Nullable Builder> change) {
    var builder = change.apply(paths.getOrDefault(path, JsonObject.EMPTY).toBuilder());
    if (builder == null) {
      paths.remove(path);
    } else {
      paths.put(path, builder.put("_path", path).build());
    }
    return this;
  }

  /// Changes which members the zip archive has; `x` becomes a small file.
  public TestConda zip(UnaryOperator<List<String>> names) {
    zipNames = names;
    return this;
  }

  private TestConda listed(
      String path, String type, byte[] content, UnaryOperator<JsonObject.Builder> more) {
    paths.put(
        path,
        more.apply(
                JsonObject.builder()
                    .put("_path", path)
                    .put("path_type", type)
                    .put("sha256", Sha256.of(content).hex())
                    .put("size_in_bytes", content.length))
            .build());
    return this;
  }

  /// Its file name's stem.
  public String stem() {
    return name + "-" + version + "-" + build;
  }

  /// Writes it.
  ///
  /// @param extension `.conda` or `.tar.bz2`
  public Path write(Path folder, String extension) {
    try {
      Files.createDirectories(folder);
      var file = folder.resolve(stem() + extension);
      if (extension.equals(".conda")) {
        writeZip(file);
      } else {
        try (var out = Files.newOutputStream(file);
            var bzip2 = new BZip2CompressorOutputStream(out)) {
          tar(bzip2, infoMembers(), members);
        }
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Member> infoMembers() {
    info.putIfAbsent("info/index.json", bytes(JsonWriter.compact(index)));
    if (isOld) {
      info.put("info/files", bytes(String.join("\n", paths.keySet()) + "\n"));
    } else {
      info.putIfAbsent(
          "info/paths.json",
          bytes(
              JsonWriter.compact(
                  JsonObject.builder()
                      .put("paths_version", 1)
                      .put("paths", new JsonValue.JsonArray(List.copyOf(paths.values())))
                      .build())));
    }
    return info.entrySet().stream()
        .filter(it -> !it.getKey().equals(left))
        .map(it -> new Member(it.getKey(), TarConstants.LF_NORMAL, 0644, it.getValue(), ""))
        .toList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void writeZip(Path file) throws IOException {
    var parts =
        Map.of(
            "metadata.json",
            bytes("{\"conda_pkg_format_version\": 2}"),
            "info-" + stem() + ".tar.zst",
            zstd(infoMembers()),
            "pkg-" + stem() + ".tar.zst",
            zstd(members));
    var names =
        zipNames.apply(
            List.of("metadata.json", "info-" + stem() + ".tar.zst", "pkg-" + stem() + ".tar.zst"));
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (var member : names) {
        var content = parts.getOrDefault(member, bytes("x"));
        var entry = new ZipEntry(member);
        var crc = new CRC32();
        crc.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
      }
    }
  }

  @SafeVarargs
  private static byte[] zstd(List<Member>... parts) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var compressed = new ZstdOutputStream(out)) {
      tar(compressed, parts);
    }
    return out.toByteArray();
  }

  @SafeVarargs
  private static void tar(OutputStream out, List<Member>... parts) throws IOException {
    var tar = new TarArchiveOutputStream(out, "UTF-8");
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    for (var part : parts) {
      for (var member : part) {
        var entry = new TarArchiveEntry(member.path(), member.type(), true);
        entry.setMode(member.mode());
        entry.setLinkName(member.target());
        entry.setSize(member.content().length);
        tar.putArchiveEntry(entry);
        tar.write(member.content());
        tar.closeArchiveEntry();
      }
    }
    tar.finish();
  }

  /// Writes it and makes what a lock says of it.
  public CondaPackage locked(Path folder, String extension) {
    var file = write(folder, extension);
    try {
      var bytes = Files.readAllBytes(file);
      var subdir = index.string("subdir");
      return new CondaPackage(
          name,
          version,
          build,
          index.longValue("build_number"),
          subdir,
          "https://channel.example/" + "samples",
          file.toUri().toString(),
          Sha256.of(bytes).hex(),
          HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes)),
          bytes.length,
          index.strings("depends"),
          List.of(),
          index.optionalString("noarch").orElse(null),
          index.optionalString("python_site_packages_path").orElse(null),
          index.optionalString("license").orElse(null),
          -1,
          List.of(),
          List.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}

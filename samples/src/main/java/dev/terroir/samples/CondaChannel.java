package dev.terroir.samples;

import com.github.luben.zstd.Zstd;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;

/// A conda channel in a folder. For one thread.
///
/// @since 0.1
public final class CondaChannel {
  private final Path directory;
  private final Map<String, UnaryOperator<JsonObject>> patches = new LinkedHashMap<>();

  private CondaFormat format = CondaFormat.CONDA;

  private CondaChannel(Path directory) {
    this.directory = directory;
  }

  /// The channel in a folder, which is made when it is not there.
  public static CondaChannel at(Path directory) throws IOException {
    Files.createDirectories(directory.resolve("noarch"));
    Files.createDirectories(directory.resolve("linux-64"));
    return new CondaChannel(directory);
  }

  /// Where it lies.
  public Path directory() {
    return directory;
  }

  /// Its `file://` address, without a slash at the end.
  public URI url() {
    var text = directory.toAbsolutePath().toUri().toString();
    return URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
  }

  /// Writes a package into it.
  public CondaChannel add(CondaSample sample, CondaFormat format) throws IOException {
    sample.write(directory.resolve(sample.subdir()), format);
    return this;
  }

  /// Writes a package into it, as `.conda` unless another format was chosen.
  public CondaChannel add(CondaSample.Builder sample) throws IOException {
    return add(sample.build(), format);
  }

  /// Chooses the format of packages that are added from now on.
  public CondaChannel writing(CondaFormat format) {
    this.format = format;
    return this;
  }

  /// Copies an existing package into its platform folder.
  public CondaChannel add(Path archive) throws IOException {
    var subdir = PackageReader.index(archive).string("subdir");
    Files.createDirectories(directory.resolve(subdir));
    Files.copy(
        archive,
        directory.resolve(subdir).resolve(archive.getFileName()),
        StandardCopyOption.REPLACE_EXISTING);
    return this;
  }

  /// Where a package of it lies.
  ///
  /// @throws IOException if it is not there
  public Path find(String fileName) throws IOException {
    for (var subdir : subdirs()) {
      if (Files.exists(directory.resolve(subdir).resolve(fileName))) {
        return directory.resolve(subdir).resolve(fileName);
      }
    }
    throw new IOException(directory + " has no " + fileName);
  }

  /// Changes the record of a package in every repodata written from now on, for channels that patch
  /// or lie.
  public CondaChannel patch(String fileName, UnaryOperator<JsonObject> change) {
    patches.put(fileName, change);
    return this;
  }

  /// Writes the repodata of what is there, all forms unless some are named, and `run_exports.json`.
  /// Forms that are not named are removed.
  public CondaChannel index(RepodataForm... forms) throws IOException {
    var wanted = forms.length == 0 ? List.of(RepodataForm.values()) : Arrays.asList(forms);
    for (var subdir : subdirs()) {
      index(subdir, wanted);
    }
    return this;
  }

  private List<String> subdirs() throws IOException {
    try (var list = Files.list(directory)) {
      return list.filter(Files::isDirectory)
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  private void index(String subdir, List<RepodataForm> forms) throws IOException {
    var folder = directory.resolve(subdir);
    var records = new TreeMap<String, JsonObject>();
    var exports = new TreeMap<String, JsonObject>();
    List<Path> files;
    try (var list = Files.list(folder)) {
      files = list.sorted().toList();
    }
    for (var file : files) {
      var name = file.getFileName().toString();
      if (name.endsWith(".conda") || name.endsWith(".tar.bz2")) {
        records.put(name, record(file));
        PackageReader.info(file, "run_exports.json")
            .ifPresent(json -> exports.put(name, JsonReader.parseObject(json, name)));
      }
    }
    var text = JsonWriter.indented(repodata(subdir, records), 1) + "\n";
    write(folder.resolve("repodata.json"), utf8(text), forms.contains(RepodataForm.JSON));
    write(
        folder.resolve("repodata.json.zst"),
        Zstd.compress(utf8(text), 3),
        forms.contains(RepodataForm.ZST));
    write(folder.resolve("repodata.json.bz2"), bzip2(utf8(text)), forms.contains(RepodataForm.BZ2));
    write(
        folder.resolve("current_repodata.json"),
        utf8(JsonWriter.indented(repodata(subdir, newest(records)), 1) + "\n"),
        forms.contains(RepodataForm.CURRENT));
    shards(subdir, folder, records, forms.contains(RepodataForm.SHARDED));
    var exported = new TreeMap<String, JsonObject>();
    exports.forEach(
        (name, json) -> exported.put(name, JsonObject.builder().put("run_exports", json).build()));
    write(
        folder.resolve("run_exports.json"),
        utf8(JsonWriter.indented(repodata(subdir, exported), 1) + "\n"),
        true);
  }

  private JsonObject record(Path file) throws IOException {
    var name = file.getFileName().toString();
    var record =
        PackageReader.index(file).toBuilder()
            .put("md5", md5(file))
            .put("sha256", Sha256.of(file).hex())
            .put("size", Files.size(file))
            .build();
    return patches.getOrDefault(name, UnaryOperator.identity()).apply(record);
  }

  private static JsonObject repodata(String subdir, Map<String, JsonObject> records) {
    return JsonObject.builder()
        .put("info", JsonObject.builder().put("subdir", subdir).build())
        .put("packages", ofFormat(records, CondaFormat.TAR_BZ2))
        .put("packages.conda", ofFormat(records, CondaFormat.CONDA))
        .put("removed", List.of())
        .put("repodata_version", 1)
        .build();
  }

  private static JsonObject ofFormat(Map<String, JsonObject> records, CondaFormat format) {
    var json = JsonObject.builder();
    records.forEach((name, record) -> {
      if (name.endsWith(format.suffix())) {
        json.put(name, record);
      }
    });
    return json.build();
  }

  private static Map<String, JsonObject> newest(Map<String, JsonObject> records) {
    var versions = new TreeMap<String, String>();
    for (var record : records.values()) {
      versions.merge(
          record.string("name"), record.string("version"), (a, b) -> compare(a, b) >= 0 ? a : b);
    }
    var kept = new TreeMap<>(records);
    kept.values()
        .removeIf(record -> !record.string("version").equals(versions.get(record.string("name"))));
    return kept;
  }

  /// Order of plain versions; samples have no others.
  private static int compare(String left, String right) {
    var a = left.split("[^0-9]+");
    var b = right.split("[^0-9]+");
    for (int i = 0; i < Math.min(a.length, b.length); i++) {
      var order =
          new java.math.BigInteger("0" + a[i]).compareTo(new java.math.BigInteger("0" + b[i]));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(a.length, b.length);
  }

  private static void shards(
      String subdir, Path folder, Map<String, JsonObject> records, boolean isWanted)
      throws IOException {
    var shards = folder.resolve("shards");
    var index = folder.resolve("repodata_shards.msgpack.zst");
    if (Files.exists(shards)) {
      dev.terroir.foundation.file.Trees.delete(shards);
    }
    if (!isWanted) {
      Files.deleteIfExists(index);
      return;
    }
    Files.createDirectories(shards);
    var byName = new TreeMap<String, Map<String, JsonObject>>();
    records.forEach((file, record) ->
        byName.computeIfAbsent(record.string("name"), _ -> new TreeMap<>()).put(file, record));
    var digests = new TreeMap<String, String>();
    for (var shard : byName.entrySet()) {
      var json =
          JsonObject.builder()
              .put("packages", ofFormat(shard.getValue(), CondaFormat.TAR_BZ2))
              .put("packages.conda", ofFormat(shard.getValue(), CondaFormat.CONDA))
              .put("removed", new JsonValue.JsonArray(new ArrayList<>()))
              .build();
      var bytes = Zstd.compress(MessagePack.of(json), 3);
      var digest = Sha256.of(bytes).hex();
      Files.write(shards.resolve(digest + ".msgpack.zst"), bytes);
      digests.put(shard.getKey(), digest);
    }
    var info =
        JsonObject.builder()
            .put("base_url", "./")
            .put("shards_base_url", "./shards/")
            .put("subdir", subdir)
            .build();
    Files.write(index, Zstd.compress(MessagePack.index(info, digests), 3));
  }

  private static void write(Path file, byte[] bytes, boolean isWanted) throws IOException {
    if (isWanted) {
      Files.write(file, bytes);
    } else {
      Files.deleteIfExists(file);
    }
  }

  private static byte[] bzip2(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var bzip = new BZip2CompressorOutputStream(out)) {
      bzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String md5(Path file) throws IOException {
    try {
      var engine = MessageDigest.getInstance("MD5");
      return HexFormat.of().formatHex(engine.digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has MD5", e);
    }
  }
}

package dev.terroir.image.archive;

import dev.terroir.foundation.digest.Sha256;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Builds wheels. What is not said is as a sound wheel has it.
public final class TestWheel {
  private final String name;
  private final String version;
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final Map<String, Consumer<TestZip.Entry>> changes = new TreeMap<>();
  private final Set<String> stored = new HashSet<>();
  private final Set<String> unlisted = new HashSet<>();
  private final Set<String> folders = new HashSet<>();
  private final Map<String, String> hashes = new TreeMap<>();
  private String recordSuffix = "";
  private boolean isWithoutDefaults;

  private TestWheel(String name, String version) {
    this.name = name;
    this.version = version;
  }

  public static TestWheel of(String name, String version) {
    return new TestWheel(name, version);
  }

  public TestWheel file(String path, String content) {
    return file(path, content.getBytes(StandardCharsets.UTF_8));
  }

  public TestWheel file(String path, byte[] content) {
    files.put(path, content);
    return this;
  }

  /// A file that is not compressed.
  public TestWheel stored(String path, byte[] content) {
    stored.add(path);
    return file(path, content);
  }

  public TestWheel folder(String path) {
    folders.add(path);
    return this;
  }

  public TestWheel executable(String path) {
    changes.put(path, entry -> entry.mode = 0100755);
    return this;
  }

  public TestWheel change(String path, Consumer<TestZip.Entry> change) {
    changes.put(path, change);
    return this;
  }

  /// Leaves a file out of RECORD.
  public TestWheel unlisted(String path) {
    unlisted.add(path);
    return this;
  }

  /// Writes another digest to RECORD, such as `sha256=…`.
  public TestWheel hash(String path, String digest) {
    hashes.put(path, digest);
    return this;
  }

  /// Adds lines to RECORD.
  public TestWheel recordLines(String lines) {
    recordSuffix = lines;
    return this;
  }

  /// Adds a file to the metadata.
  public TestWheel metadata(String file, String content) {
    return file(distInfo() + "/" + file, content);
  }

  /// Leaves METADATA and WHEEL out unless they are given.
  public TestWheel withoutDefaults() {
    isWithoutDefaults = true;
    return this;
  }

  public String distInfo() {
    return name + "-" + version + ".dist-info";
  }

  /// The archive as fields that can still be changed.
  public TestZip zip() {
    var all = new LinkedHashMap<>(files);
    if (!isWithoutDefaults) {
      all.putIfAbsent(
          distInfo() + "/METADATA",
          ("Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n")
              .getBytes(StandardCharsets.UTF_8));
      all.putIfAbsent(
          distInfo() + "/WHEEL",
          "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
              .getBytes(StandardCharsets.UTF_8));
    }
    var record = new StringBuilder();
    all.forEach((path, content) -> {
      if (!unlisted.contains(path)) {
        var engine = Sha256.engine();
        var row = WheelRecord.row(path, engine.digest(content), content.length).toString();
        var digest = hashes.get(path);
        record
            .append(digest == null ? row : path + "," + digest + "," + content.length)
            .append('\n');
      }
    });
    record.append(distInfo()).append("/RECORD,,\n").append(recordSuffix);
    all.put(distInfo() + "/RECORD", record.toString().getBytes(StandardCharsets.UTF_8));
    var zip = new TestZip();
    folders.stream().sorted().forEach(zip::folder);
    all.forEach((path, content) -> {
      Consumer<TestZip.Entry> change = changes.getOrDefault(path, _ -> {});
      if (stored.contains(path)) {
        zip.stored(path, content, change);
      } else {
        zip.file(path, content, change);
      }
    });
    return zip;
  }

  /// Writes it into a folder, under a wheel's file name.
  public Path write(Path folder) {
    return zip().write(folder.resolve(name + "-" + version + "-py3-none-any.whl"));
  }
}

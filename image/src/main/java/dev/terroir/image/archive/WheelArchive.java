package dev.terroir.image.archive;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.DistributionVersion;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A wheel: a zip archive whose members are listed with their digests in its RECORD, no member more
/// and no row more. Opening it checks everything but the contents; those are checked as they are
/// read.
///
/// For one thread; [#close] it.
///
/// Spec: Python packaging, "Binary distribution format".
///
/// @since 0.1
public final class WheelArchive implements AutoCloseable {
  /// Bytes of `WHEEL` and `entry_points.txt`; real ones have a few hundred.
  private static final int MAX_METADATA_BYTES = 1 << 20;

  /// Bytes of `RECORD`: 150 for each member that may be.
  private static final int MAX_RECORD_BYTES = 32 << 20;

  private static final Pattern DIST_INFO = Pattern.compile("([^/]+)-([^-/]+)\\.dist-info");

  /// Files that RECORD need not list: itself and its signatures.
  private static final Set<String> UNLISTED = Set.of("RECORD", "RECORD.jws", "RECORD.p7s");

  /// The places that files of the data folder go to.
  private static final Set<String> SCHEMES =
      Set.of("purelib", "platlib", "headers", "scripts", "data");

  private final ZipArchive zip;
  private final String name;
  private final String version;
  private final String distInfo;
  private final boolean isPurelib;
  private final Map<String, WheelRecord.Row> rows;
  private final EntryPoints entryPoints;
  private final MessageDigest sha256 = Sha256.engine();

  private WheelArchive(ZipArchive zip) {
    this.zip = zip;
    var matcher = DIST_INFO.matcher(onlyDistInfo(zip));
    if (!matcher.matches()) {
      throw zip.refused(null, "its folder `.dist-info` is not named `{name}-{version}.dist-info`");
    }
    this.name = DistributionName.normalized(matcher.group(1));
    this.version = matcher.group(2);
    this.distInfo = matcher.group();
    metadata("METADATA");
    this.isPurelib = readWheel(metadata("WHEEL"));
    this.rows = readRecord(metadata("RECORD"));
    checkData();
    this.entryPoints =
        zip.find(distInfo + "/entry_points.txt")
            .map(member -> EntryPoints.parse(zip.source(), zip.text(member, MAX_METADATA_BYTES)))
            .orElse(new EntryPoints(List.of()));
  }

  /// Opens a wheel.
  ///
  /// @throws ImageException code `invalid-archive`
  public static WheelArchive open(Path file) {
    return open(file, String.valueOf(file.getFileName()));
  }

  /// The same, for a wheel whose file has another name than people know it by.
  ///
  /// @param source how messages name it
  public static WheelArchive open(Path file, String source) {
    var zip = ZipArchive.open(file, source);
    try {
      return new WheelArchive(zip);
    } catch (RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  /// The text of its `METADATA`.
  public String metadata() {
    return zip.text(metadata("METADATA"), MAX_METADATA_BYTES);
  }

  private static String onlyDistInfo(ZipArchive zip) {
    var found = new TreeSet<String>();
    for (var member : zip.members()) {
      int slash = member.name().indexOf('/');
      var top = slash < 0 ? member.name() : member.name().substring(0, slash);
      if (top.endsWith(".dist-info") && (slash > 0 || member.isFolder())) {
        found.add(top);
      }
    }
    if (found.size() != 1) {
      throw zip.refused(
          null, "it has " + found.size() + " folders `.dist-info` and must have one: " + found);
    }
    return found.first();
  }

  private ZipMember metadata(String file) {
    return zip.find(distInfo + "/" + file)
        .orElseThrow(() -> zip.refused(distInfo + "/" + file, "it is missing"));
  }

  private boolean readWheel(ZipMember member) {
    var values = new HashMap<String, String>();
    zip.text(member, MAX_METADATA_BYTES)
        .lines()
        .forEach(line -> {
          int colon = line.indexOf(':');
          if (colon > 0) {
            values.putIfAbsent(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
          }
        });
    var format = values.getOrDefault("Wheel-Version", "");
    if (!format.matches("1\\.[0-9]{1,3}")) {
      throw zip.refused(
          member.name(), "its Wheel-Version is `" + format + "`; Terroir reads version 1");
    }
    var purelib = values.getOrDefault("Root-Is-Purelib", "");
    if (!purelib.equalsIgnoreCase("true") && !purelib.equalsIgnoreCase("false")) {
      throw zip.refused(
          member.name(), "its Root-Is-Purelib is `" + purelib + "`, not `true` or `false`");
    }
    return purelib.equalsIgnoreCase("true");
  }

  private Map<String, WheelRecord.Row> readRecord(ZipMember member) {
    var record = WheelRecord.parse(zip.source(), zip.text(member, MAX_RECORD_BYTES));
    Map<String, WheelRecord.Row> byPath = HashMap.newHashMap(record.rows().size());
    for (var row : record.rows()) {
      var earlier = byPath.put(row.path(), row);
      if (earlier != null && !earlier.equals(row)) {
        throw zip.refused(member.name(), "`" + row.path() + "` is listed twice, differently");
      }
    }
    int listed = 0;
    for (var file : zip.members()) {
      if (file.isFolder()) {
        continue;
      }
      var row = byPath.get(file.name());
      if (isUnlisted(file)) {
        listed += row == null ? 0 : 1;
        continue;
      }
      if (row == null) {
        throw zip.refused(file.name(), "RECORD does not list it");
      }
      if (!row.isStrong()) {
        throw zip.refused(
            file.name(),
            row.algorithm() == null
                ? "RECORD has no digest of it"
                : "RECORD has only its " + row.algorithm() + "; it must be sha256 or better");
      }
      if (row.sizeBytes() >= 0 && row.sizeBytes() != file.sizeBytes()) {
        throw zip.refused(
            file.name(),
            "it has " + file.sizeBytes() + " bytes, and RECORD says " + row.sizeBytes());
      }
      listed++;
    }
    if (listed != byPath.size()) {
      byPath.keySet().stream()
          .filter(path -> zip.find(path).isEmpty())
          .sorted()
          .findFirst()
          .ifPresent(path -> {
            throw zip.refused(path, "RECORD lists it, but the archive does not have it");
          });
    }
    return byPath;
  }

  private boolean isUnlisted(ZipMember member) {
    return member.name().startsWith(distInfo + "/")
        && UNLISTED.contains(member.name().substring(distInfo.length() + 1));
  }

  /// Readers disagree about a data folder of another name, so there is only the one.
  private void checkData() {
    for (var member : zip.members()) {
      var path = member.name();
      int slash = path.indexOf('/');
      var top = slash < 0 ? path : path.substring(0, slash);
      if (!top.endsWith(".data")) {
        continue;
      }
      if (!top.equals(dataFolder())) {
        throw zip.refused(path, "the data folder of this wheel is `" + dataFolder() + "`");
      }
      if (slash < 0) {
        continue;
      }
      int next = path.indexOf('/', slash + 1);
      var scheme = path.substring(slash + 1, next < 0 ? path.length() : next);
      if (!SCHEMES.contains(scheme) || (next < 0 && !member.isFolder())) {
        throw zip.refused(path, "`" + scheme + "` is no folder of " + new TreeSet<>(SCHEMES));
      }
    }
  }

  /// The project's normalised name.
  public String name() {
    return name;
  }

  /// The version as its folder `.dist-info` spells it.
  public String version() {
    return version;
  }

  /// Whether the wheel is the one of a project and version, in any spelling.
  public boolean isOf(String project, String projectVersion) {
    return name.equals(DistributionName.normalized(project))
        && DistributionVersion.isSame(version, projectVersion);
  }

  /// Name of its folder of metadata.
  public String distInfo() {
    return distInfo;
  }

  /// Name of the folder whose files are spread over the environment; it need not be there.
  public String dataFolder() {
    return distInfo.substring(0, distInfo.length() - ".dist-info".length()) + ".data";
  }

  /// Whether its files go to `purelib`; they lie together with `platlib` in every environment here.
  public boolean isPurelib() {
    return isPurelib;
  }

  /// The scripts it asks for.
  public EntryPoints entryPoints() {
    return entryPoints;
  }

  /// Its members.
  public ZipArchive zip() {
    return zip;
  }

  /// What RECORD says about a member; empty for RECORD itself and its signatures.
  public Optional<WheelRecord.Row> row(ZipMember member) {
    return isUnlisted(member) ? Optional.empty() : Optional.ofNullable(rows.get(member.name()));
  }

  /// Reads one member and checks it as [ZipArchive#read] does and against RECORD.
  ///
  /// @throws ImageException code `invalid-archive`
  public void read(ZipMember member, ZipArchive.Sink sink) throws IOException {
    var row = row(member).orElse(null);
    if (row == null) {
      zip.read(member, sink);
      return;
    }
    var engine = "sha256".equals(row.algorithm()) ? sha256 : row.engine();
    engine.reset();
    zip.read(member, new Hashing(engine, sink));
    if (!row.matches(engine.digest(), member.sizeBytes())) {
      throw zip.refused(member.name(), "its " + row.algorithm() + " is not the one in RECORD");
    }
  }

  private record Hashing(MessageDigest engine, ZipArchive.Sink sink) implements ZipArchive.Sink {
    @Override
    public void packed(byte[] bytes, int offset, int length) throws IOException {
      sink.packed(bytes, offset, length);
    }

    @Override
    public void content(byte[] bytes, int offset, int length) throws IOException {
      engine.update(bytes, offset, length);
      sink.content(bytes, offset, length);
    }
  }

  /// Reads every file and checks it.
  ///
  /// @throws ImageException code `invalid-archive`
  public void verify() throws IOException {
    for (var member : zip.members()) {
      if (!member.isFolder()) {
        read(member, (_, _, _) -> {});
      }
    }
  }

  @Override
  public void close() {
    zip.close();
  }

  @Override
  public String toString() {
    return zip.source();
  }

  /// A failure of this wheel.
  public ImageException refused(@Nullable String member, String why) {
    return zip.refused(member, why);
  }
}

package dev.terroir.image.layer;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.archive.ArchivePath;
import dev.terroir.image.archive.EntryPoints;
import dev.terroir.image.archive.WheelArchive;
import dev.terroir.image.archive.WheelRecord;
import dev.terroir.image.archive.ZipMember;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which files of a wheel lie where in an image, and the files that installing it adds. What it
/// says is what `uv pip install` makes, but for the installer's name, the interpreter in scripts,
/// and byte-code.
///
/// Immutable; valid while the wheel is open.
///
/// Spec: Python packaging, "Binary distribution format", "Installing a wheel distribution";
/// "Recording installed projects".
final class WheelContent {
  /// Text scripts whose first line is rewritten are held in memory; real ones have a few kilobytes.
  private static final int MAX_SCRIPT_BYTES = 16 << 20;

  /// A module larger than this gets no byte-code: the interpreter would need gigabytes.
  private static final long MAX_MODULE_BYTES = 16L << 20;

  /// Files of `.dist-info` that tell how this environment came by the package: never the wheel's.
  private static final Set<String> OURS =
      Set.of("RECORD", "INSTALLER", "REQUESTED", "direct_url.json");

  private static final byte[] SCRIPT_START = "#!python".getBytes(StandardCharsets.US_ASCII);
  private static final Pattern INTERPRETER = Pattern.compile("python[0-9.]*");

  /// A file or folder of the image.
  sealed interface Entry {
    /// Where it lies, relative to `/`.
    String path();
  }

  /// A member of the wheel.
  ///
  /// @param row its row in the environment's RECORD, or null when it has none
  /// @param module how the code of a module names its file when it is compiled, or null
  record File(
      String path,
      ZipMember member,
      boolean isExecutable,
      WheelRecord.@Nullable Row row,
      @Nullable String module)
      implements Entry {}

  /// A file that installing adds or changes.
  @SuppressWarnings("ArrayRecordComponent") // handed on once and never compared
  record Made(String path, boolean isExecutable, byte[] content, WheelRecord.Row row)
      implements Entry {}

  /// A folder with nothing in it.
  record Folder(String path) implements Entry {}

  private final WheelArchive wheel;
  private final Placement placement;
  private final String root;
  private final String site;
  private final TreeMap<String, Entry> entries = new TreeMap<>(ArchivePath::compare);

  private WheelContent(WheelArchive wheel, Placement placement) {
    this.wheel = wheel;
    this.placement = placement;
    this.root = placement.prefix().substring(1) + "/";
    this.site = placement.sitePackages() + "/";
  }

  /// Lays a wheel out.
  ///
  /// @throws dev.terroir.image.ImageException code `invalid-archive`
  static WheelContent of(WheelArchive wheel, Placement placement, LayerPackage item) {
    var content = new WheelContent(wheel, placement);
    content.placeMembers();
    content.placeFolders();
    content.addScripts();
    content.addMetadata(item);
    content.leaveOutStaleByteCode();
    return content;
  }

  /// The entries in order, without RECORD and byte-code.
  Collection<Entry> entries() {
    return entries.values();
  }

  /// Where RECORD lies.
  String recordPath() {
    return root + site + wheel.distInfo() + "/RECORD";
  }

  /// RECORD's content.
  ///
  /// @param byteCode paths of compiled modules in the image
  byte[] record(Collection<String> byteCode) {
    var rows = new TreeMap<String, WheelRecord.Row>(ArchivePath::compare);
    for (var entry : entries.values()) {
      var row =
          switch (entry) {
            case File file -> file.row();
            case Made made -> made.row();
            case Folder _ -> null;
          };
      if (row != null) {
        rows.put(row.path(), row);
      }
    }
    for (var path : byteCode) {
      var relative = relative(path.substring(root.length()));
      rows.put(relative, new WheelRecord.Row(relative, null, null, -1));
    }
    var itself = wheel.distInfo() + "/RECORD";
    rows.put(itself, new WheelRecord.Row(itself, null, null, -1));
    return new WheelRecord(List.copyOf(rows.values())).toString().getBytes(StandardCharsets.UTF_8);
  }

  /// Where the byte-code of a module lies.
  static String byteCodePath(String module, String pythonVersion) {
    int slash = module.lastIndexOf('/');
    return module.substring(0, slash + 1)
        + "__pycache__/"
        + module.substring(slash + 1, module.length() - ".py".length())
        + ".cpython-"
        + pythonVersion.replace(".", "")
        + ".pyc";
  }

  private void placeMembers() {
    for (var member : wheel.zip().members()) {
      if (member.isFolder()) {
        continue;
      }
      var name = member.name();
      if (name.startsWith(wheel.distInfo() + "/")
          && OURS.contains(name.substring(wheel.distInfo().length() + 1))) {
        continue;
      }
      var path = place(name);
      if (path == null) {
        throw wheel.refused(name, "it lies in no folder of the data folder");
      }
      checkPlace(name, path);
      boolean isScript = name.startsWith(wheel.dataFolder() + "/scripts/");
      put(name, isScript ? script(member, path) : file(member, path, member.isExecutable()));
    }
  }

  private File file(ZipMember member, String path, boolean isExecutable) {
    var row =
        wheel
            .row(member)
            .map(listed ->
                new WheelRecord.Row(
                    relative(path), listed.algorithm(), listed.hash(), listed.sizeBytes()))
            .orElse(null);
    boolean isCompiled =
        placement.bytecode()
            && path.startsWith(site)
            && path.endsWith(".py")
            && !path.endsWith("/.py")
            && member.sizeBytes() <= MAX_MODULE_BYTES
            && !isBelow(path.substring(site.length()), "tests")
            && !isBelow(path.substring(site.length()), "test")
            && !isBelow(path.substring(site.length()), "__pycache__");
    return new File(
        root + path,
        member,
        isExecutable,
        row,
        isCompiled ? placement.prefix() + "/" + path : null);
  }

  private static boolean isBelow(String path, String folder) {
    return path.startsWith(folder + "/") || path.contains("/" + folder + "/");
  }

  /// A script of the data folder. The first line `#!python…` is replaced whole.
  private Entry script(ZipMember member, String path) {
    if (member.sizeBytes() > MAX_SCRIPT_BYTES || !startsAsScript(member)) {
      return file(member, path, true);
    }
    var content = wheelBytes(member);
    int end = 0;
    while (end < content.length && content[end] != '\n') {
      end++;
    }
    var first = ("#!" + placement.interpreter() + "\n").getBytes(StandardCharsets.UTF_8);
    int rest = Math.min(end + 1, content.length);
    var changed = Arrays.copyOf(first, first.length + content.length - rest);
    System.arraycopy(content, rest, changed, first.length, content.length - rest);
    return made(path, true, changed);
  }

  private boolean startsAsScript(ZipMember member) {
    return member.sizeBytes() >= SCRIPT_START.length
        && Arrays.equals(wheel.zip().start(member, SCRIPT_START.length), SCRIPT_START);
  }

  private byte[] wheelBytes(ZipMember member) {
    var out = new ByteArrayOutputStream((int) member.sizeBytes());
    try {
      wheel.read(member, out::write);
    } catch (IOException e) {
      throw FoundationException.ofFile("the archive cannot be read", Path.of(wheel.toString()), e);
    }
    return out.toByteArray();
  }

  private Made made(String path, boolean isExecutable, byte[] content) {
    var engine = Sha256.engine();
    return new Made(
        root + path,
        isExecutable,
        content,
        WheelRecord.row(relative(path), engine.digest(content), content.length));
  }

  private void put(String member, Entry entry) {
    if (entries.put(entry.path(), entry) != null) {
      throw wheel.refused(member, "another member goes to the same place, " + entry.path());
    }
  }

  /// Where a member goes, relative to the prefix; null for the folders that only sort others.
  private @Nullable String place(String name) {
    if (!name.equals(wheel.dataFolder()) && !name.startsWith(wheel.dataFolder() + "/")) {
      return site + name;
    }
    var parts = name.split("/", 3);
    if (parts.length < 3) {
      return null;
    }
    return switch (parts[1]) {
      case "purelib", "platlib" -> site + parts[2];
      case "headers" ->
          "include/site/python" + placement.pythonVersion() + "/" + wheel.name() + "/" + parts[2];
      case "scripts" -> "bin/" + parts[2];
      case "data" ->
          // lib64 is a link to lib in every environment.
          parts[2].startsWith("lib64/") ? "lib" + parts[2].substring(5) : parts[2];
      default -> null;
    };
  }

  /// No package may take the place of the environment itself, or delete what other layers hold.
  private void checkPlace(String name, String path) {
    reserved(path)
        .ifPresent(why -> {
          throw wheel.refused(name, why);
        });
  }

  private static Optional<String> reserved(String path) {
    for (var component : path.split("/")) {
      if (component.startsWith(".wh.")) {
        return Optional.of("in an image, its name would delete another file");
      }
    }
    boolean isInterpreter =
        path.startsWith("bin/") && INTERPRETER.matcher(path.substring(4)).matches();
    if (isInterpreter
        || path.equals("pyvenv.cfg")
        || path.equals("bin")
        || path.equals("lib")
        || path.equals("lib64")) {
      return Optional.of("it would replace `" + path + "` of the environment");
    }
    return Optional.empty();
  }

  private void placeFolders() {
    var inUse = new HashSet<String>();
    for (var path : entries.keySet()) {
      for (int slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
        if (!inUse.add(path.substring(0, slash))) {
          break;
        }
      }
    }
    for (var member : wheel.zip().members()) {
      var path = member.isFolder() ? place(member.name()) : null;
      if (path != null && !inUse.contains(root + path)) {
        checkPlace(member.name(), path);
        entries.putIfAbsent(root + path, new Folder(root + path));
      }
    }
    // Files of two schemes can only now be seen to need one place as a file and as a folder.
    for (var path : inUse) {
      if (entries.containsKey(path)) {
        throw wheel.refused(null, "it needs `" + path + "` as a file and as a folder");
      }
    }
  }

  private void addScripts() {
    for (var script : scripts()) {
      var path = "bin/" + script.name();
      checkPlace("entry_points.txt", path);
      // A file of the same name in the data folder is written later by every installer.
      if (!entries.containsKey(root + path)) {
        entries.put(root + path, made(path, true, launcher(script)));
      }
    }
  }

  /// What the wheel asks for, and for pip its name with the version of Python, as every installer
  /// has it.
  private List<EntryPoints.Script> scripts() {
    var scripts = wheel.entryPoints().scripts();
    if (!wheel.name().equals("pip")) {
      return scripts;
    }
    var versioned = Pattern.compile("pip[0-9]+\\.[0-9]+");
    var all = new ArrayList<EntryPoints.Script>();
    for (var script : scripts) {
      if (!versioned.matcher(script.name()).matches()) {
        all.add(script);
      }
      if (script.name().equals("pip")) {
        all.add(
            new EntryPoints.Script(
                "pip" + placement.pythonVersion(), script.module(), script.attribute(), false));
      }
    }
    return all;
  }

  /// The text that installers write for an entry point.
  private byte[] launcher(EntryPoints.Script script) {
    var attribute = script.attribute();
    int dot = attribute.indexOf('.');
    var imported = dot < 0 ? attribute : attribute.substring(0, dot);
    return """
    #!%s
    # -*- coding: utf-8 -*-
    import sys
    from %s import %s
    if __name__ == "__main__":
        if sys.argv[0].endswith("-script.pyw"):
            sys.argv[0] = sys.argv[0][:-11]
        elif sys.argv[0].endswith(".exe"):
            sys.argv[0] = sys.argv[0][:-4]
        sys.exit(%s())
    """
        .formatted(placement.interpreter(), script.module(), imported, attribute)
        .getBytes(StandardCharsets.UTF_8);
  }

  private void addMetadata(LayerPackage item) {
    var folder = site + wheel.distInfo() + "/";
    add(made(folder + "INSTALLER", false, "terroir".getBytes(StandardCharsets.UTF_8)));
    if (item.requested()) {
      add(made(folder + "REQUESTED", false, new byte[0]));
    }
    var origin = item.directUrl();
    if (origin != null) {
      add(
          made(
              folder + "direct_url.json",
              false,
              origin.toString().getBytes(StandardCharsets.UTF_8)));
    }
  }

  private void add(Made made) {
    entries.put(made.path(), made);
  }

  /// Byte-code that the wheel brings is not made for this interpreter's file times; ours replaces
  /// it.
  private void leaveOutStaleByteCode() {
    if (!placement.bytecode()) {
      return;
    }
    for (var entry : List.copyOf(entries.values())) {
      if (entry instanceof File file && file.module() != null) {
        entries.remove(byteCodePath(file.path(), placement.pythonVersion()));
      }
    }
  }

  /// A path relative to the prefix as RECORD names it: relative to the folder of packages.
  private String relative(String path) {
    return path.startsWith(site)
        ? path.substring(site.length())
        : "../".repeat(placement.sitePackages().split("/").length) + path;
  }
}

package dev.terroir.prefix.pack;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.prefix.PrefixException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What of an environment goes into the archive. For one thread.
final class PackedFiles {
  /// What stands for the place in files that have no placeholder of their own: as long as those of
  /// conda packages.
  static final String PLACEHOLDER = ("/opt/" + "_terroir_pack".repeat(20)).substring(0, 255);

  /// Files up to this size are looked through whole; larger ones hold no text that a program reads.
  private static final long LARGE = 64L << 20;

  private static final Set<String> LEFT_OUT =
      Set.of("__pycache__", ".terroir-prefix.json", ".terroir-pack.json", "CACHEDIR.TAG");

  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

  /// One entry of the archive.
  ///
  /// @param file where its bytes are when they are taken as they are, or null
  /// @param bytes its bytes, or null
  /// @param link where a symbolic link points, or null
  record Entry(
      @Nullable Path file, byte @Nullable [] bytes, @Nullable String link, boolean isExecutable) {}

  /// How a file holds the place of its environment.
  record Held(String path, boolean isBinary, String placeholder) {}

  /// What a conda package says of one of its files.
  private record Known(@Nullable String placeholder, boolean isBinary, @Nullable String sha256) {}

  private final Path prefix;
  private final List<byte[]> places = new ArrayList<>();
  private final SortedMap<String, Entry> entries = new TreeMap<>();
  private final SortedMap<String, Held> held = new TreeMap<>();
  private final Map<String, Known> known = new HashMap<>();

  /// By their paths.
  private final SortedMap<String, JsonObject> records = new TreeMap<>();

  /// Sizes that files had in their packages.
  private final Map<String, Long> sizes = new HashMap<>();

  private final Map<String, String> variables = new TreeMap<>();
  private final List<String> notes = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  private PackedFiles(Path prefix) {
    this.prefix = prefix;
  }

  /// Looks through an environment.
  ///
  /// @throws PrefixException code `not-packable` with everything that cannot go elsewhere
  static PackedFiles of(Path prefix) throws IOException {
    var files = new PackedFiles(prefix.toAbsolutePath().normalize());
    files.requireConda();
    files.readRecords();
    files.walk();
    files.addRecords();
    files.requireRelocatable();
    return files;
  }

  SortedMap<String, Entry> entries() {
    return entries;
  }

  List<Held> held() {
    return List.copyOf(held.values());
  }

  Map<String, String> variables() {
    return variables;
  }

  List<String> notes() {
    return notes;
  }

  /// A text file that is not in the environment.
  void add(String path, String text, boolean isExecutable) {
    entries.put(path, new Entry(null, utf8(text), null, isExecutable));
    if (text.contains(PLACEHOLDER)) {
      held.put(path, new Held(path, false, PLACEHOLDER));
    }
  }

  private void requireConda() throws IOException {
    var places = new LinkedHashSet<String>();
    if (Files.isDirectory(prefix)) {
      places.add(prefix.toString());
      places.add(prefix.toRealPath().toString());
    }
    // Longest first, for one may be the beginning of the other.
    places.stream()
        .sorted((a, b) -> b.length() - a.length())
        .forEach(place -> this.places.add(utf8(place)));
    if (Files.isDirectory(prefix.resolve("conda-meta"))) {
      return;
    }
    var problem =
        Problem.of(PackCode.NOT_PACKABLE, "the directory is no conda environment")
            .at(Place.of(prefix.toString()));
    var venv = prefix.resolve("pyvenv.cfg");
    if (Files.exists(venv)) {
      var home =
          Files.readAllLines(venv).stream()
              .filter(line -> line.matches("home\\s*=.*"))
              .map(line -> line.substring(line.indexOf('=') + 1).strip())
              .findFirst()
              .orElse("another folder");
      problem =
          problem
              .because(
                  "it is a virtual environment, which stands on the interpreter in `" + home + "`")
              .hint("make it there of its lock, or build an image of it");
    } else {
      problem = problem.because("it has no `conda-meta`");
    }
    throw new PrefixException(problem);
  }

  private void readRecords() throws IOException {
    List<Path> files;
    try (var list = Files.list(prefix.resolve("conda-meta"))) {
      files = list.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
    for (var file : files) {
      var record = JsonReader.readObject(file);
      records.put("conda-meta/" + file.getFileName(), record);
      for (var path : paths(record)) {
        var placeholder = path.optionalString("prefix_placeholder").orElse(null);
        if (placeholder != null || isOfPackage(path)) {
          known.put(
              path.string("_path"),
              new Known(
                  placeholder,
                  path.optionalString("file_mode").orElse("").equals("binary"),
                  path.optionalString("sha256").orElse(null)));
        }
      }
    }
  }

  private static List<JsonObject> paths(JsonObject record) {
    return record.optionalObject("paths_data").map(data -> data.objects("paths")).orElse(List.of());
  }

  /// Whether the file lay in the package, and was not made when it was installed.
  private static boolean isOfPackage(JsonObject path) {
    return path.optionalString("path_type").orElse("hardlink").equals("hardlink");
  }

  /// The records without what is true at this place only.
  private void addRecords() {
    records.forEach((name, record) -> {
      var paths = new ArrayList<JsonValue>();
      for (var path : paths(record)) {
        var cleaned = path.toBuilder().remove("sha256_in_prefix");
        var size = sizes.get(path.string("_path"));
        if (size != null) {
          cleaned.put("size_in_bytes", size);
        } else if (held.containsKey(path.string("_path"))) {
          cleaned.remove("size_in_bytes");
          if (!isOfPackage(path)) {
            cleaned.remove("sha256");
          }
        }
        paths.add(cleaned.build());
      }
      var cleaned =
          record.toBuilder().remove("extracted_package_dir").remove("package_tarball_full_path");
      record
          .optionalObject("paths_data")
          .ifPresent(data ->
              cleaned.put(
                  "paths_data",
                  data.toBuilder().put("paths", new JsonValue.JsonArray(paths)).build()));
      record
          .optionalObject("link")
          .ifPresent(link -> cleaned.put("link", link.toBuilder().put("source", "").build()));
      entries.put(
          name, new Entry(null, utf8(JsonWriter.indented(cleaned.build(), 2) + "\n"), null, false));
    });
  }

  private void walk() throws IOException {
    Files.walkFileTree(
        prefix,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return LEFT_OUT.contains(directory.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            var path = prefix.relativize(file).toString();
            if (!LEFT_OUT.contains(file.getFileName().toString()) && !records.containsKey(path)) {
              if (attributes.isSymbolicLink()) {
                link(path, file);
              } else if (attributes.isRegularFile()) {
                file(path, file, attributes.size());
              }
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private void link(String path, Path file) throws IOException {
    var target = Files.readSymbolicLink(file);
    if (target.isAbsolute()) {
      var place =
          places.stream()
              .map(bytes -> Path.of(new String(bytes, StandardCharsets.UTF_8)))
              .filter(target::startsWith)
              .findFirst();
      if (place.isEmpty()) {
        problems.add(
            Problem.of(PackCode.NOT_PACKABLE, "the link `" + path + "` leads to `" + target + "`"));
        return;
      }
      target =
          Path.of("/", path)
              .resolveSibling("")
              .relativize(Path.of("/").resolve(place.get().relativize(target)));
    }
    entries.put(path, new Entry(null, null, target.toString(), false));
  }

  private void file(String path, Path file, long size) throws IOException {
    requireComplete(path, file);
    var isExecutable = Files.isExecutable(file);
    var ofPackage = known.get(path);
    var placeholder = ofPackage == null ? null : ofPackage.placeholder();
    if (ofPackage != null && placeholder != null) {
      put(path, restored(path, Files.readAllBytes(file), ofPackage, placeholder), isExecutable);
    } else if (ofPackage != null || size > LARGE || path.endsWith(".pyc")) {
      // What a package has without a placeholder does not hold the place. Byte-code holds it in
      // messages only, and cannot be rewritten.
      entries.put(path, new Entry(file, null, null, isExecutable));
    } else {
      put(path, own(path, Files.readAllBytes(file)), isExecutable);
    }
    if (path.startsWith("etc/conda/env_vars.d/") && path.endsWith(".json")) {
      variables.putAll(
          JsonObject.builder().put("", JsonReader.readObject(file)).build().stringMap(""));
    }
  }

  private void put(String path, byte[] bytes, boolean isExecutable) {
    entries.put(path, new Entry(null, bytes, null, isExecutable));
  }

  private byte[] restored(String path, byte[] bytes, Known ofPackage, String placeholder) {
    for (var place : places) {
      var restored =
          ofPackage.isBinary()
              ? Placeholders.binary(bytes, place, utf8(placeholder)).orElse(bytes)
              : Placeholders.text(bytes, place, utf8(placeholder));
      if (ofPackage.sha256() == null
          ? Placeholders.indexOf(restored, place, 0) < 0
          : Sha256.of(restored).hex().equals(ofPackage.sha256())) {
        held.put(path, new Held(path, ofPackage.isBinary(), placeholder));
        sizes.put(path, (long) restored.length);
        return restored;
      }
    }
    // Somebody changed it, or its first line was too long for the system and was shortened.
    if (!ofPackage.isBinary()) {
      return own(path, bytes);
    }
    if (places.stream().anyMatch(place -> Placeholders.indexOf(bytes, place, 0) >= 0)) {
      problems.add(
          Problem.of(
              PackCode.NOT_PACKABLE,
              "`"
                  + path
                  + "` was changed after it was installed and holds the environment's place"));
    } else {
      notes.add("`" + path + "` was changed after it was installed and is taken as it is");
    }
    return bytes;
  }

  /// A file that no package told of, such as a script of pip.
  private byte[] own(String path, byte[] bytes) {
    for (var place : places) {
      if (Placeholders.indexOf(bytes, place, 0) < 0) {
        continue;
      }
      if (Placeholders.isText(bytes)) {
        var made = Placeholders.ownText(bytes, place, utf8(PLACEHOLDER));
        if (Placeholders.indexOf(made, utf8(PLACEHOLDER), 0) >= 0) {
          held.put(path, new Held(path, false, PLACEHOLDER));
        }
        return made;
      }
      if (bytes.length > 4 && java.util.Arrays.equals(bytes, 0, 4, ELF, 0, 4)) {
        // Built here: there is room for a place that is no longer than this one.
        held.put(path, new Held(path, true, new String(place, StandardCharsets.UTF_8)));
        notes.add(
            "`"
                + path
                + "` was built here; the archive runs at places of at most "
                + place.length
                + " bytes");
      } else {
        notes.add("`" + path + "` holds the environment's place and is taken as it is");
      }
      return bytes;
    }
    return bytes;
  }

  /// Refuses what stands for code that lies elsewhere.
  private void requireComplete(String path, Path file) throws IOException {
    var name = file.getFileName().toString();
    if (name.equals("direct_url.json") && path.contains(".dist-info/")) {
      var direct = JsonReader.readObject(file);
      if (direct
          .optionalObject("dir_info")
          .flatMap(info -> info.optionalBoolean("editable"))
          .orElse(false)) {
        editable(path, direct.optionalString("url").orElse("elsewhere"));
      }
    } else if (path.matches(".*/(site|dist)-packages/[^/]+\\.(pth|egg-link)")) {
      for (var line : Files.readAllLines(file)) {
        var text = line.strip();
        if (text.startsWith("/")
            && places.stream()
                .noneMatch(place -> text.startsWith(new String(place, StandardCharsets.UTF_8)))) {
          editable(path, text);
        }
      }
    }
  }

  private final Set<String> editables = new HashSet<>();

  private void editable(String path, String where) {
    if (editables.add(where.replaceFirst("^file://", ""))) {
      problems.add(
          Problem.of(
              PackCode.NOT_PACKABLE,
              "`" + path + "` stands for code that lies in `" + where + "`"));
    }
  }

  private void requireRelocatable() {
    if (problems.isEmpty()) {
      return;
    }
    var problem =
        Problem.of(PackCode.NOT_PACKABLE, "the environment would not run elsewhere")
            .at(Place.of(prefix.toString()));
    for (var found : problems) {
      problem = problem.because(found.what());
    }
    throw new PrefixException(
        editables.isEmpty()
            ? problem
            : problem.hint(
                "install the package itself in place of the editable form, without `-e`"));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// The manifest that the archive's program reads.
  String manifest() {
    var files = new ArrayList<JsonValue>();
    for (var file : held.values()) {
      files.add(
          JsonObject.builder()
              .put("path", file.path())
              .put("mode", file.isBinary() ? "binary" : "text")
              .put("placeholder", file.placeholder())
              .build());
    }
    return JsonWriter.indented(
            JsonObject.builder()
                .put("format", "terroir-pack/1")
                .put("files", new JsonValue.JsonArray(files))
                .build(),
            1)
        + "\n";
  }

  /// @throws FoundationException always
  static FoundationException unreadable(Path prefix, IOException e) {
    return FoundationException.ofFile("the environment cannot be read", prefix, e);
  }
}

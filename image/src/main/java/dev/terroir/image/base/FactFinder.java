package dev.terroir.image.base;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds out from the names in an image what it holds. For one thread.
///
/// Spec: os-release(5); Python, "venv" (`pyvenv.cfg`).
final class FactFinder {
  private static final List<String> FOLDERS =
      List.of("/usr/local/bin", "/usr/bin", "/bin", "/opt/conda/bin", "/opt/miniconda/bin");

  private static final Pattern PROGRAM = Pattern.compile("python([23](\\.[0-9]{1,2})?)?");
  private static final Pattern VERSIONED = Pattern.compile("python([23]\\.[0-9]{1,2})m?");
  private static final Pattern CUDART = Pattern.compile("libcudart\\.so\\.([0-9]+(\\.[0-9]+)*)");
  private static final Pattern CONDA = Pattern.compile("conda-([0-9][^-]*)-[^-]+\\.json");

  private final ImageTree tree;
  private final List<String> environment;

  /// @param environment the variables of the image, as `NAME=value`
  FactFinder(ImageTree tree, List<String> environment) {
    this.tree = tree;
    this.environment = environment;
  }

  BaseFacts find() {
    var glibc = glibc();
    var release = osRelease();
    return new BaseFacts(
        pythons(),
        glibc != null ? "glibc" : isMusl() ? "musl" : null,
        glibc == null || glibc.isEmpty() ? null : glibc,
        release.get("ID"),
        release.get("VERSION_ID"),
        release.get("PRETTY_NAME"),
        tree.file("/bin/sh").filter(found -> found.node().isExecutable()).isPresent(),
        cuda(),
        conda());
  }

  private Optional<String> variable(String name) {
    return environment.stream()
        .filter(line -> line.startsWith(name + "="))
        .map(line -> line.substring(name.length() + 1))
        .filter(value -> !value.isEmpty())
        .reduce((_, last) -> last);
  }

  private Set<String> folders() {
    var folders = new LinkedHashSet<String>();
    for (var folder : variable("PATH").orElse("").split(":")) {
      if (folder.startsWith("/")) {
        folders.add(folder);
      }
    }
    folders.addAll(FOLDERS);
    for (var parent : List.of("/opt", "/azureml-envs")) {
      for (var name : tree.names(parent)) {
        folders.add(parent + "/" + name + "/bin");
      }
    }
    return folders;
  }

  private List<BasePython> pythons() {
    var found = new LinkedHashMap<String, BasePython>();
    for (var folder : folders()) {
      // The longest name says the version itself.
      var names =
          tree.names(folder).stream()
              .filter(name -> PROGRAM.matcher(name).matches())
              .sorted(Comparator.comparing(String::length).reversed().thenComparing(name -> name))
              .toList();
      for (var name : names) {
        python(folder, name).ifPresent(python -> found.putIfAbsent(python.executable(), python));
      }
    }
    return List.copyOf(found.values());
  }

  private Optional<BasePython> python(String folder, String name) {
    var program =
        tree.file(folder + "/" + name).filter(at -> at.node().isExecutable()).orElse(null);
    if (program == null) {
      return Optional.empty();
    }
    var path = program.path();
    var real = path.substring(path.lastIndexOf('/') + 1);
    var prefix = parent(parent(path));
    var facts = program.node().facts();
    if (facts != null && facts.machine() == null) {
      facts = null;
    }
    var version =
        versionOf(real)
            .or(() -> versionOf(name))
            .or(() -> configured(parent(folder)))
            .or(() -> byLibrary(prefix, program.node().facts()))
            .orElse(null);
    if (version == null) {
      return Optional.empty();
    }
    var library = library(prefix, version);
    var standard = standardLibrary(prefix, version);
    var full = fullVersion(version, facts, library);
    if (full.equals(version)) {
      full = configuredFull(parent(folder), version).orElse(version);
    }
    return Optional.of(
        new BasePython(
            path,
            version,
            full,
            standard,
            standard != null && isComplete(standard, version),
            library == null ? null : library.path(),
            facts == null ? null : facts.machine()));
  }

  private static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  private static Optional<String> versionOf(String name) {
    var matcher = VERSIONED.matcher(name);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /// `version` of the environment that a program belongs to.
  private Optional<String> pyvenv(String prefix) {
    return tree.file(prefix + "/pyvenv.cfg")
        .map(found -> found.node().facts())
        .map(FileFacts::text)
        .flatMap(text ->
            text.lines()
                .map(line -> line.split("=", 2))
                .filter(pair ->
                    pair.length == 2
                        && (pair[0].strip().equals("version")
                            || pair[0].strip().equals("version_info")))
                .map(pair -> pair[1].strip())
                .findFirst());
  }

  private Optional<String> configured(String prefix) {
    return pyvenv(prefix)
        .filter(version -> version.matches("[23]\\.[0-9]{1,2}(\\..*)?"))
        .map(version -> {
          var parts = version.split("\\.");
          return parts[0] + "." + parts[1];
        });
  }

  private Optional<String> configuredFull(String prefix, String version) {
    return pyvenv(prefix).filter(full -> full.matches(Pattern.quote(version) + "\\.[0-9].{0,8}"));
  }

  /// The one standard library beside a program, or the one whose version the program names.
  private Optional<String> byLibrary(String prefix, @Nullable FileFacts facts) {
    var versions = new LinkedHashSet<String>();
    for (var folder : List.of("/lib", "/lib64")) {
      for (var name : tree.names(prefix + folder)) {
        versionOf(name)
            .filter(_ -> tree.file(prefix + folder + "/" + name + "/os.py").isPresent())
            .ifPresent(versions::add);
      }
    }
    if (versions.size() == 1) {
      return Optional.of(versions.iterator().next());
    }
    if (facts == null) {
      return Optional.empty();
    }
    var named = new LinkedHashSet<String>();
    for (var full : facts.pythons()) {
      var parts = full.split("\\.");
      var version = parts[0] + "." + parts[1];
      if (versions.isEmpty() || versions.contains(version)) {
        named.add(version);
      }
    }
    return named.size() == 1 ? Optional.of(named.iterator().next()) : Optional.empty();
  }

  private @Nullable String standardLibrary(String prefix, String version) {
    for (var place : List.of(prefix + "/lib", prefix + "/lib64", "/usr/lib", "/usr/lib64")) {
      var folder = place + "/python" + version;
      var module = tree.file(folder + "/os.py");
      if (module.isPresent()) {
        return parent(module.get().path());
      }
    }
    return null;
  }

  /// Debian's minimal package has a library that starts but lacks most of its modules.
  private boolean isComplete(String standardLibrary, String version) {
    return tree.file(standardLibrary + "/asyncio/__init__.py").isPresent()
        || tree.file(parent(standardLibrary) + "/python" + version.replace(".", "") + ".zip")
            .isPresent();
  }

  private ImageTree.@Nullable Resolved library(String prefix, String version) {
    var pattern = Pattern.compile("libpython" + Pattern.quote(version) + "m?\\.so(\\.[0-9.]+)?");
    for (var folder : libraryFolders(prefix)) {
      for (var name : tree.names(folder)) {
        if (pattern.matcher(name).matches()) {
          var found = tree.file(folder + "/" + name);
          if (found.isPresent()) {
            return found.get();
          }
        }
      }
    }
    return null;
  }

  private static List<String> libraryFolders(String prefix) {
    var folders = new LinkedHashSet<String>();
    for (var root : List.of(prefix, "/usr", "")) {
      folders.add(root + "/lib");
      folders.add(root + "/lib64");
      folders.add(root + "/lib/x86_64-linux-gnu");
      folders.add(root + "/lib/aarch64-linux-gnu");
    }
    return List.copyOf(folders);
  }

  private static String fullVersion(
      String version, @Nullable FileFacts program, ImageTree.@Nullable Resolved library) {
    var own = library == null ? null : library.node().facts();
    for (var facts : java.util.Arrays.asList(program, own)) {
      if (facts != null) {
        var fitting =
            facts.pythons().stream().filter(full -> full.startsWith(version + ".")).toList();
        if (fitting.size() == 1) {
          return fitting.getFirst();
        }
      }
    }
    return version;
  }

  /// The version of glibc, empty when it is there but says none, or null when it is not there.
  private @Nullable String glibc() {
    for (var folder : libraryFolders("")) {
      var found = tree.file(folder + "/libc.so.6").orElse(null);
      if (found == null) {
        continue;
      }
      var name = found.path().substring(found.path().lastIndexOf('/') + 1);
      var named = Pattern.compile("libc-(2\\.[0-9]+)\\.so").matcher(name);
      if (named.matches()) {
        return named.group(1);
      }
      var facts = found.node().facts();
      return facts == null || facts.glibc() == null ? "" : facts.glibc();
    }
    return null;
  }

  private boolean isMusl() {
    return tree.names("/lib").stream().anyMatch(name -> name.matches("ld-musl-.*\\.so\\.1"));
  }

  private Map<String, String> osRelease() {
    var values = new LinkedHashMap<String, String>();
    for (var path : List.of("/etc/os-release", "/usr/lib/os-release")) {
      var text =
          tree.file(path).map(found -> found.node().facts()).map(FileFacts::text).orElse(null);
      if (text != null) {
        for (var line : text.lines().toList()) {
          var pair = line.strip().split("=", 2);
          if (pair.length == 2 && !pair[0].startsWith("#")) {
            values.put(pair[0], pair[1].replaceAll("^([\"'])(.*)\\1$", "$2"));
          }
        }
        return values;
      }
    }
    return values;
  }

  private @Nullable String cuda() {
    var given = variable("CUDA_VERSION");
    if (given.isPresent()) {
      return given.get();
    }
    String best = null;
    for (var name : tree.names("/usr/local")) {
      if (!name.startsWith("cuda")) {
        continue;
      }
      var folders = new ArrayList<String>(List.of("/usr/local/" + name + "/lib64"));
      for (var target : tree.names("/usr/local/" + name + "/targets")) {
        folders.add("/usr/local/" + name + "/targets/" + target + "/lib");
      }
      for (var folder : folders) {
        for (var file : tree.names(folder)) {
          var matcher = CUDART.matcher(file);
          if (matcher.matches() && (best == null || matcher.group(1).length() > best.length())) {
            best = matcher.group(1);
          }
        }
      }
    }
    return best;
  }

  private @Nullable String conda() {
    var roots = new ArrayList<String>();
    for (var name : tree.names("/opt")) {
      roots.add("/opt/" + name);
    }
    folders().forEach(folder -> roots.add(parent(folder)));
    for (var root : roots) {
      for (var name : tree.names(root + "/conda-meta")) {
        var matcher = CONDA.matcher(name);
        if (matcher.matches()) {
          return matcher.group(1);
        }
      }
    }
    return null;
  }
}

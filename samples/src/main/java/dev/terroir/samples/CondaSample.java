package dev.terroir.samples;

import dev.terroir.foundation.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A conda package to be written. Immutable; the same sample gives the same bytes.
///
/// ```java
/// CondaSample.of("libfoo", "1.0").text("share/foo.txt", "one\n").build().write(folder, CondaFormat.CONDA);
/// ```
///
/// @since 0.1
public final class CondaSample {
  /// What stands for the prefix in packages: 255 characters, as conda-build makes it.
  public static final String PLACEHOLDER = ("/opt/" + "_placehold".repeat(25)).substring(0, 255);

  /// When every sample was built unless it says otherwise, milliseconds since 1970.
  public static final long TIMESTAMP = 1_700_000_000_000L;

  private final Builder parts;

  private CondaSample(Builder parts) {
    this.parts = parts;
  }

  /// Begins a package of `linux-64` with build `0`.
  public static Builder of(String name, String version) {
    return new Builder(name, version);
  }

  /// Begins a package of a wheel: a pure one becomes `noarch: python` with entry points, another
  /// one `linux-64` with its files in the site-packages of the Python its tag names.
  ///
  /// Its requirements without markers become dependencies.
  ///
  /// @param wheel a `.whl` file
  public static Builder ofWheel(Path wheel) throws IOException {
    return WheelSample.read(wheel, null, false);
  }

  /// Begins a `linux-64` package of any wheel, pure or not, for one Python.
  ///
  /// @param python `major.minor`
  public static Builder ofWheel(Path wheel, String python) throws IOException {
    return WheelSample.read(wheel, python, true);
  }

  /// Begins the package `python` of an interpreter of this machine: its executable, standard
  /// library, headers and shared library. It runs wherever it is installed on this machine, or on
  /// one with the same system libraries.
  ///
  /// @param python the executable; links and pyenv's shims are followed
  public static Builder ofInterpreter(Path python) throws IOException {
    return InterpreterSample.read(python);
  }

  /// Begins a package `python` of some bytes that does not run: for tests that start no Python.
  ///
  /// @param version such as `3.11.7`
  public static Builder fakePython(String version) {
    return InterpreterSample.fake(version);
  }

  /// Begins a package of a program that prints the file it finds below its compiled-in prefix:
  /// `bin/NAME` prints the prefix and the content of `share/NAME/greeting.txt`. Without gcc the
  /// program is made of bytes by hand and does not run.
  ///
  /// @see #canCompile()
  public static Builder ofProgram(String name, String version) throws IOException {
    return ProgramSample.make(name, version);
  }

  /// Whether [#ofProgram] gives a program that runs here.
  public static boolean canCompile() {
    return ProgramSample.compiler().isPresent();
  }

  /// Package name.
  public String name() {
    return parts.name;
  }

  /// Version.
  public String version() {
    return parts.version;
  }

  /// Build string.
  public String build() {
    return parts.build;
  }

  /// Platform folder.
  public String subdir() {
    return parts.subdir;
  }

  /// `name-version-build`.
  public String stem() {
    return parts.name + "-" + parts.version + "-" + parts.build;
  }

  /// Its paths, in the order of the archive.
  public List<SampleFile> files() {
    return List.copyOf(parts.files.values());
  }

  /// Writes it into a folder under its name.
  ///
  /// @return the file
  public Path write(Path folder, CondaFormat format) throws IOException {
    Files.createDirectories(folder);
    var file = folder.resolve(stem() + format.suffix());
    PackageWriter.write(parts, file, format);
    return file;
  }

  /// Collects the parts of a package. For one thread.
  public static final class Builder {
    final String name;
    final String version;
    String build = "0";
    long buildNumber;
    final List<String> depends = new ArrayList<>();
    final List<String> constrains = new ArrayList<>();
    String subdir = "linux-64";
    @Nullable String noarch;
    String license = "MIT";
    String summary = "A sample";
    long timestamp = TIMESTAMP;
    @Nullable String trackFeatures;
    @Nullable String sitePackagesPath;
    final Map<String, SampleFile> files = new LinkedHashMap<>();
    final List<String> entryPoints = new ArrayList<>();
    final Map<String, byte[]> info = new LinkedHashMap<>();
    final Map<String, List<String>> runExports = new LinkedHashMap<>();
    UnaryOperator<JsonObject> index = UnaryOperator.identity();
    UnaryOperator<JsonObject> paths = UnaryOperator.identity();

    Builder(String name, String version) {
      this.name = name;
      this.version = version;
    }

    /// Build string and number.
    public Builder build(String build, long number) {
      this.build = build;
      this.buildNumber = number;
      return this;
    }

    /// Adds match specs of what it needs.
    public Builder depends(String... specs) {
      depends.addAll(List.of(specs));
      return this;
    }

    /// Forgets dependencies, such as those of a wheel.
    public Builder dependsOnNothing() {
      depends.clear();
      return this;
    }

    /// Adds match specs that others have to satisfy.
    public Builder constrains(String... specs) {
      constrains.addAll(List.of(specs));
      return this;
    }

    /// The platform folder.
    public Builder subdir(String subdir) {
      this.subdir = subdir;
      return this;
    }

    /// Makes it `noarch: python`; modules lie in `site-packages/`, scripts in `python-scripts/`.
    public Builder noarchPython() {
      this.noarch = "python";
      this.subdir = "noarch";
      return this;
    }

    /// Makes it `noarch: generic`.
    public Builder noarchGeneric() {
      this.noarch = "generic";
      this.subdir = "noarch";
      return this;
    }

    /// SPDX expression or anything else.
    public Builder license(String license) {
      this.license = license;
      return this;
    }

    /// One line.
    public Builder summary(String summary) {
      this.summary = summary;
      return this;
    }

    /// When it was built, milliseconds since 1970.
    public Builder timestamp(long millis) {
      this.timestamp = millis;
      return this;
    }

    /// Features that weigh it down.
    public Builder trackFeatures(String features) {
      this.trackFeatures = features;
      return this;
    }

    /// Of an interpreter: where packages lie (CEP 17).
    public Builder sitePackagesPath(String path) {
      this.sitePackagesPath = path;
      return this;
    }

    /// Adds a path, or replaces it.
    public Builder file(SampleFile file) {
      files.put(file.path(), file);
      return this;
    }

    /// Adds a text file, mode 0644.
    public Builder text(String path, String content) {
      return file(SampleFile.of(path, content));
    }

    /// Adds a text file, mode 0755.
    public Builder script(String path, String content) {
      return file(SampleFile.of(path, content.getBytes(StandardCharsets.UTF_8), 0755));
    }

    /// Adds a text file with [#PLACEHOLDER] in it.
    ///
    /// @param content with `{prefix}` where the placeholder goes
    public Builder textWithPrefix(String path, String content, int mode) {
      return file(
          SampleFile.of(
                  path,
                  content.replace("{prefix}", PLACEHOLDER).getBytes(StandardCharsets.UTF_8),
                  mode)
              .withTextPlaceholder(PLACEHOLDER));
    }

    /// Adds a binary file of strings that end with NUL.
    ///
    /// @param strings with `{prefix}` where the placeholder goes
    public Builder binaryWithPrefix(String path, int mode, String... strings) {
      var content = "\u007fSAMPLE\0\u0001\u0002" + String.join("\0", strings) + "\0\0end\0";
      return file(
          SampleFile.of(
                  path,
                  content.replace("{prefix}", PLACEHOLDER).getBytes(StandardCharsets.ISO_8859_1),
                  mode)
              .withBinaryPlaceholder(PLACEHOLDER));
    }

    /// Adds a symbolic link.
    public Builder symlink(String path, String target) {
      return file(SampleFile.symlink(path, target));
    }

    /// Adds a hard link to an earlier path.
    public Builder hardlink(String path, String target) {
      return file(SampleFile.hardlink(path, target));
    }

    /// Adds an entry point of a `noarch: python` package, such as `hello = greeter:main`.
    public Builder entryPoint(String entryPoint) {
      entryPoints.add(entryPoint);
      return this;
    }

    /// Adds what a shell runs when the environment is activated.
    public Builder activation(String activate, String deactivate) {
      return text("etc/conda/activate.d/" + name + ".sh", activate)
          .text("etc/conda/deactivate.d/" + name + ".sh", deactivate);
    }

    /// Adds variables that are set when the environment is activated.
    public Builder environmentVariables(Map<String, String> variables) {
      return text(
          "etc/conda/env_vars.d/" + name + ".json",
          dev.terroir.foundation.json.JsonValue.ofStrings(new java.util.TreeMap<>(variables))
              + "\n");
    }

    /// Adds the script that conda runs after linking.
    public Builder postLink(String script) {
      return script("bin/." + name + "-post-link.sh", script);
    }

    /// Adds the script that conda runs before unlinking.
    public Builder preUnlink(String script) {
      return script("bin/." + name + "-pre-unlink.sh", script);
    }

    /// What packages that build against it get.
    ///
    /// @param kind `weak`, `strong`, ...
    public Builder runExports(String kind, String... specs) {
      runExports.put(kind, List.of(specs));
      return this;
    }

    /// Adds or replaces a file below `info/`.
    public Builder info(String path, String content) {
      info.put(path, content.getBytes(StandardCharsets.UTF_8));
      return this;
    }

    /// Changes `info/index.json` as written, for packages that lie.
    public Builder alterIndex(UnaryOperator<JsonObject> change) {
      index = change;
      return this;
    }

    /// Changes `info/paths.json` as written, for packages that lie.
    public Builder alterPaths(UnaryOperator<JsonObject> change) {
      paths = change;
      return this;
    }

    /// The package; the builder must not be used afterwards.
    public CondaSample build() {
      return new CondaSample(this);
    }
  }
}

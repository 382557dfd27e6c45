package dev.terroir.samples;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// The package `python` of an interpreter of this machine.
final class InterpreterSample {
  private static final String QUESTION =
      """
      import json, os, sys, sysconfig
      v = sysconfig.get_config_var
      print(json.dumps({
          'version': '%d.%d.%d' % sys.version_info[:3],
          'executable': os.path.realpath(getattr(sys, '_base_executable', sys.executable)),
          'prefix': os.path.realpath(sys.base_prefix),
          'stdlib': os.path.realpath(os.path.dirname(os.__file__)),
          'include': os.path.realpath(os.path.dirname(sysconfig.get_config_h_filename())),
          'libdir': v('LIBDIR') or '',
          'library': (v('INSTSONAME') or '') if v('Py_ENABLE_SHARED') else '',
          'isDebian': 'deb_system' in sysconfig.get_scheme_names(),
      }))
      """;

  private static final String SITE_PACKAGES =
      """
      import os, site, sys
      site.addsitedir(os.path.join(
          sys.prefix, 'lib', 'python%d.%d' % sys.version_info[:2], 'site-packages'))
      """;

  /// What of a standard library no test needs; packages of others lie in `site-packages`.
  private static final Set<String> LEFT_OUT =
      Set.of(
          "__pycache__",
          "site-packages",
          "dist-packages",
          "test",
          "tests",
          "idlelib",
          "idle_test",
          "turtledemo",
          "lib2to3",
          "tkinter");

  /// A value of a Debian interpreter's build that lies below its prefix `/usr`.
  private static final Pattern BELOW_USR =
      Pattern.compile("(?<=['= ])/usr(?=['\\s]|/(?:lib|include|share)[/'\\s])");

  private final JsonObject python;
  private final String name;
  private final Path prefix;
  private final CondaSample.Builder sample;

  private InterpreterSample(JsonObject python) {
    this.python = python;
    this.name = "python" + minor(python.string("version"));
    this.prefix = Path.of(python.string("prefix"));
    this.sample = begin(python.string("version"));
  }

  static CondaSample.Builder read(Path python) throws IOException {
    return new InterpreterSample(ask(python)).pack();
  }

  /// Where the interpreter keeps the wheels of `ensurepip`, whether there are any or not.
  static Path bundledWheels(Path python) throws IOException {
    return Path.of(ask(python).string("stdlib"), "ensurepip", "_bundled");
  }

  private static JsonObject ask(Path python) throws IOException {
    var result =
        new Command(
                List.of(python.toString(), "-I", "-c", QUESTION),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(1))
            .run();
    if (!result.isSuccess()) {
      throw new IOException(python + " does not tell where it lies: " + result.error());
    }
    return JsonReader.parseObject(result.output(), "the answer of Python");
  }

  static CondaSample.Builder fake(String version) {
    var minor = minor(version);
    return begin(version)
        .script("bin/python" + minor, "#!/bin/sh\necho 'Python " + version + " (of bytes)'\n")
        .symlink("bin/python", "python" + minor)
        .symlink("bin/python3", "python" + minor)
        .text("lib/python" + minor + "/os.py", "# landmark\n")
        .textWithPrefix(
            "lib/python" + minor + "/_sysconfigdata_sample.py", "PREFIX = '{prefix}'\n", 0644);
  }

  private static CondaSample.Builder begin(String version) {
    return CondaSample.of("python", version)
        .build("0_cpython", 0)
        .license("Python-2.0")
        .summary("General purpose programming language")
        .runExports("noarch", "python");
  }

  static String minor(String version) {
    var parts = version.split("\\.");
    return parts[0] + "." + parts[1];
  }

  private CondaSample.Builder pack() throws IOException {
    sample.file(binary("bin/" + name, Path.of(python.string("executable")), "$ORIGIN/../lib"));
    sample.symlink("bin/python", name).symlink("bin/python3", name);
    tree(Path.of(python.string("include")), "include/" + name);
    tree(Path.of(python.string("stdlib")), "lib/" + name);
    if (python.optionalBoolean("isDebian").orElse(false)) {
      // Its `site` is frozen into the executable and looks for packages in other folders.
      sample.text("lib/" + name + "/sitecustomize.py", SITE_PACKAGES);
    }
    var library = python.string("library");
    if (!library.isEmpty()) {
      sample.file(
          SampleFile.of(
              "lib/" + library, Path.of(python.string("libdir"), library).toRealPath(), 0755));
    }
    return sample;
  }

  private void tree(Path folder, String into) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> entries;
    try (var list = Files.list(folder)) {
      entries = list.sorted().toList();
    }
    for (var entry : entries) {
      var leaf = entry.getFileName().toString();
      var path = into + "/" + leaf;
      if (LEFT_OUT.contains(leaf) || leaf.endsWith(".a") || leaf.endsWith(".pyc")) {
        continue;
      }
      if (Files.isSymbolicLink(entry)) {
        // A link beside its target stays; one that leaves the library, such as Debian's
        // sitecustomize, is no part of it.
        var target = Files.readSymbolicLink(entry);
        if (!target.isAbsolute() && target.getNameCount() == 1) {
          sample.symlink(path, target.toString());
        }
      } else if (Files.isDirectory(entry)) {
        tree(entry, path);
      } else if (leaf.endsWith(".so")) {
        sample.file(binary(path, entry, "$ORIGIN/../.."));
      } else {
        sample.file(text(path, entry));
      }
    }
  }

  private SampleFile text(String path, Path file) throws IOException {
    var mode = Files.isExecutable(file) ? 0755 : 0644;
    var leaf = file.getFileName().toString();
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
              .toString();
    } catch (CharacterCodingException e) {
      return SampleFile.of(path, file, mode);
    }
    var usual = text;
    if (leaf.equals("sysconfig.py")) {
      // Debian's interpreter installs packages elsewhere unless it is a virtual environment's.
      usual =
          usual.replace("sys.base_prefix != sys.prefix or hasattr(sys, \"real_prefix\")", "True");
    }
    var placed = usual;
    if (!prefix.equals(Path.of("/usr"))) {
      placed = placed.replace(prefix.toString(), CondaSample.PLACEHOLDER);
    } else if (leaf.startsWith("_sysconfigdata") || leaf.equals("Makefile")) {
      placed = BELOW_USR.matcher(placed).replaceAll(CondaSample.PLACEHOLDER);
    }
    if (placed.equals(text)) {
      return SampleFile.of(path, file, mode);
    }
    var made = SampleFile.of(path, placed.getBytes(StandardCharsets.UTF_8), mode);
    return placed.equals(usual) ? made : made.withTextPlaceholder(CondaSample.PLACEHOLDER);
  }

  /// A program or library; where it looks for the interpreter's library becomes relative, so that
  /// it never finds the one it came from.
  private SampleFile binary(String path, Path file, String origin) {
    var libdir = python.string("libdir");
    return new SampleFile(
        path,
        () -> {
          var bytes = Files.readAllBytes(file);
          return python.string("library").isEmpty() ? bytes : withSearchPath(bytes, libdir, origin);
        },
        0755,
        null,
        null,
        null,
        false);
  }

  private static byte[] withSearchPath(byte[] bytes, String libdir, String origin) {
    var old = ("\0" + libdir + "\0").getBytes(StandardCharsets.UTF_8);
    var made = Arrays.copyOf(("\0" + origin + "\0").getBytes(StandardCharsets.UTF_8), old.length);
    if (origin.length() > libdir.length()) {
      throw new IllegalArgumentException(libdir + " has no room for " + origin);
    }
    for (int i = 0; i + old.length <= bytes.length; i++) {
      if (bytes[i] == 0 && Arrays.equals(bytes, i, i + old.length, old, 0, old.length)) {
        System.arraycopy(made, 0, bytes, i, made.length);
      }
    }
    return bytes;
  }
}

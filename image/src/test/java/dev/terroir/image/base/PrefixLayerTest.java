package dev.terroir.image.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.base.PrefixLayer.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The empty environment at /opt/env (Python, venv)")
class PrefixLayerTest {
  private static final BasePython PYTHON =
      new BasePython(
          "/usr/bin/python3.11", "3.11", "3.11.2", "/usr/lib/python3.11", true, null, "amd64");

  @TempDir Path folder;

  @AfterEach
  void deleteLinks() {
    // JUnit itself warns of each link that leads out of its folder.
    Trees.delete(folder.resolve("image"));
    Trees.delete(folder.resolve("made"));
  }

  @Test
  void itsEntriesAreTheSameForTheSameInterpreter() {
    var text = new StringBuilder();
    for (var entry : PrefixLayer.entries(PYTHON)) {
      switch (entry) {
        case Entry.Directory(var path, var mode) ->
            text.append(path).append("/ ").append(Integer.toOctalString(mode)).append('\n');
        case Entry.File(var path, var mode, var content) ->
            text.append(path)
                .append(' ')
                .append(Integer.toOctalString(mode))
                .append(path.endsWith(".cfg") ? "\n" + content : "\n");
        case Entry.Link(var path, var target) ->
            text.append(path).append(" -> ").append(target).append('\n');
      }
    }
    assertThat(text.toString())
        .isEqualTo(
            """
            opt/env/ 755
            opt/env/bin/ 755
            opt/env/bin/activate 644
            opt/env/bin/python -> /usr/bin/python3.11
            opt/env/bin/python3 -> python
            opt/env/bin/python3.11 -> python
            opt/env/include/ 755
            opt/env/include/python3.11/ 755
            opt/env/lib/ 755
            opt/env/lib/python3.11/ 755
            opt/env/lib/python3.11/site-packages/ 755
            opt/env/lib64 -> lib
            opt/env/pyvenv.cfg 644
            home = /usr/bin
            include-system-site-packages = false
            version = 3.11.2
            executable = /usr/bin/python3.11
            """);
  }

  private static Command.Result run(List<String> arguments) {
    return new Command(arguments, Map.of("PATH", "/usr/bin:/bin"), null, Duration.ofMinutes(1))
        .run();
  }

  /// An interpreter of this machine that has `venv`.
  private static BasePython machinePython() {
    var code =
        "import sys, os, platform, venv; print(os.path.realpath(sys._base_executable));"
            + "print('%d.%d' % sys.version_info[:2]); print(platform.python_version());"
            + "print(os.path.dirname(os.__file__))";
    for (var directory : Settings.system().get("PATH").orElse("").split(":")) {
      var program = Path.of(directory, "python3");
      if (Files.isExecutable(program)) {
        var result = run(List.of(program.toString(), "-c", code));
        if (result.isSuccess()) {
          var lines = result.output().lines().toList();
          return new BasePython(
              lines.get(0), lines.get(1), lines.get(2), lines.get(3), true, null, null);
        }
      }
    }
    assumeTrue(false, "no python3 with venv is on PATH");
    throw new IllegalStateException();
  }

  private Path unpack(BasePython python) throws IOException {
    var root = folder.resolve("image");
    for (var entry : PrefixLayer.entries(python)) {
      var target = root.resolve(entry.path());
      switch (entry) {
        case Entry.Directory _ -> Files.createDirectories(target);
        case Entry.File file -> Files.write(target, file.bytes());
        case Entry.Link link -> Files.createSymbolicLink(target, Path.of(link.target()));
      }
    }
    return root.resolve("opt/env");
  }

  private static Map<String, String> listing(Path root) throws IOException {
    var names = new TreeMap<String, String>();
    try (var files = Files.walk(root)) {
      for (var file : files.toList()) {
        var name = root.relativize(file).toString();
        var isScript = name.startsWith("bin/") && !name.startsWith("bin/python");
        // `𝜋thon` is a joke of one Python version.
        if (!isScript && name.chars().allMatch(c -> c < 128) && !name.equals(".gitignore")) {
          names.put(
              name,
              Files.isSymbolicLink(file)
                  ? "link"
                  : Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS) ? "directory" : "file");
        }
      }
    }
    return names;
  }

  @Test
  void itHasWhatVenvMakes() throws IOException {
    var python = machinePython();
    var made = folder.resolve("made");
    var result = run(List.of(python.executable(), "-m", "venv", "--without-pip", made.toString()));
    assertThat(result.error()).isEmpty();
    var ours = listing(unpack(python));
    var theirs = listing(made);
    // Older versions leave out the version's own folder of headers.
    theirs.putIfAbsent("include/python" + python.version(), "directory");
    assertThat(ours).isEqualTo(theirs);
    var configuration = Files.readString(made.resolve("pyvenv.cfg"));
    assertThat(configuration)
        .contains("include-system-site-packages = false\n", "version = " + python.fullVersion());
  }

  @Test
  void pythonTakesItForAnEnvironment() throws IOException {
    var python = machinePython();
    var prefix = unpack(python);
    for (var name : List.of("python", "python3", "python" + python.version())) {
      var result =
          run(
              List.of(
                  prefix.resolve("bin").resolve(name).toString(),
                  "-c",
                  "import sys, sysconfig, os; print(sys.prefix);"
                      + "print(sysconfig.get_path('purelib')); print(os.path.dirname(os.__file__));"
                      + "print([p for p in sys.path if 'dist-packages' in p])"));
      assertThat(result.output().lines())
          .containsExactly(
              prefix.toString(),
              prefix.resolve("lib/python" + python.version() + "/site-packages").toString(),
              python.standardLibrary(),
              "[]");
    }
  }

  @Test
  void aShellEntersAndLeavesIt() throws IOException {
    var activate = unpack(PYTHON).resolve("bin/activate");
    var script =
        "set -eu; PATH=/a:/b; . '%s'; echo $VIRTUAL_ENV $PATH; . '%s'; echo $PATH; deactivate;"
                .formatted(activate, activate)
            + " echo $PATH ${VIRTUAL_ENV-none}; command -v deactivate || echo gone";
    var result = run(List.of("/bin/sh", "-c", script));
    assertThat(result.error()).isEmpty();
    assertThat(result.output())
        .isEqualTo("/opt/env /opt/env/bin:/a:/b\n/opt/env/bin:/a:/b\n/a:/b none\ngone\n");
  }
}

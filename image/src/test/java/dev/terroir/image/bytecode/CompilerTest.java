package dev.terroir.image.bytecode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.ImageException;
import dev.terroir.image.archive.WheelArchive;
import dev.terroir.image.layer.RealWheels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Byte-code is the same bytes everywhere (PEP 552)")
class CompilerTest {
  private static final String VERSION = RealWheels.PYTHON_VERSION;

  @TempDir Path work;

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static ByteCode compile(Compiler compiler, String source) throws InterruptedException {
    return Compiler.await(
        compiler.<ByteCode>compile(VERSION, "/opt/env/x.py", utf8(source), result -> result));
  }

  private static Map<String, byte[]> modules(List<String> projects) throws IOException {
    var modules = new TreeMap<String, byte[]>();
    for (var file : RealWheels.files()) {
      var fileName = String.valueOf(file.getFileName());
      if (projects.stream().anyMatch(project -> fileName.startsWith(project + "-"))) {
        try (var wheel = WheelArchive.open(file)) {
          for (var member : wheel.zip().members()) {
            if (member.name().endsWith(".py")) {
              var out = new ByteArrayOutputStream();
              wheel.read(member, out::write);
              modules.put("/opt/env/" + member.name(), out.toByteArray());
            }
          }
        }
      }
    }
    return modules;
  }

  private static Map<String, String> compileAll(
      String version, Path python, Map<String, byte[]> modules, int workers, long seed)
      throws InterruptedException {
    var order = new ArrayList<>(modules.keySet());
    Collections.shuffle(order, new Random(seed));
    var digests = new TreeMap<String, String>();
    try (var compiler = new Compiler(_ -> python, workers)) {
      var pending = new TreeMap<String, Future<String>>();
      for (var name : order) {
        pending.put(
            name,
            compiler.<String>compile(
                version,
                name,
                modules.get(name),
                result ->
                    switch (result) {
                      case ByteCode.Compiled(var pyc) -> Sha256.of(pyc).hex();
                      case ByteCode.Skipped(var why) -> why;
                    }));
      }
      for (var entry : pending.entrySet()) {
        digests.put(entry.getKey(), Compiler.await(entry.getValue()));
      }
    }
    return digests;
  }

  @Test
  void whateverTheOrderTheProcessAndTheirNumber() throws Exception {
    for (var python : RealWheels.pythons()) {
      var version = String.valueOf(python.getFileName()).substring("python".length());
      var modules =
          modules(
              version.equals(VERSION)
                  ? List.of("numpy", "pip", "pandas")
                  : List.of("jinja2", "click"));
      var once = compileAll(version, python, modules, 1, 1);
      assertThat(once).hasSameSizeAs(modules);
      assertThat(compileAll(version, python, modules, 3, 2)).as(version).isEqualTo(once);
    }
  }

  @Test
  void whatItSaysIsWhatPythonReads() throws Exception {
    var python = RealWheels.python();
    try (var compiler = new Compiler(_ -> python, 1)) {
      var result =
          compile(
              compiler,
              "def f(a):\n  'doc'\n  assert a\n  return (a, 1.5, {None, 'x'})\nX = f(2)\n");
      assertThat(result).isInstanceOf(ByteCode.Compiled.class);
      var pyc = work.resolve("x.pyc");
      Files.write(pyc, ((ByteCode.Compiled) result).pyc());
      var process =
          new ProcessBuilder(
                  python.toString(),
                  "-c",
                  """
                  import importlib._bootstrap_external as b, importlib.util, marshal, sys
                  data = open(sys.argv[1], "rb").read()
                  assert b._classify_pyc(data, "x", {}) == 1
                  assert data[:4] == importlib.util.MAGIC_NUMBER
                  code = marshal.loads(data[16:])
                  scope = {}
                  exec(code, scope)
                  print(code.co_filename, scope["X"][:2], scope["f"].__doc__)
                  """,
                  pyc.toString())
              .redirectErrorStream(true)
              .start();
      assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("/opt/env/x.py (2, 1.5) doc\n");
    }
  }

  @Test
  void aModuleThatDoesNotCompileIsSkippedAndTheNextIsNot() throws Exception {
    var python = RealWheels.python();
    try (var compiler = new Compiler(_ -> python, 1)) {
      assertThat(compile(compiler, "def f(:\n"))
          .isInstanceOfSatisfying(
              ByteCode.Skipped.class, skipped -> assertThat(skipped.why()).contains("SyntaxError"));
      assertThat(compile(compiler, "x = 1\0")).isInstanceOf(ByteCode.Skipped.class);
      assertThat(compile(compiler, "# -*- coding: nonsense -*-\n"))
          .isInstanceOf(ByteCode.Skipped.class);
      assertThat(compile(compiler, "(".repeat(100_000))).isInstanceOf(ByteCode.Skipped.class);
      assertThat(compile(compiler, "x = 1")).isInstanceOf(ByteCode.Compiled.class);
    }
  }

  @Test
  @DisplayName("modules are never run, nor anything beside them (CVE-2026-6357)")
  void modulesAreNeverRun() throws Exception {
    var python = RealWheels.python();
    var mark = work.resolve("ran");
    try (var compiler = new Compiler(_ -> python, 1)) {
      assertThat(compile(compiler, "open(" + quoted(mark) + ", 'w')\n"))
          .isInstanceOf(ByteCode.Compiled.class);
    }
    assertThat(mark).doesNotExist();
  }

  private static String quoted(Path path) {
    return "'" + path + "'";
  }

  @Test
  void anInterpreterThatDiesIsStartedAnew() throws Exception {
    // Dies at its second module, as one that runs out of memory would.
    var python = RealWheels.python();
    var count = work.resolve("starts");
    var dying =
        script(
            """
            #!/bin/sh
            echo x >> '%s'
            if [ "$(wc -l < '%s')" -gt 1 ]; then exec '%s' "$@"; fi
            head -c 0 | '%s' "$@"
            """
                .formatted(count, count, python, python));
    try (var compiler = new Compiler(_ -> dying, 1)) {
      assertThat(compile(compiler, "x = 1")).isInstanceOf(ByteCode.Compiled.class);
      assertThat(compile(compiler, "x = 2")).isInstanceOf(ByteCode.Compiled.class);
    }
    assertThat(Files.readAllLines(count)).hasSize(2);
  }

  private Path script(String text) throws IOException {
    var file = work.resolve("python");
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  @Test
  void anotherPythonThanAskedForIsNotUsed() throws Exception {
    var python = RealWheels.python();
    try (var compiler = new Compiler(_ -> python, 1)) {
      assertThatThrownBy(() ->
              Compiler.await(
                  compiler.<ByteCode>compile("3.5", "x.py", utf8("x = 1"), result -> result)))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().render()).contains("[byte-code]", "cpython " + VERSION));
    }
    for (var wrong : List.of("/bin/true", "/nonexistent/python")) {
      try (var compiler = new Compiler(_ -> Path.of(wrong), 1)) {
        assertThatThrownBy(() -> compile(compiler, "x = 1"))
            .isInstanceOfSatisfying(
                ImageException.class,
                e -> assertThat(e.problem().code().id()).isEqualTo("byte-code"));
      }
    }
  }

  @Test
  void closingEndsTheInterpretersAndWhatWaits() throws Exception {
    var python = RealWheels.python();
    Future<ByteCode> last;
    try (var compiler = new Compiler(_ -> python, 1)) {
      last = compiler.compile(VERSION, "x.py", utf8("x = 1\n"), result -> result);
      for (int i = 0; i < 100; i++) {
        last = compiler.compile(VERSION, "x.py", utf8("x = 1\n".repeat(20_000)), result -> result);
      }
    }
    assertThat(last.isDone()).isTrue();
    assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive)).isEmpty();
  }
}

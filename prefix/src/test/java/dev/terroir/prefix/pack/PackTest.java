package dev.terroir.prefix.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.prefix.PrefixException;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.Rattler;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Conda environments packed as archives")
class PackTest {
  @TempDir static Path shared;
  static Rattler rattler;
  static CondaChannel channel;

  @TempDir Path given;
  Path folder;

  @BeforeAll
  static void make() throws IOException {
    var found = Rattler.shared();
    assumeTrue(found.isPresent(), "py-rattler cannot be installed");
    rattler = found.get();
    var python = SampleChannel.python();
    assumeTrue(python.isPresent(), "no Python 3.11 here");
    channel = SampleChannel.standard(shared.resolve("channel"), python.get());
  }

  @org.junit.jupiter.api.BeforeEach
  void place() throws IOException {
    folder = given.toRealPath();
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"env.tar.gz", "env.tar.zst"})
  void environmentRunsElsewhereWhenTheOriginalIsGone(String name) throws IOException {
    var prefix =
        install("prefix", "greeter=2.0", "pip", "placed", "scripted", "linked", "activated");
    pipInstall(prefix);
    var packed = Pack.write(prefix, folder.resolve(name));
    assertThat(packed.files()).isGreaterThan(500);
    assertThat(packed.notes()).isEmpty();
    Trees.delete(prefix);

    var other = unpack(folder.resolve(name), folder.resolve("quite/another/place/with a space"));
    assertThat(output(other, "bin/python", "-c", "import sys; print(sys.prefix)"))
        .isEqualTo(other.toString());
    assertThat(output(other, "bin/greet")).isEqualTo("hello from 2.0 in " + other);
    assertThat(output(other, "bin/own-tool")).isEqualTo("own tool in " + other);
    assertThat(output(other, "bin/where-am-i")).isEqualTo(other.toString());
    if (CondaSample.canCompile()) {
      assertThat(output(other, "bin/placed")).isEqualTo(other + "\nhello from placed 1.0");
    }
    assertThat(output(other, "bin/python", "-m", "pip", "list", "--format=freeze"))
        .contains("greeter==2.0", "own-tool==1.0");
    assertThat(
            output(
                other,
                "bin/python",
                "-c",
                "import sysconfig; print(sysconfig.get_config_var('INCLUDEPY'))"))
        .isEqualTo(other + "/include/python3.11");
    assertThat(other.resolve("lib/liblinked.so")).isSymbolicLink().hasContent("a library");
    assertThat(holders(other, folder.resolve("prefix").toString())).isEmpty();
    assertThat(holders(other, PackedFiles.PLACEHOLDER)).containsOnly(".terroir-pack.json");
  }

  @Test
  void shellIsActivatedAndDeactivated() throws IOException {
    var prefix = install("prefix", "greeter", "activated");
    Pack.write(prefix, folder.resolve("env.tar.gz"));
    var other = unpack(folder.resolve("env.tar.gz"), folder.resolve("other"));
    var script =
        ". '%s/bin/activate'; echo $ACTIVATED $ACTIVATED_BY; greet; deactivate; echo ${ACTIVATED-none} ${ACTIVATED_BY-none} ${CONDA_PREFIX-none}; command -v greet || echo gone"
            .formatted(other);
    for (var shell : List.of("sh", "bash")) {
      assertThat(run(List.of(shell, "-ec", script)).output())
          .isEqualTo(other + " variables\nhello from 2.0 in " + other + "\nnone none none\ngone\n");
    }
  }

  @Test
  void recordsAreReadAtTheNewPlaceAndTellNothingOfTheOld() throws IOException {
    var prefix = install("prefix", "greeter", "scripted");
    Pack.write(prefix, folder.resolve("env.tar.gz"));
    var other = unpack(folder.resolve("env.tar.gz"), folder.resolve("other"));
    var result =
        rattler.run(
            """
            import sys
            from pathlib import Path
            from rattler import PrefixRecord
            for file in sorted(Path(sys.argv[1], "conda-meta").glob("*.json")):
                print(PrefixRecord.from_path(file).name.normalized)
            """,
            Map.of(),
            other.toString());
    assertThat(result.output()).as(result.error()).isEqualTo("greeter\npython\nscripted\n");
    assertThat(holders(other, folder.resolve("cache").toString())).isEmpty();
  }

  @Test
  void sameEnvironmentAtAnotherPlaceGivesTheSameBytes() throws IOException {
    var one = install("one", "greeter", "scripted", "placed", "linked");
    var two = install("at/another/place/two", "greeter", "scripted", "placed", "linked");
    Files.setLastModifiedTime(
        two.resolve("etc/scripted.conf"), FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
    for (var name : List.of("one.tar.gz", "two.tar.gz", "one.tar.zst", "two.tar.zst")) {
      Pack.write(name.startsWith("one") ? one : two, folder.resolve(name));
    }
    assertThat(Sha256.of(folder.resolve("one.tar.gz")))
        .isEqualTo(Sha256.of(folder.resolve("two.tar.gz")));
    assertThat(Sha256.of(folder.resolve("one.tar.zst")))
        .isEqualTo(Sha256.of(folder.resolve("two.tar.zst")));
  }

  @Test
  void placeThatIsTooLongIsRefusedBeforeAnythingIsChanged() throws IOException {
    Pack.write(install("prefix", "python", "scripted"), folder.resolve("env.tar.gz"));
    var deep = folder.resolve("a".repeat(120)).resolve("b".repeat(150));
    var result = unpackResult(folder.resolve("env.tar.gz"), deep);
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.error()).contains("programs in the environment have room for 255");
    assertThat(Files.readString(deep.resolve("etc/scripted.conf"))).contains("_placehold");
  }

  @Test
  void longPlaceLeavesProgramsOnTheirInterpreter() throws IOException {
    Pack.write(install("prefix", "greeter", "scripted"), folder.resolve("env.tar.gz"));
    var deep = unpack(folder.resolve("env.tar.gz"), folder.resolve("d".repeat(130)));
    assertThat(Files.readAllLines(deep.resolve("bin/greet")).getFirst()).isEqualTo("#!/bin/sh");
    assertThat(output(deep, "bin/greet")).isEqualTo("hello from 2.0 in " + deep);
    assertThat(Files.readAllLines(deep.resolve("bin/where-am-i")).getFirst())
        .as("nothing of the environment runs it")
        .isEqualTo("#!/bin/sh");
  }

  @Test
  void secondRunDoesNothingAndMovedEnvironmentIsRefused() throws IOException {
    Pack.write(install("prefix", "greeter"), folder.resolve("env.tar.gz"));
    var other = unpack(folder.resolve("env.tar.gz"), folder.resolve("other"));
    assertThat(run(List.of(other.resolve("bin/terroir-unpack").toString())).output())
        .contains("lies where it was fitted to");
    Files.move(other, folder.resolve("moved"));
    var moved = run(List.of(folder.resolve("moved/bin/terroir-unpack").toString()));
    assertThat(moved.exitCode()).isEqualTo(1);
    assertThat(moved.error()).contains("was fitted to " + other);
  }

  @Test
  void filesAreThoseOfCondaPack() throws IOException {
    var peer = folder.resolve("peer");
    run(List.of(rattler.python().toString(), "-m", "venv", peer.toString()));
    var pip =
        new Command(
                List.of(
                    peer.resolve("bin/python").toString(),
                    "-m",
                    "pip",
                    "install",
                    "-q",
                    "conda-pack==0.9.2"),
                Settings.system().variables(),
                null,
                Duration.ofMinutes(5))
            .run();
    assumeTrue(pip.isSuccess(), "conda-pack cannot be installed: " + pip.error());
    var prefix = install("prefix", "python", "scripted", "placed", "linked", "activated");
    var archive = folder.resolve("theirs.tar").toString();
    var packed =
        run(List.of(peer + "/bin/conda-pack", "-q", "-p", prefix.toString(), "-o", archive));
    assertThat(packed.exitCode()).as(packed.error()).isZero();
    Pack.write(prefix, folder.resolve("ours.tar.zst"));
    // Both are fitted to one place, for it is in the files.
    var place = folder.resolve("place");
    var ours = files(unpack(folder.resolve("ours.tar.zst"), place));
    Trees.delete(place);
    Files.createDirectories(place);
    run(List.of("tar", "-xf", archive, "-C", place.toString()));
    output(place, "bin/python", place + "/bin/conda-unpack");
    assertThat(ours).hasSizeGreaterThan(500).isEqualTo(files(place));
  }

  /// Digests of what is of packages, without the programs of either packer and without records.
  private static Map<String, String> files(Path root) throws IOException {
    var files = new java.util.TreeMap<String, String>();
    try (var walk = Files.walk(root)) {
      for (var file : walk.filter(path -> !Files.isDirectory(path)).toList()) {
        var path = root.relativize(file).toString();
        if (!path.matches(
            "conda-meta/.*|.*__pycache__.*|CACHEDIR[.]TAG|[.]terroir-pack[.]json"
                + "|bin/(activate|activate[.]fish|deactivate|.*unpack.*)")) {
          files.put(
              path,
              Files.isSymbolicLink(file)
                  ? "-> " + Files.readSymbolicLink(file)
                  : Files.isExecutable(file) + " " + Sha256.of(file).hex());
        }
      }
    }
    return files;
  }

  @Test
  void fittingThatEndedHalfwayIsFinishedByAnotherRun() throws IOException {
    Pack.write(install("prefix", "scripted", "placed"), folder.resolve("env.tar.zst"));
    var other = Files.createDirectories(folder.resolve("other"));
    run(List.of("tar", "-xf", folder.resolve("env.tar.zst").toString(), "-C", other.toString()));
    var conf = other.resolve("etc/scripted.conf");
    Files.move(conf, folder.resolve("aside"));
    var failed = run(List.of(other.resolve("bin/terroir-unpack").toString()));
    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.error()).contains("scripted.conf").doesNotContain("Traceback");
    assertThat(Files.readString(other.resolve("bin/where-am-i"))).contains(other.toString());
    Files.move(folder.resolve("aside"), conf);
    assertThat(run(List.of(other.resolve("bin/terroir-unpack").toString())).exitCode()).isZero();
    assertThat(conf).hasContent("home=" + other + "\nlib=" + other + "/lib");
    assertThat(output(other, "bin/where-am-i")).isEqualTo(other.toString());
  }

  @Test
  void environmentWithoutPythonIsFittedByAnotherPython() throws IOException {
    Pack.write(install("prefix", "scripted", "placed"), folder.resolve("env.tar.gz"));
    var other = unpack(folder.resolve("env.tar.gz"), folder.resolve("other"));
    assertThat(output(other, "bin/where-am-i")).isEqualTo(other.toString());
  }

  @Test
  void editableInstallationsAreAllRefusedWithWhereTheirCodeLies() throws IOException {
    var prefix = install("prefix", "greeter", "pip");
    var site = prefix.resolve("lib/python3.11/site-packages");
    Files.createDirectories(site.resolve("ours-1.0.dist-info"));
    Files.writeString(
        site.resolve("ours-1.0.dist-info/direct_url.json"),
        "{\"url\": \"file:///home/me/ours\", \"dir_info\": {\"editable\": true}}");
    Files.writeString(site.resolve("__editable__.ours-1.0.pth"), "/home/me/ours\n");
    Files.writeString(site.resolve("theirs.egg-link"), "/home/me/theirs\n.\n");
    assertThatThrownBy(() -> Pack.write(prefix, folder.resolve("env.tar.gz")))
        .isInstanceOfSatisfying(
            PrefixException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("the environment would not run elsewhere")
                    .contains("/home/me/ours`")
                    .contains("/home/me/theirs`")
                    .contains("without `-e`"));
    assertThat(folder.resolve("env.tar.gz")).doesNotExist();
  }

  @Test
  void changedProgramAndLinkOutsideAreRefused() throws IOException {
    assumeTrue(CondaSample.canCompile(), "no gcc here");
    var prefix = install("prefix", "placed");
    var program = prefix.resolve("bin/placed");
    var bytes = Files.readAllBytes(program);
    bytes[bytes.length - 1] ^= 1;
    Files.delete(program);
    Files.write(program, bytes);
    Files.createSymbolicLink(prefix.resolve("share/outside"), Path.of("/etc/hostname"));
    Files.createSymbolicLink(prefix.resolve("share/inside"), prefix.resolve("share/placed"));
    assertThatThrownBy(() -> Pack.write(prefix, folder.resolve("env.tar.gz")))
        .isInstanceOfSatisfying(
            PrefixException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("`bin/placed` was changed after it was installed")
                    .contains("the link `share/outside` leads to `/etc/hostname`")
                    .doesNotContain("share/inside"));
  }

  @Test
  void changedTextIsTakenAsItIsAndFitted() throws IOException {
    var prefix = install("prefix", "scripted", "python");
    var conf = prefix.resolve("etc/scripted.conf");
    Files.delete(conf);
    Files.writeString(conf, "mine=" + prefix + "\nnext=" + prefix + "-other\n");
    Files.createSymbolicLink(prefix.resolve("share"), prefix.resolve("etc"));
    Pack.write(prefix, folder.resolve("env.tar.gz"));
    var other = unpack(folder.resolve("env.tar.gz"), folder.resolve("other"));
    assertThat(other.resolve("share/scripted.conf"))
        .hasContent("mine=" + other + "\nnext=" + prefix + "-other");
  }

  @Test
  void whatIsNoCondaEnvironmentIsRefused() throws IOException {
    var venv = folder.resolve("venv");
    run(List.of(rattler.python().toString(), "-m", "venv", "--without-pip", venv.toString()));
    assertThatThrownBy(() -> Pack.write(venv, folder.resolve("env.tar.gz")))
        .isInstanceOfSatisfying(
            PrefixException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("[not-packable]")
                    .contains("a virtual environment, which stands on the interpreter in `/"));
    assertThatThrownBy(() -> Pack.write(folder.resolve("none"), folder.resolve("env.tar.gz")))
        .hasMessageContaining("the directory is no conda environment");
    var prefix = install("prefix", "scripted");
    assertThatThrownBy(() -> Pack.write(prefix, folder.resolve("env.zip")))
        .hasMessageContaining("`env.zip` does not say how to pack");
    assertThatThrownBy(() -> Pack.write(prefix, prefix.resolve("env.tar.gz")))
        .hasMessageContaining("in the environment itself");
  }

  private Path install(String name, String... specs) throws IOException {
    var prefix = folder.resolve(name);
    rattler.install(channel.url().toString(), prefix, folder.resolve("cache"), specs);
    return prefix;
  }

  /// Installs a wheel with the environment's own pip, so that there is what no record of conda has.
  private void pipInstall(Path prefix) throws IOException {
    var source = Files.createDirectories(folder.resolve("wheel"));
    var info = "own_tool-1.0.dist-info/";
    var wheel = source.resolve("own_tool-1.0-py3-none-any.whl");
    try (var zip = new java.util.zip.ZipOutputStream(Files.newOutputStream(wheel))) {
      for (var entry :
          Map.of(
                  "own_tool.py",
                  "import sys\ndef main():\n    print('own tool in', sys.prefix)\n",
                  info + "METADATA",
                  "Metadata-Version: 2.1\nName: own-tool\nVersion: 1.0\n",
                  info + "WHEEL",
                  "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                  info + "entry_points.txt",
                  "[console_scripts]\nown-tool = own_tool:main\n",
                  info + "RECORD",
                  "own_tool.py,,\n")
              .entrySet()) {
        zip.putNextEntry(new java.util.zip.ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    output(prefix, "bin/python", "-m", "pip", "install", "-q", "--no-index", wheel.toString());
    assertThat(output(prefix, "bin/own-tool")).isEqualTo("own tool in " + prefix);
  }

  private Path unpack(Path archive, Path into) throws IOException {
    var result = unpackResult(archive, into);
    assertThat(result.exitCode()).as(result.error()).isZero();
    assertThat(result.output()).contains("is fitted to " + into);
    return into;
  }

  private Command.Result unpackResult(Path archive, Path into) throws IOException {
    Files.createDirectories(into);
    var tar = run(List.of("tar", "-xf", archive.toString(), "-C", into.toString()));
    assertThat(tar.exitCode()).as(tar.error()).isZero();
    return run(List.of(into.resolve("bin/terroir-unpack").toString()));
  }

  /// The paths of files that hold a text.
  private static List<String> holders(Path root, String text) throws IOException {
    try (var walk = Files.walk(root)) {
      var found = new ArrayList<String>();
      for (var file : walk.filter(Files::isRegularFile).sorted().toList()) {
        var isByteCode = file.toString().endsWith(".pyc");
        if (!isByteCode
            && Placeholders.indexOf(
                    Files.readAllBytes(file), text.getBytes(StandardCharsets.UTF_8), 0)
                >= 0) {
          found.add(root.relativize(file).toString());
        }
      }
      return found;
    }
  }

  private String output(Path prefix, String program, String... arguments) {
    var command = new ArrayList<>(List.of(prefix.resolve(program).toString()));
    command.addAll(List.of(arguments));
    var result = run(command);
    assertThat(result.exitCode()).as(result.error()).isZero();
    return result.output().strip();
  }

  private Command.Result run(List<String> command) {
    return new Command(
            command,
            Map.of("PATH", Settings.system().get("PATH").orElse("")),
            folder,
            Duration.ofMinutes(2))
        .run();
  }
}

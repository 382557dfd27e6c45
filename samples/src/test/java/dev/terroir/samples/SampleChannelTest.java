package dev.terroir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The sample channel, as rattler sees it")
class SampleChannelTest {
  @TempDir static Path shared;
  static Rattler rattler;
  static CondaChannel channel;
  static Path python;

  @TempDir Path folder;

  @BeforeAll
  static void make() throws IOException {
    var found = Rattler.shared();
    assumeTrue(found.isPresent(), "py-rattler cannot be installed");
    rattler = found.get();
    var interpreter = SampleChannel.python();
    assumeTrue(interpreter.isPresent(), "no Python 3.11 here");
    python = interpreter.get();
    channel = SampleChannel.standard(shared.resolve("channel"), python);
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = RepodataForm.class,
      names = {"JSON", "ZST", "BZ2", "SHARDED"})
  void isSolvedFromEachFormOfRepodata(RepodataForm form) throws IOException {
    var own = CondaChannel.at(folder.resolve("channel"));
    Trees.delete(own.directory());
    Trees.copy(channel.directory(), own.directory());
    own.index(form);
    try (var server = CondaServer.serving(own.directory())) {
      assertThat(install(server.url().toString(), "baz", "libfoo 2.0"))
          .isEqualTo("baz=2.0=0\nlibfoo=2.0=b_1");
      assertThat(server.requests())
          .as("it was read in this form")
          .anySatisfy((path, _) ->
              assertThat(path)
                  .isEqualTo(
                      switch (form) {
                        case JSON -> "linux-64/repodata.json";
                        case ZST -> "linux-64/repodata.json.zst";
                        case BZ2 -> "linux-64/repodata.json.bz2";
                        case SHARDED -> "linux-64/repodata_shards.msgpack.zst";
                        case CURRENT -> throw new AssertionError();
                      }));
    }
    assertThat(prefix().resolve("share/libfoo.txt")).hasContent("2.0 1");
  }

  @Test
  void interpreterRunsFromWhereverItIsInstalled() throws IOException {
    install(channel.url().toString(), "greeter=2.0", "pip");
    assertThat(run("bin/python", "-c", "import ctypes, json, ssl, sqlite3, sys; print(sys.prefix)"))
        .isEqualTo(prefix().toRealPath().toString());
    assertThat(
            run(
                "bin/python3",
                "-c",
                "import sysconfig; print(sysconfig.get_path('purelib'),"
                    + " sysconfig.get_config_var('INCLUDEPY'))"))
        .isEqualTo(prefix() + "/lib/python3.11/site-packages " + prefix() + "/include/python3.11");
    assertThat(run("bin/greet")).isEqualTo("hello from 2.0 in " + prefix());
    assertThat(run("bin/python", "-m", "pip", "list", "--format=freeze")).contains("greeter==2.0");
    assertThat(
            run(
                "bin/python",
                "-c",
                "print([l.split()[-1] for l in open('/proc/self/maps') if 'libpython' in l][:1])"))
        .as("the interpreter's own library, not the one it was made of")
        .matches("\\[]|\\['" + prefix() + "/lib/libpython.*']");
  }

  @Test
  void compiledProgramFindsItsFilesThroughItsPrefix() throws IOException {
    assumeTrue(CondaSample.canCompile(), "no gcc here");
    install(channel.url().toString(), "placed", "scripted");
    assertThat(run("bin/placed")).isEqualTo(prefix() + "\nhello from placed 1.0");
    assertThat(run("bin/where-am-i")).isEqualTo(prefix().toString());
    var bytes =
        Files.readString(
            prefix().resolve("lib/scripted.bin"), java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(bytes)
        .contains(prefix() + "/lib\0")
        .doesNotContain("_placehold")
        .endsWith("\0\0end\0");
  }

  @Test
  void linksAreLinked() throws IOException {
    install(channel.url().toString(), "linked");
    assertThat(prefix().resolve("lib/liblinked.so")).isSymbolicLink().hasContent("a library");
    assertThat(prefix().resolve("share/linked-folder/same.txt")).hasContent("data");
    assertThat(Files.isSymbolicLink(prefix().resolve("share/linked/nowhere"))).isTrue();
  }

  @Test
  void recordsOfThePrefixAreRead() throws IOException {
    install(channel.url().toString(), "activated", "old-format", "greeter");
    var result =
        rattler.run(
            """
            import sys
            from pathlib import Path
            from rattler import PrefixRecord
            for file in sorted(Path(sys.argv[1], "conda-meta").glob("*.json")):
                record = PrefixRecord.from_path(file)
                if record.name.normalized != "python":
                    print(record.name.normalized, len(record.files), record.license)
            """,
            Map.of(),
            prefix().toString());
    assertThat(result.error()).isEmpty();
    assertThat(result.output())
        .isEqualTo("activated 3 MIT\ngreeter 6 BSD-3-Clause\nold-format 1 MIT\n");
  }

  @Test
  void packageThatExcludesAnotherIsExplained() {
    assertThatThrownBy(() -> install(channel.url().toString(), "foo", "bar"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("libfoo >=1,<2")
        .hasMessageContaining("libfoo >=2,<3");
  }

  @Test
  void everyInterpreterOfThisMachineCanBePacked() throws IOException {
    var others =
        Stream.of(Path.of("/usr/bin/python3.11"), Path.of("/usr/bin/python3"))
            .filter(Files::isExecutable)
            .findFirst();
    assumeTrue(others.isPresent(), "no Python of the distribution here");
    var own = SampleChannel.standard(folder.resolve("channel"), others.get());
    install(own.url().toString(), "greeter=1.0", "scripted");
    assertThat(run("bin/greet")).isEqualTo("hello from 1.0 in " + prefix());
    assertThat(run("bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"))
        .isEqualTo(run("bin/python", "-c", "import greeter; print(greeter.__path__[0][:-8])"));
  }

  private Path prefix() {
    return folder.resolve("prefix");
  }

  private String install(String url, String... specs) throws IOException {
    return rattler.install(url, prefix(), folder.resolve("cache"), specs);
  }

  /// What a program of the prefix prints, in a process environment that helps it nowhere.
  private String run(String program, String... arguments) {
    var command = new java.util.ArrayList<>(List.of(prefix().resolve(program).toString()));
    command.addAll(List.of(arguments));
    var result =
        new Command(
                command,
                Map.of("PATH", Settings.system().get("PATH").orElse("")),
                folder,
                Duration.ofMinutes(1))
            .run();
    assertThat(result.error()).isEmpty();
    return result.output().strip();
  }
}

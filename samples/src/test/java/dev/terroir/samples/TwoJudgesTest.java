package dev.terroir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The same packages, installed by rattler and by conda")
class TwoJudgesTest {
  private static final String[] SPECS = {"foo", "placed", "scripted", "linked", "activated"};

  @TempDir Path given;
  Path folder;
  Rattler rattler;
  OldConda conda;
  CondaChannel channel;

  @BeforeEach
  void make() throws IOException {
    folder = given.toRealPath();
    var old = OldConda.shared();
    assumeTrue(old.isPresent(), "conda " + OldConda.VERSION + " cannot be installed");
    conda = old.get();
    var found = Rattler.shared();
    assumeTrue(found.isPresent(), "py-rattler cannot be installed");
    rattler = found.get();
    var python = SampleChannel.python();
    assumeTrue(python.isPresent(), "no Python 3.11 here");
    channel = SampleChannel.standard(folder.resolve("channel"), python.get(), CondaFormat.TAR_BZ2);
  }

  @Test
  void filesAreTheSame() throws IOException {
    var prefix = folder.resolve("prefix");
    conda.install(channel.url().toString(), prefix, folder.resolve("conda"), SPECS);
    assertThat(conda.list(prefix, folder.resolve("conda")))
        .isEqualTo(
            "activated=1.0=0\n"
                + "foo=1.0=0\n"
                + "libfoo=1.1=b_1\n"
                + "linked=1.0=0\n"
                + "placed=1.0=0\n"
                + "scripted=1.0=0");
    var byConda = files(prefix);
    Files.move(prefix, folder.resolve("by-conda"));
    rattler.install(channel.url().toString(), prefix, folder.resolve("cache"), SPECS);
    assertThat(files(prefix)).hasSizeGreaterThan(15).isEqualTo(byConda);
  }

  @Test
  void interpreterOfThisMachineRunsWhenCondaInstalledIt() throws IOException {
    var prefix = folder.resolve("prefix");
    // Not a `noarch: python` package: conda 4.3 takes the first digit of 3.11's for the whole.
    conda.install(channel.url().toString(), prefix, folder.resolve("conda"), "python");
    var result =
        new Command(
                List.of(
                    prefix.resolve("bin/python").toString(),
                    "-c",
                    "import json, ssl, sys, sysconfig; print(sys.prefix,"
                        + " sysconfig.get_config_var('INCLUDEPY'))"),
                Map.of(),
                folder,
                Duration.ofMinutes(1))
            .run();
    assertThat(result.output())
        .as(result.error())
        .isEqualTo(prefix + " " + prefix + "/include/python3.11\n");
  }

  @Test
  void whatRattlerInstalledIsListedByConda() throws IOException {
    var prefix = folder.resolve("prefix");
    rattler.install(channel.url().toString(), prefix, folder.resolve("cache"), "bar", "greeter");
    assertThat(conda.list(prefix, folder.resolve("conda")).lines())
        .hasSize(4)
        .contains("bar=1.0=0", "libfoo=2.0=b_1", "greeter=2.0=pyh0_0");
  }

  /// Paths with type, permissions and content, without what each tool writes of its own.
  private static Map<String, String> files(Path prefix) throws IOException {
    var files = new TreeMap<String, String>();
    try (var walk = Files.walk(prefix)) {
      for (var file :
          walk.filter(path -> !Files.isDirectory(path) || Files.isSymbolicLink(path)).toList()) {
        var path = prefix.relativize(file).toString();
        // conda 4.3 puts its own scripts for shells beside the packages, rattler a mark for
        // backups.
        if (path.startsWith("conda-meta/")
            || path.matches("bin/(de)?activate|bin/conda|CACHEDIR[.]TAG")) {
          continue;
        }
        files.put(
            path,
            Files.isSymbolicLink(file)
                ? "-> " + Files.readSymbolicLink(file)
                : PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
                    + " "
                    + Sha256.of(file).hex());
      }
    }
    return files;
  }
}

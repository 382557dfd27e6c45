package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.Rattler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir environment pack")
class PackCommandTest {
  @TempDir Path folder;

  @Test
  void condaEnvironmentBecomesAnArchiveThatRunsElsewhere() throws IOException {
    var rattler = Rattler.shared();
    assumeTrue(rattler.isPresent(), "py-rattler cannot be installed");
    var channel =
        CondaChannel.at(folder.resolve("channel"))
            .add(
                CondaSample.of("scripted", "1.0")
                    .textWithPrefix("bin/where-am-i", "#!/bin/sh\necho {prefix}\n", 0755))
            .index();
    var prefix = folder.toRealPath().resolve("prefix");
    rattler.get().install(channel.url().toString(), prefix, folder.resolve("cache"), "scripted");
    var terroir = new Terroir(folder);
    var archive = folder.resolve("scripted.tar.gz");
    var json =
        terroir
            .run("environment pack", "-p", prefix.toString(), "-o", archive.toString())
            .succeeds()
            .json();
    assertThat(json.string("file")).isEqualTo(archive.toString());
    assertThat(json.longValue("sizeBytes")).isEqualTo(Files.size(archive));
    Trees.delete(prefix);
    var other = Files.createDirectories(folder.toRealPath().resolve("other"));
    output("tar", "-xf", archive.toString(), "-C", other.toString());
    output(other.resolve("bin/terroir-unpack").toString());
    assertThat(output(other.resolve("bin/where-am-i").toString())).isEqualTo(other + "\n");
  }

  @Test
  void virtualEnvironmentIsRefusedWithTheReason() {
    var terroir = new Terroir(folder);
    terroir.environment("demo", "alpha");
    var refused = terroir.run("environment pack", "-d", terroir.directory(), "-o", "demo.tar.gz");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err())
        .contains("[not-packable]", "it is a virtual environment, which stands on the interpreter");
  }

  private static String output(String... command) {
    var result =
        new Command(List.of(command), Settings.system().variables(), null, Duration.ofMinutes(1))
            .run();
    assertThat(result.exitCode()).as(result.error()).isZero();
    return result.output();
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.workspace.accounts.Role;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Big files over connections that are cut")
class CutTransfersTest {
  private static final int SIZE = 40 << 20;
  private static final int CUTS = 6;

  /// Less than a piece, so that some are cut within.
  private static final long EVERY = 7_000_000;

  @TempDir Path folder;

  private RemoteTeam team;
  private CuttingProxy proxy;
  private byte[] bytes;
  private String token;

  @BeforeEach
  void serve() throws Exception {
    team = new RemoteTeam(folder);
    proxy = new CuttingProxy(URI.create(team.server.url()).getPort(), EVERY, CUTS);
    bytes = new byte[SIZE];
    new Random(4).nextBytes(bytes);
    token = team.server.context().tokens().create("t", Role.CONTRIBUTOR, null, null).secret();
  }

  @AfterEach
  void end() throws Exception {
    proxy.close();
    team.close();
  }

  private String url() {
    return "http://127.0.0.1:" + proxy.port();
  }

  /// What was cut off within a piece is sent again, and no more.
  private void assertNotSentAnew() {
    assertThat(proxy.cutsLeft()).isZero();
    assertThat(proxy.sent()).isLessThan(SIZE + CUTS * (9L << 20)).isGreaterThan(SIZE);
  }

  @Test
  void comeIntoADatastoreByTheCommandLine() throws Exception {
    var terroir =
        new Terroir(
            folder.resolve("here"),
            List.of(
                Settings.TERROIR_WORKSPACE + "=" + url(), Settings.TERROIR_TOKEN + "=" + token));
    var file = terroir.project.resolve("big.bin");
    Files.write(file, bytes);
    terroir.run("datastore upload -u in -p", file.toString()).succeeds();
    var store = team.workspace.datastores().folder("workspaceblobstore");
    assertThat(store.file("in/big.bin")).hasBinaryContent(bytes);
    assertNotSentAnew();
    // What a model is of goes the same way.
    terroir.run("model register -n m -p", file.toString()).succeeds();
    proxy.cutAgain(CUTS);
    var before = proxy.received();
    var back = folder.resolve("back");
    terroir.run("model download -i m:1 -t", back.toString()).succeeds();
    assertThat(back.resolve("big.bin")).hasBinaryContent(bytes);
    assertThat(proxy.cutsLeft()).isLessThan(CUTS - 2);
    // What was on its way when it was cut comes again, and no more.
    assertThat(proxy.received() - before).isLessThan(SIZE + CUTS * (4L << 20));
  }

  @Test
  void comeIntoADatastoreByThePythonClientInLittleMemory() throws Exception {
    Files.write(folder.resolve("big.bin"), bytes);
    var variables = new TreeMap<>(Settings.system().variables());
    variables.put(
        "PYTHONPATH",
        Path.of(System.getProperty("terroir.root"), "clients/python/terroir/src").toString());
    variables.put("TERROIR_TOKEN", token);
    var script =
        """
        import resource, terroir
        workspace = terroir.Workspace(terroir.connect(endpoint='%s'))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        workspace.upload('workspaceblobstore', 'in/big.bin', 'big.bin')
        print('grew by', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
            .formatted(url());
    var result =
        new Command(List.of("python3", "-c", script), variables, folder, Duration.ofMinutes(3))
            .run();
    assertThat(result.exitCode()).as(result.output() + result.error()).isZero();
    var store = team.workspace.datastores().folder("workspaceblobstore");
    assertThat(store.file("in/big.bin")).hasBinaryContent(bytes);
    assertNotSentAnew();
    // In kilobytes: a piece at most, and not the file.
    var grown = Long.parseLong(result.output().replaceAll("\\D", ""));
    assertThat(grown).isLessThan(16_000);
  }
}

package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A disk that is full")
class FullDiskTest {
  private static final int SIZE = 8 << 20;

  @TempDir Path folder;
  private Path disk;
  private boolean isMounted;

  private static boolean program(String... command) throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(folder.resolve("disk"));
    isMounted = program("mount", "-t", "tmpfs", "-o", "size=" + SIZE, "tmpfs", disk.toString());
    if (!isMounted) {
      System.err.println("SKIPPED: a small disk cannot be mounted; it takes root");
    }
    assumeTrue(isMounted, "a disk of its own");
  }

  @AfterEach
  void unmount() throws Exception {
    if (isMounted) {
      assertThat(program("umount", "--lazy", disk.toString())).isTrue();
    }
  }

  /// Leaves no free byte.
  private void fill() throws IOException {
    var bytes = new byte[4096];
    try (var out = Files.newOutputStream(disk.resolve("filler"))) {
      while (true) {
        out.write(bytes);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("space");
    }
  }

  @Test
  void isSaidAndNothingHalfWrittenIsSeen() throws Exception {
    try (var served = new Served(disk)) {
      var api = served.owner();
      var bytes = new byte[2 << 20];
      new Random(6).nextBytes(bytes);
      var small = Arrays.copyOf(bytes, 100_000);
      var digest = Sha256.of(bytes).prefixed();
      var smallDigest = Sha256.of(small).prefixed();
      api.put("/api/v1/contents/" + smallDigest, small).is(204);
      api.send("POST", "/api/v1/environments", Definitions.of("before", "x")).is(201);
      fill();
      var data = "/api/v1/datastores/workspaceblobstore/files/";
      var model =
          "{\"name\": \"m\", \"files\": [{\"path\": \"m.bin\", \"digest\": \""
              + smallDigest
              + "\", \"size\": 100000}]}";
      var big = "y".repeat(1 << 20);
      for (int i = 0; i < 2; i++) {
        api.put("/api/v1/contents/" + digest, bytes).refused(507, "disk-full");
        api.put(data + "big.bin", bytes).refused(507, "disk-full");
        api.send("POST", "/api/v1/environments", Definitions.of("during", big))
            .refused(507, "disk-full");
        assertThat(api.send("POST", "/api/v1/models", model).status()).isIn(507, 201);
        api.get("/api/v1/environments/before/versions/1").is(200);
        api.get("/api/v1/contents/" + digest).is(404);
        api.get("/api/v1/environments/during/versions/1").is(404);
        api.get(data + "big.bin").is(404);
        assertThat(
                api.get("/api/v1/datastores/workspaceblobstore/files")
                    .is(200)
                    .json()
                    .objects("items"))
            .isEmpty();
        assertThat(api.get("/health/ready").status()).isIn(200, 503);
      }
      Files.delete(disk.resolve("filler"));
      api.get("/health/ready").is(200);
      api.put("/api/v1/contents/" + digest, bytes).is(204);
      assertThat(Sha256.of(api.get("/api/v1/contents/" + digest).response().body()).prefixed())
          .isEqualTo(digest);
      api.put(data + "big.bin", bytes).is(201);
      api.send("POST", "/api/v1/environments", Definitions.of("during", "x")).is(201);
      api.send("POST", "/api/v1/models", model).is(201);
      try (var left = Files.walk(disk.resolve("team"))) {
        assertThat(left.map(path -> path.getFileName().toString()))
            .noneMatch(it -> it.endsWith(".tmp"));
      }
    }
  }
}

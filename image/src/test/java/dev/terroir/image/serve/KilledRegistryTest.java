package dev.terroir.image.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.SampleImage;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.Registries;
import dev.terroir.image.registry.RegistryOptions;
import dev.terroir.image.transfer.Copy;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Registries that are killed while they take an image, and several over one folder")
class KilledRegistryTest {
  @TempDir Path temporary;
  private final List<Process> running = new ArrayList<>();

  @AfterEach
  void stop() throws InterruptedException {
    for (var process : running) {
      process.destroyForcibly().waitFor();
    }
  }

  private Path folder() {
    return temporary.resolve("layout");
  }

  private record Running(Process process, String address) {
    void kill() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }
  }

  private Running start() throws IOException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path"),
                WritableRegistry.class.getName(),
                folder().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    running.add(process);
    return new Running(
        process, new BufferedReader(process.inputReader(StandardCharsets.UTF_8)).readLine());
  }

  private static byte[] random(int size) {
    var bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  /// Sends a part of a body that is announced to be longer, and waits until the registry has it.
  ///
  /// @param before what it had before
  private static void sendPart(String address, String place, byte[] bytes, int before, int sent)
      throws Exception {
    var host = address.split(":");
    try (var socket = new Socket(host[0], Integer.parseInt(host[1]));
        var wire = Wire.to(address)) {
      var out = socket.getOutputStream();
      out.write(
          ("PATCH "
                  + place
                  + " HTTP/1.1\r\nHost: "
                  + address
                  + "\r\nContent-Length: "
                  + bytes.length
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      out.write(bytes, 0, sent);
      out.flush();
      for (int i = 0; i < 500; i++) {
        if (wire.send("GET", place).header("Range").equals("0-" + (before + sent - 1))) {
          return;
        }
        Thread.sleep(20);
      }
      throw new AssertionError("the registry has not taken what was sent");
    }
  }

  @Test
  void anUploadThatWasCutOffGoesOnAfterARestart() throws Exception {
    var bytes = random(3_000_000);
    var digest = Digest.of(bytes);
    var first = start();
    String place;
    try (var wire = Wire.to(first.address())) {
      place = wire.send("POST", "/v2/team/app/blobs/uploads/").header("Location");
      sendPart(first.address(), place, bytes, 0, 1_000_000);
    }
    first.kill();
    assertThat(new OciLayout(folder()).verify()).isEmpty();
    assertThat(new OciLayout(folder()).blobs().find(digest)).isEmpty();
    var second = start();
    try (var wire = Wire.to(second.address())) {
      var status = wire.send("GET", place);
      assertThat(status.status()).isEqualTo(204);
      assertThat(status.header("Range")).isEqualTo("0-999999");
      // The client breaks off this time, and comes back at once.
      var rest = Arrays.copyOfRange(bytes, 1_000_000, 3_000_000);
      sendPart(second.address(), place, rest, 1_000_000, 500_000);
    }
    try (var wire = Wire.to(second.address())) {
      var status = wire.send("GET", place).header("Range");
      assertThat(status).isEqualTo("0-1499999");
      var rest = Arrays.copyOfRange(bytes, 1_500_000, 3_000_000);
      assertThat(wire.send("PATCH", place, rest, "Content-Range", "1500000-2999999").status())
          .isEqualTo(202);
      assertThat(wire.send("PUT", place + "?digest=" + digest).status()).isEqualTo(201);
      assertThat(wire.send("GET", "/v2/team/app/blobs/" + digest).bytes()).isEqualTo(bytes);
    }
    assertThat(new OciLayout(folder()).verify()).isEmpty();
  }

  private void push(String address, SampleImage image, String name) {
    var from = new OciLayout(temporary.resolve("from-" + name));
    image.putInto(from.target(), "x");
    try (var registries =
        new Registries(RegistryOptions.of(CredentialSource.none()).withChunkBytes(300_000))) {
      var reference = ImageReference.parse(address + "/team/" + name + ":1");
      Copy.with(Progress.SILENT)
          .run(from.source("x"), registries.target(reference, List.of()), null, List.of("1"));
    }
  }

  @Test
  void whateverTheMomentOfTheKillTheLayoutIsSound() throws Exception {
    var random = new Random(20261129);
    for (int round = 0; round < 6; round++) {
      var registry = start();
      var image = SampleImage.of(Platform.current(), round, 3, 1_000_000);
      var name = "app" + round;
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var pushing = threads.submit(() -> push(registry.address(), image, name));
        Thread.sleep(random.nextInt(400));
        registry.kill();
        pushing.cancel(true);
      }
      assertThat(new OciLayout(folder()).verify()).isEmpty();
    }
    var image = SampleImage.of(Platform.current(), 5, 3, 1_000_000);
    push(start().address(), image, "again");
    assertThat(new OciLayout(folder()).find("team/again:1")).contains(image.root());
    assertThat(new OciLayout(folder()).verify()).isEmpty();
  }

  @Test
  void severalServersOverOneFolderTakeImagesAtOnce() throws Exception {
    var registries = List.of(start(), start());
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pushes = new ArrayList<Callable<Boolean>>();
      for (int i = 0; i < 8; i++) {
        var number = i;
        pushes.add(() -> {
          push(
              registries.get(number % 2).address(),
              SampleImage.of(Platform.current(), number / 2, 2, 200_000),
              "app" + number);
          return true;
        });
      }
      for (var pushed : threads.invokeAll(pushes)) {
        assertThat(pushed.get()).isTrue();
      }
    }
    var layout = new OciLayout(folder());
    assertThat(layout.verify()).isEmpty();
    assertThat(layout.names()).hasSize(8);
    // An upload that one began goes on at the other.
    var bytes = random(100_000);
    try (var one = Wire.to(registries.get(0).address());
        var other = Wire.to(registries.get(1).address())) {
      var place = one.send("POST", "/v2/team/app/blobs/uploads/").header("Location");
      for (int i = 0; i < 10; i++) {
        var part = Arrays.copyOfRange(bytes, i * 10_000, (i + 1) * 10_000);
        assertThat((i % 3 == 0 ? one : other).send("PATCH", place, part).status()).isEqualTo(202);
      }
      assertThat(one.send("PUT", place + "?digest=" + Digest.of(bytes)).status()).isEqualTo(201);
    }
    assertThat(Files.readAllBytes(layout.blobs().path(Digest.of(bytes)))).isEqualTo(bytes);
  }
}

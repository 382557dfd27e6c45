package dev.terroir.resolve.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Wheels that are kept")
class KeptWheelsTest {
  private static final String WHEEL = "planted-1.0-py3-none-any.whl";
  private static final byte[] BYTES = "a wheel".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;

  @Test
  void areFoundByTheirBytesAndGoWhenTheyWereDamaged() throws IOException {
    var kept = new KeptWheels(folder.resolve("kept"));
    var digest = Sha256.of(new String(BYTES, StandardCharsets.UTF_8)).hex();
    assertThat(kept.put(digest, WHEEL, out -> out.write(BYTES))).isTrue();
    var found = kept.find(digest, WHEEL);
    assertThat(found).hasValueSatisfying(file -> assertThat(file).hasBinaryContent(BYTES));
    Files.writeString(found.orElseThrow(), "other bytes");
    assertThat(kept.find(digest, WHEEL)).isEmpty();
    assertThat(found.orElseThrow()).doesNotExist();
  }

  @Test
  void areNotKeptWithOtherBytesThanTheirDigestSays() {
    var kept = new KeptWheels(folder.resolve("kept"));
    assertThat(kept.put("0".repeat(64), WHEEL, out -> out.write(BYTES))).isFalse();
    assertThat(kept.find("0".repeat(64), WHEEL)).isEmpty();
  }

  /// A lock may come from anybody.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../planted-1.0-py3-none-any.whl",
        "/planted-1.0-py3-none-any.whl",
        "..",
        "planted.pth",
        ""
      })
  void lieNowhereElse(String name) throws IOException {
    var kept = new KeptWheels(folder.resolve("deep/kept"));
    var digest = Sha256.of(new String(BYTES, StandardCharsets.UTF_8)).hex();
    assertThat(kept.put(digest, name, out -> out.write(BYTES))).isFalse();
    try (var files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }
}

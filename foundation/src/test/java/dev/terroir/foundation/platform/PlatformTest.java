package dev.terroir.foundation.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Platforms (OCI image index, \"platform\")")
class PlatformTest {
  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource({
    "linux/amd64, linux/amd64",
    "Linux/x86_64, linux/amd64",
    "linux-64, linux/amd64",
    "linux-aarch64, linux/arm64",
    "linux/arm64/v8, linux/arm64",
    "macos/arm64, darwin/arm64"
  })
  void usualSpellingsAreUnderstood(String spelling, String platform) {
    assertThat(Platform.parse(spelling)).hasToString(platform);
  }

  @Test
  void othersAreRefusedWithTheChoices() {
    assertThatThrownBy(() -> Platform.parse("windows/amd64"))
        .hasMessageContaining("`windows/amd64` names no known platform");
  }

  @Test
  void thisMachineHasOne() {
    assertThat(Platform.current().os()).isIn("linux", "darwin");
  }
}

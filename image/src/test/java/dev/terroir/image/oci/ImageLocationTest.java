package dev.terroir.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Where an image is: transports and references")
class ImageLocationTest {
  @Test
  void everyTransportIsRead() {
    var debian = ImageReference.parse("debian:12");
    assertThat(ImageLocation.parse("debian:12")).isEqualTo(new ImageLocation.InRegistry(debian));
    assertThat(ImageLocation.parse("docker://debian:12"))
        .isEqualTo(new ImageLocation.InRegistry(debian));
    assertThat(ImageLocation.parse("oci:dir"))
        .isEqualTo(new ImageLocation.InLayout(Path.of("dir"), null));
    assertThat(ImageLocation.parse("oci:/a/b:team/app:1.0"))
        .isEqualTo(new ImageLocation.InLayout(Path.of("/a/b"), "team/app:1.0"));
    assertThat(ImageLocation.parse("oci-archive:x.tar:1"))
        .isEqualTo(new ImageLocation.InOciArchive(Path.of("x.tar"), "1"));
    assertThat(ImageLocation.parse("docker-archive:x.tar"))
        .isEqualTo(new ImageLocation.InDockerArchive(Path.of("x.tar"), null));
    assertThat(ImageLocation.parse("docker-archive:x.tar:debian:12"))
        .isEqualTo(new ImageLocation.InDockerArchive(Path.of("x.tar"), debian));
    assertThat(ImageLocation.parse("docker-daemon:debian:12"))
        .isEqualTo(new ImageLocation.InDocker(debian));
    assertThat(ImageLocation.parse("podman:debian:12"))
        .isEqualTo(new ImageLocation.InPodman(debian));
    assertThat(ImageLocation.parse("containers-storage:debian:12"))
        .isEqualTo(new ImageLocation.InPodman(debian));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "debian:12",
        "oci:dir",
        "oci:dir:a/b:1",
        "oci-archive:x.tar:1",
        "docker-archive:x.tar:debian:12",
        "docker-daemon:debian",
        "podman:r.example:5000/a/b:c",
        "localhost/x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void whatIsPrintedIsReadAgain(String text) {
    var location = ImageLocation.parse(text);
    assertThat(ImageLocation.parse(location.toString())).isEqualTo(location);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "oci:",
        "oci::tag",
        "oci:dir:",
        "oci:dir:-x",
        "oci:dir:a//b",
        "oci-archive:",
        "docker-archive:x:UP",
        "docker://",
        "docker-daemon:",
        "./layout",
        "/layout",
        "../x",
        "https://r.example/a",
        "UPPER",
        "a:b:c",
        "oci:dir:" + "../../x"
      })
  void whatIsNoneIsToldWithAHint(String text) {
    assertThatThrownBy(() -> ImageLocation.parse(text))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_IMAGE_REFERENCE);
              assertThat(e.problem().hints()).isNotEmpty();
            });
  }

  @Test
  void referencesSurviveARoundTripAndLongTextsEndSoon() {
    var random = new Random(17);
    var alphabet = "aA0._-:/@[]%s".toCharArray();
    int valid = 0;
    for (int round = 0; round < 50_000; round++) {
      var text = new StringBuilder();
      for (int i = random.nextInt(14); i >= 0; i--) {
        text.append(alphabet[random.nextInt(alphabet.length)]);
      }
      try {
        var reference = ImageReference.parse(text.toString());
        valid++;
        assertThat(ImageReference.parse(reference.toString()))
            .as("round %d: %s", round, text)
            .isEqualTo(reference);
        assertThat(ImageReference.parseExactly(reference.toString())).isEqualTo(reference);
      } catch (ImageException e) {
        assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_IMAGE_REFERENCE);
      }
    }
    assertThat(valid).isGreaterThan(500);
    for (var part : List.of("a-", "a/", "a_", "a.", "-", "0:")) {
      assertThatThrownBy(() -> ImageReference.parse(part.repeat(100_000)))
          .isInstanceOf(ImageException.class);
      assertThatThrownBy(() -> ImageReference.parse(part.repeat(500) + "!"))
          .isInstanceOf(ImageException.class);
    }
  }
}

package dev.terroir.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.image.Conformance;
import dev.terroir.image.ImageException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Documents, digests and references are judged as their own suites judge them")
class OciConformanceTest {
  private static Stream<DynamicTest> each(String file, String name, Judge judge) {
    return Conformance.cases(file).stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                "`" + entry.string(name) + "` " + entry.optionalString("note").orElse(""),
                () -> judge.judge(entry)));
  }

  @FunctionalInterface
  private interface Judge {
    void judge(JsonObject entry);
  }

  private static boolean isValid(JsonObject entry) {
    return entry.optionalBoolean("expect_valid").orElseThrow();
  }

  @TestFactory
  Stream<DynamicTest> digests() {
    return each(
        "oci/digests.json",
        "input",
        entry -> {
          var input = entry.string("input");
          if (isValid(entry)) {
            var digest = Digest.parse(input);
            assertThat(digest.algorithm()).isEqualTo(entry.string("algorithm"));
            assertThat(digest.encoded()).isEqualTo(entry.string("encoded"));
            assertThat(digest).hasToString(input);
          } else {
            assertThatThrownBy(() -> Digest.parse(input)).isInstanceOf(ImageException.class);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> references() {
    return each(
        "oci/references.json",
        "input",
        entry -> {
          var input = entry.string("input");
          if (isValid(entry)) {
            var expected = entry.object("expect");
            var reference = ImageReference.parseExactly(input);
            assertThat(reference.name()).isEqualTo(expected.string("repository"));
            assertThat(reference.domain()).isEqualTo(expected.optionalString("domain").orElse(""));
            assertThat(reference.tag()).isEqualTo(expected.optionalString("tag").orElse(null));
            assertThat(reference.digest())
                .isEqualTo(expected.optionalString("digest").map(Digest::parse).orElse(null));
            assertThat(reference).hasToString(input);
          } else {
            assertThatThrownBy(() -> ImageReference.parseExactly(input))
                .isInstanceOf(ImageException.class);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> namesAsUsersWriteThem() {
    return each(
        "oci/normalized_names.json",
        "input",
        entry -> {
          var input = entry.string("input");
          if (isValid(entry)) {
            var reference = ImageReference.parse(input);
            entry
                .optionalObject("expect")
                .ifPresent(expected -> {
                  assertThat(reference.path()).isEqualTo(expected.string("RemoteName"));
                  assertThat(reference.familiarName()).isEqualTo(expected.string("FamiliarName"));
                  assertThat(reference.name()).isEqualTo(expected.string("FullName"));
                  assertThat(reference.domain()).isEqualTo(expected.string("Domain"));
                });
            assertThat(ImageReference.parse(reference.toString())).isEqualTo(reference);
          } else {
            assertThatThrownBy(() -> ImageReference.parse(input))
                .isInstanceOf(ImageException.class);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> documents() {
    return each(
        "oci/schema_cases.json",
        "kind",
        entry -> {
          var text = entry.string("text");
          // The images from the wild are all called manifests there, also their configurations and
          // lists; their digests say that the text is the original.
          var kind =
              entry.has("digest")
                  ? OciDocument.kindOf(
                      dev.terroir.foundation.json.JsonReader.parseObject(text, "case"))
                  : kind(entry.string("kind"));
          entry
              .optionalString("digest")
              .ifPresent(digest ->
                  assertThat(Digest.of(text.getBytes(StandardCharsets.UTF_8))).hasToString(digest));
          if (isValid(entry)) {
            kind.read(text, "case");
          } else {
            assertThatThrownBy(() -> kind.read(text, "case"))
                .isInstanceOfSatisfying(
                    ImageException.class,
                    e -> assertThat(e.problem().where()).as("it says where").isNotEmpty());
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> examplesOfTheSpecification() {
    return each(
        "oci/spec_examples.json",
        "mediatype",
        entry -> kind(entry.string("mediatype")).read(entry.string("text"), "example"));
  }

  private static OciDocument kind(String name) {
    return switch (name) {
      case "descriptor", "application/vnd.oci.descriptor.v1+json" -> OciDocument.DESCRIPTOR;
      case "manifest", MediaType.MANIFEST -> OciDocument.MANIFEST;
      case "index", MediaType.INDEX -> OciDocument.INDEX;
      case "config", MediaType.CONFIG -> OciDocument.CONFIG;
      case "layout", "application/vnd.oci.layout.header.v1+json" -> OciDocument.LAYOUT;
      default -> throw new IllegalArgumentException(name);
    };
  }
}

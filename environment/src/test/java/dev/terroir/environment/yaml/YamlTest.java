package dev.terroir.environment.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.lists;
import static org.quicktheories.generators.SourceDSL.strings;

import dev.terroir.foundation.json.JsonObject;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("YAML that is written reads back as what it was")
class YamlTest {
  private static void reads(JsonObject object) {
    var text = Yaml.write(object);
    assertThat(YamlReader.parseObject(text, "written")).as(text).isEqualTo(object);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ">=7.5.0",
        ">",
        "|x",
        "1.10",
        "0x1F",
        "12:30:45",
        "1e5",
        "-",
        "- a",
        "? a",
        "a: b",
        "a #b",
        "yes",
        "~",
        "@x",
        "`x`",
        "%x",
        "!x",
        "&x",
        "*",
        "* *_cpython",
        "{a}",
        "[a]",
        "'a",
        "\"a",
        "a\tb",
        " a",
        "a ",
        "",
        "# a",
        "<<",
        "---",
        "=",
        "<2",
        "1_000",
        ".inf",
        "a:"
      })
  void whateverAScalarLooksLike(String text) {
    reads(JsonObject.builder().put("key", text).put("list", java.util.List.of(text, "b")).build());
    reads(JsonObject.builder().put(text, "value").build());
  }

  @Test
  void anyText() {
    qt().withExamples(500)
        .forAll(
            lists()
                .of(strings().betweenCodePoints(32, 126).ofLengthBetween(0, 8))
                .ofSizeBetween(0, 5))
        .checkAssert(texts -> reads(JsonObject.builder().put("list", texts).build()));
  }
}

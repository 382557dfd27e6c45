package dev.terroir.foundation.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.strings;

import dev.terroir.foundation.FoundationException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quicktheories.core.Gen;

@DisplayName("JSON documents (RFC 8259)")
class JsonTest {
  private static JsonObject parse(String text) {
    return JsonReader.parseObject(text, "document.json");
  }

  @Test
  void membersKeepTheirOrderAndNumbersTheirDigits() {
    var text = "{\"b\":1.50,\"a\":[1e3,null,true,\"x\"],\"c\":{\"z\":0,\"y\":{}}}";
    assertThat(JsonWriter.compact(parse(text))).isEqualTo(text);
  }

  @Test
  void theCanonicalFormSortsNamesAndKeepsArrays() {
    assertThat(JsonWriter.canonical(parse("{ \"b\": [3, 1], \"a\": {\"d\": 1, \"c\": 2} }")))
        .isEqualTo("{\"a\":{\"c\":2,\"d\":1},\"b\":[3,1]}");
  }

  @Test
  void indentedTextKeepsEmptyValuesOnOneLine() {
    assertThat(JsonWriter.indented(parse("{\"a\":[],\"b\":{\"c\":[1]}}"), 2))
        .isEqualTo("{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1\n    ]\n  }\n}");
  }

  @Test
  void whatIsWrittenReadsEqual() {
    qt().withFixedSeed(20261123)
        .forAll(trees(3))
        .checkAssert(tree -> {
          assertThat(JsonReader.parse(JsonWriter.compact(tree), "x")).isEqualTo(tree);
          assertThat(JsonReader.parse(JsonWriter.indented(tree, 4), "x")).isEqualTo(tree);
          assertThat(JsonReader.parse(JsonWriter.canonical(tree), "x")).isEqualTo(tree);
        });
  }

  @Test
  void aDocumentIsLaidOutAnewAsIfItHadBeenReadAndWritten() {
    qt().withFixedSeed(20261124)
        .forAll(trees(3))
        .checkAssert(tree -> {
          var expected = JsonWriter.indented(tree, 2);
          assertThat(JsonWriter.relaid(JsonWriter.compact(tree), 2)).isEqualTo(expected);
          assertThat(JsonWriter.relaid(JsonWriter.indented(tree, 4), 2)).isEqualTo(expected);
          assertThat(JsonWriter.relaid(expected, 2)).isEqualTo(expected);
        });
    assertThat(JsonWriter.relaid("[ { } , [\n] ,\"a\\\\\",\"{,:\\\"\" ]", 1))
        .isEqualTo("[\n {},\n [],\n \"a\\\\\",\n \"{,:\\\"\"\n]");
  }

  private static Gen<JsonValue> trees(int depth) {
    Gen<JsonValue> leaves =
        strings()
            .basicMultilingualPlaneAlphabet()
            .ofLengthBetween(0, 12)
            .<JsonValue>map(JsonValue.JsonString::new)
            .mix(integers().all().map(number -> JsonValue.of((long) number)))
            .mix(integers().between(0, 2).map(n -> n == 2 ? JsonValue.NULL : JsonValue.of(n == 1)));
    if (depth == 0) {
      return leaves;
    }
    var below = trees(depth - 1);
    Gen<JsonValue> objects =
        below.zip(
            below,
            strings().betweenCodePoints(0x20, 0xd7ff).ofLengthBetween(0, 5),
            (first, second, name) ->
                JsonObject.builder().put(name, first).put(name + "2", second).build());
    Gen<JsonValue> arrays =
        below.zip(
            below, (first, second) -> new JsonValue.JsonArray(java.util.List.of(first, second)));
    return leaves.mix(objects).mix(arrays);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[1]",
        "{\"a\":1,}",
        "{\"a\":1} x",
        "{\"a\":1,\"a\":2}",
        "nul",
        "{'a':1}"
      })
  void malformedTextIsRefusedWithAPosition(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> {
              assertThat(e.problem().code().id()).isEqualTo("json-syntax");
              assertThat(e.problem().where().getFirst().text())
                  .matches("document\\.json:\\d+:\\d+");
            });
  }

  @Test
  void theMessageShowsTheLineWithACaret() {
    assertThatThrownBy(() -> parse("{\n  \"a\": tru\n}"))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("document.json:2:")
                    .contains("\"a\": tru"));
  }

  @Test
  void bottomlessNestingIsRefused() {
    assertThatThrownBy(() -> JsonReader.parse("[".repeat(100_000), "deep.json"))
        .isInstanceOf(FoundationException.class);
  }

  @Test
  void aFieldOfTheWrongTypeIsNamedWithItsPlace() {
    var python = parse("{\n \"python\": {\"userManagedDependencies\": \"no\"}}").object("python");
    assertThatThrownBy(() -> python.optionalBoolean("userManagedDependencies"))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> {
              assertThat(e.problem().what()).contains("must be true or false, not the string `no`");
              assertThat(e.problem().where().getFirst().text())
                  .isEqualTo("document.json:2:40, field `python.userManagedDependencies`");
            });
  }

  @Test
  void missingAndNullAreBothNotThere() {
    var object = parse("{\"a\":null}");
    assertThat(object.optionalString("a")).isEmpty();
    assertThat(object.optionalString("b")).isEmpty();
    assertThat(object.has("a")).isTrue();
    assertThatThrownBy(() -> object.string("a")).hasMessageContaining("`a` is missing");
  }
}

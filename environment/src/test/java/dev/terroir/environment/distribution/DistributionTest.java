package dev.terroir.environment.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;
import static org.quicktheories.generators.SourceDSL.strings;

import dev.terroir.environment.Conformance;
import dev.terroir.foundation.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Names of projects, versions, wheels and source distributions (Python packaging)")
class DistributionTest {
  @Test
  void everyRecordedNameHasItsNormalForm() {
    for (var item : Conformance.cases("names/canonicalize_name.json")) {
      var name = item.string("name");
      if (item.optionalBoolean("expect_valid").orElse(true)) {
        assertThat(DistributionName.normalized(name)).isEqualTo(item.string("expect"));
      }
      if (item.optionalBoolean("validate").orElse(false)) {
        assertThat(DistributionName.isValid(name))
            .as(name)
            .isEqualTo(item.optionalBoolean("expect_valid").orElse(true));
      }
    }
    for (var item : Conformance.cases("names/is_normalized.json")) {
      assertThat(DistributionName.isNormalized(item.string("name")))
          .as(item.string("name"))
          .isEqualTo(item.optionalBoolean("expect").orElseThrow());
    }
  }

  @Test
  void aNormalFormIsNormalAndStays() {
    qt().forAll(strings().betweenCodePoints('+', 'z').ofLengthBetween(1, 12))
        .check(name -> {
          var normal = DistributionName.normalized(name);
          return DistributionName.normalized(normal).equals(normal)
              && (!DistributionName.isValid(name) || DistributionName.isNormalized(normal));
        });
  }

  @Test
  void everyRecordedFileNameIsTakenApart() {
    for (var item : Conformance.cases("wheel/filenames.json")) {
      var name = item.string("filename");
      var found = WheelFileName.parse(name);
      var ordered = item.optionalBoolean("validate_order").orElse(false);
      assertThat(found.isPresent() && (!ordered || found.get().hasSortedTags()))
          .as(name)
          .isEqualTo(item.optionalBoolean("expect_valid").orElseThrow());
      if (item.optionalBoolean("expect_valid").orElseThrow()) {
        var expected = item.object("expect");
        assertThat(found.get().name()).isEqualTo(expected.string("name"));
        assertThat(DistributionVersion.isSame(found.get().version(), expected.string("version")))
            .as(name)
            .isTrue();
        assertThat(List.copyOf(new TreeSet<>(found.get().tags())))
            .isEqualTo(expected.strings("tags"));
        var build = expected.array("build");
        assertThat(found.get().build())
            .isEqualTo(
                build.isEmpty()
                    ? ""
                    : ((JsonValue.JsonNumber) build.getFirst()).text()
                        + ((JsonValue.JsonString) build.getLast()).value());
      }
    }
    for (var item : Conformance.cases("wheel/filenames_installer.json")) {
      var found = WheelFileName.parse(item.string("filename"));
      assertThat(found.isPresent())
          .as(item.string("filename"))
          .isEqualTo(item.optionalBoolean("expect_valid").orElseThrow());
      found.ifPresent(name -> {
        var expected = item.array("expect");
        assertThat(name.name())
            .isEqualTo(
                DistributionName.normalized(((JsonValue.JsonString) expected.get(0)).value()));
        assertThat(name.version()).isEqualTo(((JsonValue.JsonString) expected.get(1)).value());
        assertThat(name.build())
            .isEqualTo(expected.get(2) instanceof JsonValue.JsonString(var build) ? build : "");
        assertThat(
                String.join(".", name.pythons())
                    + "-"
                    + String.join(".", name.abis())
                    + "-"
                    + String.join(".", name.platforms()))
            .isEqualTo(((JsonValue.JsonString) expected.get(3)).value());
      });
    }
    for (var item : Conformance.cases("wheel/sdist_filenames.json")) {
      var found = SdistFileName.parse(item.string("filename"));
      assertThat(found.isPresent())
          .as(item.string("filename"))
          .isEqualTo(item.optionalBoolean("expect_valid").orElseThrow());
      found.ifPresent(
          name -> assertThat(name.name()).isEqualTo(item.object("expect").string("name")));
    }
  }

  @Test
  void aWheelsNameReadsBackAsItsParts() {
    var tag = strings().betweenCodePoints('a', 'z').ofLengthBetween(1, 4);
    qt().forAll(
            lists().of(tag).ofSizeBetween(1, 3),
            lists().of(tag).ofSizeBetween(1, 3),
            integers().between(0, 99))
        .checkAssert((pythons, platforms, number) -> {
          var build = number % 2 == 0 ? "" : number + "x";
          var text =
              "a_b-1."
                  + number
                  + (build.isEmpty() ? "" : "-" + build)
                  + "-"
                  + String.join(".", pythons)
                  + "-none-"
                  + String.join(".", platforms)
                  + ".whl";
          assertThat(WheelFileName.parse(text))
              .contains(
                  new WheelFileName(
                      "a-b", "1." + number, build, pythons, List.of("none"), platforms));
        });
  }

  @ParameterizedTest
  @CsvSource({
    "a-1.0.tar.gz, a, 1.0",
    "A.b_c-1.0rc1.zip, a-b-c, 1.0rc1",
    "a-b-1.0.tar.gz, a-b, 1.0",
    "a-1.0.tar.bz2, ,",
    "a.tar.gz, ,",
    "a-x.tar.gz, ,"
  })
  void aSourceDistributionsNameEndsAtTheLastDash(String text, String name, String version) {
    var found = SdistFileName.parse(text);
    assertThat(found.map(SdistFileName::name).orElse(null)).isEqualTo(name);
    assertThat(found.map(SdistFileName::version).orElse(null)).isEqualTo(version);
  }

  @Test
  void spellingsOfOneVersionAreTheSame() {
    var spellings =
        List.of(
            List.of("1.0", "1", "v1.0.0", "0!1", "01.0"),
            List.of("1.0a1", "1-alpha.1", "1.0.A_1", "1a01"),
            List.of("1.0rc0", "1c", "1.0.preview", "1-pre0"),
            List.of("1.0.post1", "1-1", "1.0-r1", "1.rev1", "1post1"),
            List.of("1.dev0", "1.0-dev", "1_dev_0"),
            List.of("1.0+ab.1", "1+AB-1", "1.0+ab_1"),
            List.of("10"),
            List.of("1.0.1"),
            List.of("1!1"));
    var all = new ArrayList<String>();
    spellings.forEach(all::addAll);
    for (var group : spellings) {
      for (var one : group) {
        assertThat(DistributionVersion.isValid(one)).as(one).isTrue();
        for (var other : all) {
          assertThat(DistributionVersion.isSame(one, other))
              .as(one + " and " + other)
              .isEqualTo(group.contains(other));
        }
      }
    }
  }
}

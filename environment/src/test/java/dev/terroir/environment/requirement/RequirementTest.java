package dev.terroir.environment.requirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import dev.terroir.environment.Conformance;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Dependency specifiers (PEP 508)")
class RequirementTest {
  @Test
  void everyRecordedCaseReadsAsExpected() {
    var wrong = new ArrayList<String>();
    var cases = Conformance.cases("pep508/requirements.json");
    for (var item : cases) {
      var input = item.string("input");
      var valid = item.optionalBoolean("expect_valid").orElse(true);
      try {
        var requirement = Requirement.parse(input);
        if (!valid) {
          wrong.add("accepted: " + input);
          continue;
        }
        var expected = item.object("expect");
        if (!requirement.name().equals(expected.string("name"))
            || !requirement.toString().equals(expected.string("str"))
            || !requirement.optionalMarker().equals(expected.optionalString("marker"))) {
          wrong.add(input + " gave " + requirement + ", not " + expected.string("str"));
        }
      } catch (Requirement.SyntaxException e) {
        if (valid) {
          wrong.add("refused: " + input + ": " + e.what());
        }
      }
    }
    assertThat(wrong).as("of " + cases.size()).isEmpty();
  }

  @Test
  void theNormalFormReadsAsItself() {
    qt().forAll(
            lists().of(integers().between(0, 30)).ofSizeBetween(1, 4),
            integers().between(0, 5),
            integers().between(0, 3))
        .checkAssert((release, operator, extras) -> {
          var version = String.join(".", release.stream().map(String::valueOf).toList());
          var operators = List.of("==", ">=", "<=", "!=", "<", ">");
          var text =
              "Some.Name"
                  + (extras == 0 ? "" : "[" + "a,".repeat(extras) + "b]")
                  + " "
                  + operators.get(operator)
                  + version
                  + " ; python_version>'3.7' and (os_name == \"posix\" or extra=='x')";
          try {
            var once = Requirement.parse(text).toString();
            assertThat(Requirement.parse(once)).hasToString(once);
          } catch (Requirement.SyntaxException e) {
            throw new AssertionError(text, e);
          }
        });
  }

  @Test
  void theOffsetPointsAtTheMistake() {
    assertThatThrownBy(() -> Requirement.parse("numpy=1.17"))
        .isInstanceOfSatisfying(
            Requirement.SyntaxException.class, e -> assertThat(e.offset()).isEqualTo(5));
  }
}

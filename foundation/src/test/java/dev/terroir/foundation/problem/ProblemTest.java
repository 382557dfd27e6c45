package dev.terroir.foundation.problem;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.FoundationCode;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Failures as people see them")
class ProblemTest {
  @Test
  void allPartsHaveTheirPlace() {
    var problem =
        Problem.of(FoundationCode.BAD_SETTING, "no wheel of torch 2.9.1 fits linux/arm64")
            .at(Place.position("environment.yml", 14, 3, "- torch==2.9.1"))
            .because("the index offers 12 wheels of that version\nnone for linux/arm64")
            .hint("set `python=3.12`");
    assertThat(problem.render())
        .isEqualTo(
            """
            error: no wheel of torch 2.9.1 fits linux/arm64  [bad-setting]
              at environment.yml:14:3
                 | - torch==2.9.1
                 |   ^
              because the index offers 12 wheels of that version
                none for linux/arm64

            hint: set `python=3.12`\
            """);
  }
}

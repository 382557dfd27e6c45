package dev.terroir.environment.requirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// pip, "Requirements file format": "A line ending in an unescaped \ is treated as a line
/// continuation", "Lines that begin with # are treated as comments", "Whitespace followed by a #
/// causes the # and the remainder of the line to be treated as a comment".
@DisplayName("Requirements file format: the layout of a file changes no requirement")
class RequirementsLayoutTest {
  private static final List<String> LINES =
      List.of(
          "six==1.16.0",
          "requests[socks,use-chardet-on-py3] >= 2.8.1, == 2.8.* ; python_version < \"3.13\"",
          "alpha==1.0 --hash=sha256:" + "0".repeat(64) + " --hash=sha256:" + "a".repeat(64),
          "beta @ https://files.test/beta-1.0-py3-none-any.whl#sha256=" + "b".repeat(64),
          "git+https://git.test/gamma.git@v1#egg=gamma",
          "--extra-index-url https://index.test/simple",
          "--find-links https://files.test/wheels",
          "delta~=1.4.2; sys_platform == 'linux' and extra == 'x'",
          "epsilon===2.0+local");

  private static List<String> read(String text) {
    return RequirementsFile.parse(text, "requirements.txt").pipLines();
  }

  private static String layout(List<String> lines, Random random) {
    var end = random.nextBoolean() ? "\n" : "\r\n";
    var text = new StringBuilder();
    for (var line : lines) {
      while (random.nextInt(3) == 0) {
        text.append(List.of("", "  ", "# six==2", "\t# why \\not").get(random.nextInt(4)))
            .append(end);
      }
      text.append(" ".repeat(random.nextInt(3)));
      for (var c : line.toCharArray()) {
        text.append(c);
        if (c == ' ' && random.nextInt(4) == 0) {
          text.append('\\').append(end);
        }
      }
      text.append(List.of("", " ", "  # why", "\t# a==1 --hash=x").get(random.nextInt(4)))
          .append(end);
    }
    return text.toString();
  }

  @Test
  void everyLayoutReadsAsTheSameRequirements() {
    qt().withExamples(1000)
        .forAll(
            lists().of(integers().between(0, LINES.size() - 1)).ofSizeBetween(0, 6),
            integers().between(0, Integer.MAX_VALUE - 1))
        .checkAssert((chosen, seed) -> {
          var lines = new ArrayList<String>();
          chosen.forEach(index -> lines.add(LINES.get(index)));
          var plain = read(String.join("\n", lines));
          var text = layout(lines, new Random(seed));
          assertThat(read(text)).as(text).isEqualTo(plain);
          assertThat(read("\uFEFF" + text)).isEqualTo(plain);
          assertThat(read(String.join("\n", plain)))
              .as("what is carried on reads as itself")
              .isEqualTo(plain);
        });
  }
}

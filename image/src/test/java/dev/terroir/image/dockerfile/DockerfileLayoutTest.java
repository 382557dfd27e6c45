package dev.terroir.image.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import dev.terroir.image.ImageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Dockerfile reference, "Format": "The instruction is not case-sensitive", "Comment lines are
/// removed before the Dockerfile instructions are executed", "leading whitespace before comments
/// (#) and instructions (such as RUN) are ignored", "line continuation characters".
@DisplayName("Dockerfile reference, Format: the layout of a file changes no instruction")
class DockerfileLayoutTest {
  private static final List<String> LINES =
      List.of(
          "ARG PY=3.11",
          "ENV PATH=/opt/env/bin:$PATH LANG=C.UTF-8 MSG=\"a b\"",
          "ENV OLD form of one",
          "LABEL org.opencontainers.image.title=\"it's\" version='1.0'",
          "RUN pip install -r requirements.txt && rm -rf /root/.cache # kept",
          "RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked pip install torch",
          "RUN [\"python\", \"-m\", \"venv\", \"/opt/env\"]",
          "COPY --from=0 --chown=1000:1000 /a /b dir/",
          "COPY [\"a b\", \"c d/\"]",
          "ADD --checksum=sha256:"
              + "0123456789abcdef".repeat(4)
              + " https://files.test/model.tar /models/",
          "HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f http://localhost || exit 1",
          "ONBUILD COPY . /app",
          "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
          "EXPOSE 80/tcp 8080-8090 $PORT",
          "VOLUME /data /models",
          "WORKDIR /app",
          "USER me:me",
          "STOPSIGNAL SIGTERM",
          "ENTRYPOINT [\"python\"]",
          "CMD python app.py --port 80",
          "FROM python:${PY}-slim AS second");

  private static final Pattern SPACE = Pattern.compile(" ");

  /// Draws a layout; the same seed draws the same one.
  private record Layout(Random random, char escape, String lineEnd) {
    String of(List<String> lines) {
      var text = new StringBuilder();
      if (escape != '\\') {
        text.append("# escape=").append(escape).append(lineEnd);
      }
      between(text);
      line(text, "FROM scratch AS first");
      for (var line : lines) {
        between(text);
        line(text, line);
      }
      return text.toString();
    }

    private void between(StringBuilder text) {
      while (random.nextInt(3) == 0) {
        text.append(
                switch (random.nextInt(4)) {
                  case 0 -> "";
                  case 1 -> "  \t";
                  case 2 -> "# RUN no such thing " + escape;
                  default -> "\t # FROM nowhere";
                })
            .append(lineEnd);
      }
    }

    private void line(StringBuilder text, String line) {
      text.append(List.of("", " ", "\t").get(random.nextInt(3)));
      var name = line.substring(0, line.indexOf(' '));
      text.append(random.nextBoolean() ? name : name.toLowerCase(Locale.ROOT));
      // A continuation may stand at every space, and anything that says nothing within it; only a
      // `#` at the beginning of a line would make that a comment.
      var rest = SPACE.matcher(line.substring(name.length())).results().toList();
      var at = name.length();
      for (var space : rest) {
        var start = name.length() + space.start();
        text.append(line, at, start + 1);
        at = start + 1;
        if (random.nextInt(4) == 0 && line.charAt(at) != '#') {
          text.append(escape).append(random.nextBoolean() ? "" : " \t").append(lineEnd);
          while (random.nextInt(3) == 0) {
            text.append(random.nextBoolean() ? "" : "  # why" + escape).append(lineEnd);
          }
        }
      }
      text.append(line, at, line.length()).append(lineEnd);
    }
  }

  private static List<Instruction> instructions(String text) {
    return Dockerfile.parse(text, "Dockerfile").instructions();
  }

  @Test
  void everyLayoutReadsAsTheSameInstructions() {
    qt().withExamples(1000)
        .forAll(
            lists().of(integers().between(0, LINES.size() - 1)).ofSizeBetween(0, 8),
            integers().between(0, Integer.MAX_VALUE - 1))
        .checkAssert((chosen, seed) -> {
          var random = new Random(seed);
          var lines = new ArrayList<String>();
          chosen.forEach(index -> lines.add(LINES.get(index)));
          var plain = instructions("FROM scratch AS first\n" + String.join("\n", lines));
          assertThat(plain).hasSize(lines.size() + 1);
          var text =
              new Layout(
                      random,
                      random.nextBoolean() ? '\\' : '`',
                      random.nextBoolean() ? "\n" : "\r\n")
                  .of(lines);
          assertThat(instructions(text)).as(text).isEqualTo(plain);
          assertThat(instructions("\uFEFF" + text)).isEqualTo(plain);
        });
  }

  @Test
  void everyMistakeIsToldInTheLineWhereItStands() {
    qt().withExamples(300)
        .forAll(
            lists().of(integers().between(0, LINES.size() - 1)).ofSizeBetween(0, 6),
            integers().between(0, 6))
        .checkAssert((chosen, place) -> {
          var lines = new ArrayList<String>();
          chosen.forEach(index -> lines.add(LINES.get(index)));
          var at = Math.min(place, lines.size());
          lines.add(at, "NOTHING of this name");
          var text = "FROM scratch\n" + String.join("\n", lines);
          assertThatThrownBy(() -> instructions(text))
              .as(text)
              .isInstanceOfSatisfying(
                  ImageException.class,
                  e ->
                      assertThat(e.problem().where().getFirst().text())
                          .isEqualTo("Dockerfile:" + (at + 2) + ":1"));
        });
  }
}

package dev.terroir.image.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.Instruction.CommandForm.Exec;
import dev.terroir.image.dockerfile.Instruction.CommandForm.ShellLine;
import dev.terroir.image.dockerfile.Instruction.Pair;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Dockerfile reference: the grammar")
class DockerfileTest {
  static Dockerfile parse(String... lines) {
    return Dockerfile.parse(String.join("\n", lines), "Dockerfile");
  }

  private static Instruction second(String... lines) {
    return parse("FROM scratch\n" + String.join("\n", lines))
        .stages()
        .getFirst()
        .steps()
        .getFirst()
        .instruction();
  }

  private static List<Problem> problems(String... lines) {
    try {
      parse(lines);
    } catch (ImageException e) {
      return e.problems();
    }
    throw new AssertionError("it was read");
  }

  @Nested
  class Lines {
    @Test
    void commentsAndEmptyLinesInsideOfContinuationsAreSkipped() {
      var file =
          parse(
              "FROM scratch", "RUN one && \\", "  # why", "    two && \\", "", "  three", "USER 1");
      var steps = file.stages().getFirst().steps();
      assertThat(steps.getFirst().instruction())
          .isEqualTo(
              new Instruction.Run(
                  List.of(),
                  null,
                  null,
                  List.of(),
                  new ShellLine("one &&     two &&   three"),
                  List.of()));
      assertThat(steps.getFirst().firstLine()).isEqualTo(2);
      assertThat(steps.getFirst().lastLine()).isEqualTo(6);
      assertThat(steps.get(1).firstLine()).isEqualTo(7);
      assertThat(file.warnings())
          .containsExactly("Dockerfile:5: an empty line stands inside of an instruction");
    }

    @Test
    void aHashInsideOfALineIsNoComment() {
      assertThat(second("RUN echo # not a comment"))
          .extracting("command")
          .isEqualTo(new ShellLine("echo # not a comment"));
    }

    @Test
    void aByteOrderMarkAndWindowsLineEndsAreTaken() {
      var file = parse("\uFEFFfrom scratch\r", "run a \\\r", "  b\r", "cmd [\"x\"]\r", "");
      assertThat(file.instructions())
          .hasSize(3)
          .last()
          .isEqualTo(new Instruction.Cmd(new Exec(List.of("x"))));
      assertThat(file.instructions().get(1))
          .extracting("command")
          .isEqualTo(new ShellLine("a   b"));
    }

    @Test
    void aContinuationAtTheEndOfTheFileEndsThere() {
      assertThat(second("USER me \\")).isEqualTo(new Instruction.User("me"));
    }

    @Test
    void theEscapeDirectiveMovesContinuationsToTheBacktick() {
      var file = parse("# escape=`", "FROM scratch", "COPY a `", " c:\\", "USER me");
      assertThat(file.directives().escape()).isEqualTo('`');
      assertThat(file.instructions())
          .hasSize(3)
          .contains(
              new Instruction.Copy(Instruction.FileFlags.NONE, List.of("a"), "c:\\", List.of()));
    }

    @Test
    void directivesEndWithTheFirstOtherLine() {
      var file =
          parse(
              "# syntax=docker/dockerfile:1",
              "#Check = skip=all",
              "# x",
              "# escape=`",
              "FROM scratch");
      assertThat(file.directives())
          .isEqualTo(new Dockerfile.Directives("docker/dockerfile:1", '\\', "skip=all"));
    }
  }

  @Nested
  class Heredocs {
    @Test
    void severalOnOneLineFollowInOrder() {
      var run =
          (Instruction.Run)
              second(
                  "RUN <<FIRST cat > /a && 3<<-'SECOND' cat > /b",
                  "# is text here $X",
                  "FIRST",
                  "\tindented",
                  "\tSECOND",
                  "USER me");
      assertThat(run.heredocs())
          .containsExactly(
              new Heredoc("<<FIRST", "FIRST", true, false, "# is text here $X\n"),
              new Heredoc("3<<-'SECOND'", "SECOND", false, true, "\tindented\n"));
      assertThat(run.heredocs().getLast().content()).isEqualTo("indented\n");
    }

    @Test
    void aFileOfCopyStandsInTheDockerfile() {
      var copy = (Instruction.Copy) second("COPY <<\"a.txt\" other /to/", "FROM x", "a.txt");
      assertThat(copy.sources()).containsExactly("other");
      assertThat(copy.destination()).isEqualTo("/to/");
      assertThat(copy.heredocs().getFirst().content()).isEqualTo("FROM x\n");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "RUN [\"<<EOF\"]",
          "RUN \"<<EOF\"",
          "RUN cat <<<EOF",
          "RUN echo $((1 << 2))",
          "RUN x <<"
        })
    void whatOnlyLooksLikeOneIsNone(String line) {
      var file = parse("FROM scratch", line, "USER me");
      assertThat(file.instructions()).hasSize(3);
    }

    @Test
    void onbuildMayHaveOne() {
      var onbuild = (Instruction.Onbuild) second("ONBUILD RUN <<E", "x", "E", "USER me");
      assertThat(((Instruction.Run) onbuild.trigger()).heredocs()).hasSize(1);
    }

    @Test
    void oneThatIsNotClosedIsToldWhereItBegins() {
      assertThat(problems("FROM scratch", "RUN cat <<EOF", "x").getFirst().render())
          .isEqualTo(
              """
              error: the here-document `<<EOF` is not closed  [dockerfile-syntax]
                at Dockerfile:2:9
                   | RUN cat <<EOF
                   |         ^

              hint: end it with a line that is only `EOF`\
              """);
    }
  }

  @Nested
  class Instructions {
    @Test
    void envHasAnOldForm() {
      assertThat(second("ENV key some \"value\"  here "))
          .isEqualTo(new Instruction.Env(List.of(new Pair("key", "some \"value\"  here")), true));
      assertThat(second("ENV a=1 b=\"x y\" c=x\\ y 'd=e'=f"))
          .isEqualTo(
              new Instruction.Env(
                  List.of(
                      new Pair("a", "1"),
                      new Pair("b", "\"x y\""),
                      new Pair("c", "x\\ y"),
                      new Pair("'d", "e'=f")),
                  false));
    }

    @Test
    void labelHasBothFormsToo() {
      assertThat(second("LABEL \"a.b\"=\"c\"\\", "      d=e"))
          .isEqualTo(
              new Instruction.Label(
                  List.of(new Pair("\"a.b\"", "\"c\""), new Pair("d", "e")), false));
    }

    @Test
    void aStageMayHaveANameOfAnotherMeaning() {
      var file = parse("FROM scratch AS context", "FROM context", "COPY --from=context a b");
      assertThat(file.stages().getFirst().name()).contains("context");
      assertThat(file.warnings())
          .containsExactly(
              "Dockerfile:1: the stage is named `context`, which has a meaning of its own");
    }

    @Test
    void fromTakesPlatformArgumentsAndName() {
      var file =
          parse("ARG TAG=3", "FROM --platform=$BUILDPLATFORM img:${TAG} as Build", "FROM build");
      assertThat(file.globals()).hasSize(1);
      assertThat(file.stages().getFirst().from())
          .isEqualTo(new Instruction.From("$BUILDPLATFORM", "img:${TAG}", "build"));
      assertThat(file.stages()).hasSize(2);
    }

    @Test
    void copyAndAddTakeTheirFlags() {
      assertThat(
              second(
                  "COPY --from=0 --chown=1:2 --chmod=u+x --link --parents --exclude=*.a"
                      + " --exclude='b c' [\"x y\", \"/z\"]"))
          .isEqualTo(
              new Instruction.Copy(
                  new Instruction.FileFlags(
                      "0", "1:2", "u+x", true, true, List.of("*.a", "b c"), null, false, null),
                  List.of("x y"),
                  "/z",
                  List.of()));
      assertThat(second("ADD --checksum=sha256:0 --keep-git-dir=true --unpack=false u /d"))
          .isEqualTo(
              new Instruction.Add(
                  new Instruction.FileFlags(
                      null, null, null, false, false, List.of(), "sha256:0", true, false),
                  List.of("u"),
                  "/d",
                  List.of()));
    }

    @Test
    void runTakesMountsNetworkAndSecurity() {
      var run =
          (Instruction.Run)
              second(
                  "RUN --mount=type=cache,target=/root/.cache,sharing=locked"
                      + " --mount=target=/x,from=stage,ro --network=none --security=sandbox make");
      assertThat(run.mounts()).extracting(Mount::type).containsExactly("cache", "bind");
      assertThat(run.mounts().getLast().from()).contains("stage");
      assertThat(run.network()).isEqualTo("none");
      assertThat(run.security()).isEqualTo("sandbox");
    }

    @Test
    void healthcheckIsACommandOrNone() {
      assertThat(second("HEALTHCHECK --interval=1m30s --timeout=1.5s --retries=4 CMD curl x"))
          .isEqualTo(
              new Instruction.Healthcheck(
                  Duration.ofSeconds(90),
                  Duration.ofMillis(1500),
                  null,
                  null,
                  4,
                  new ShellLine("curl x")));
      assertThat(second("HEALTHCHECK none"))
          .isEqualTo(new Instruction.Healthcheck(null, null, null, null, null, null));
    }

    @Test
    void theRest() {
      assertThat(second("MAINTAINER A <a@b>")).isEqualTo(new Instruction.Maintainer("A <a@b>"));
      assertThat(second("EXPOSE 80 443/tcp"))
          .isEqualTo(new Instruction.Expose(List.of("80", "443/tcp")));
      assertThat(second("VOLUME /a /b")).isEqualTo(new Instruction.Volume(List.of("/a", "/b")));
      assertThat(second("VOLUME [\"/a b\"]")).isEqualTo(new Instruction.Volume(List.of("/a b")));
      assertThat(second("STOPSIGNAL SIGTERM")).isEqualTo(new Instruction.StopSignal("SIGTERM"));
      assertThat(second("SHELL [\"bash\", \"-c\"]"))
          .isEqualTo(new Instruction.Shell(List.of("bash", "-c")));
      assertThat(second("WORKDIR /a b")).isEqualTo(new Instruction.Workdir("/a b"));
      assertThat(second("ARG A B=2 C=\"x y\""))
          .isEqualTo(
              new Instruction.Arg(
                  List.of(
                      new Instruction.Arg.Argument("A", null),
                      new Instruction.Arg.Argument("B", "2"),
                      new Instruction.Arg.Argument("C", "\"x y\""))));
      assertThat(second("ENTRYPOINT []"))
          .isEqualTo(new Instruction.Entrypoint(new Exec(List.of())));
      assertThat(second("CMD [\"a\"] && b"))
          .isEqualTo(new Instruction.Cmd(new ShellLine("[\"a\"] && b")));
      assertThat(((Instruction.Onbuild) second("ONBUILD  copy  a  /b")).text())
          .isEqualTo("COPY a /b");
    }
  }

  @Nested
  class Mistakes {
    @Test
    void everyMistakeIsToldAtOnceWithItsLineAndACaret() {
      var problems =
          problems(
              "FROM scratch AS UP!",
              "RUM ls",
              "ENV a=b c",
              "COPY --form=x a b",
              "SHELL bash",
              "RUN --mount=type=cahe,target=/x \\",
              "    --network=hots ls",
              "WORKDIR ${x");
      assertThat(problems).allMatch(problem -> problem.code() == ImageCode.DOCKERFILE_SYNTAX);
      assertThat(problems.stream().map(Problem::render).reduce("", (a, b) -> a + b + "\n"))
          .isEqualTo(
              """
              error: `UP!` cannot be the name of a stage  [dockerfile-syntax]
                at Dockerfile:1:17
                   | FROM scratch AS UP!
                   |                 ^

              hint: use a letter, then letters, digits, `-`, `_` and `.`
              error: there is no instruction `RUM`  [dockerfile-syntax]
                at Dockerfile:2:1
                   | RUM ls
                   | ^

              hint: did you mean `RUN`?
              error: `c` is not of the form `key=value`  [dockerfile-syntax]
                at Dockerfile:3:9
                   | ENV a=b c
                   |         ^

              hint: put a value with spaces into quotes
              error: `COPY` has no flag `--form`; it has `--from`, `--chown`, `--chmod`, `--link`,\
               `--parents`, `--exclude`  [dockerfile-syntax]
                at Dockerfile:4:6
                   | COPY --form=x a b
                   |      ^

              hint: did you mean `--from`?
              error: `SHELL` takes a JSON array with the shell and its arguments, not `bash`\
                [dockerfile-syntax]
                at Dockerfile:5:7
                   | SHELL bash
                   |       ^

              hint: write it like `SHELL ["/bin/bash", "-c"]`
              error: `--mount` has no type `cahe`; it has `bind`, `cache`, `tmpfs`, `secret`,\
               `ssh`  [dockerfile-syntax]
                at Dockerfile:6:5
                   | RUN --mount=type=cahe,target=/x \\
                   |     ^

              hint: did you mean `cache`?
              error: `${` has no closing `}`  [dockerfile-syntax]
                at Dockerfile:8:9
                   | WORKDIR ${x
                   |         ^
              """);
    }

    @Test
    void aMistakeInAContinuationIsShownThere() {
      assertThat(
              problems("FROM scratch", "RUN \\", "   --network=hots \\", "  ls")
                  .getFirst()
                  .render())
          .contains("Dockerfile:3:4", "   --network=hots", "did you mean `host`?");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "RUN|`RUN` has no arguments",
          "COPY a|takes at least one source and a destination",
          "FROM a b|takes an image, or an image, `AS`",
          "ONBUILD ONBUILD RUN x|cannot be a trigger",
          "ONBUILD FROM x|cannot be a trigger",
          "CMD [\"a\", 1]|is no string",
          "HEALTHCHECK --interval=1x CMD a|takes a duration",
          "HEALTHCHECK NONE x|takes no arguments",
          "HEALTHCHECK --retries=-1 CMD x|whole number",
          "ENV =x|no name before",
          "ENV x|no value for `x`",
          "LABEL a=\"b|is not closed",
          "USER --x me|takes no flags",
          "COPY --link=maybe a b|takes `true` or `false`",
          "COPY --chown=a --chown=b a b|given twice",
          "EXPOSE ${80|no closing",
          "ENV a=${b:x}|no modifier"
        })
    void eachKindHasItsSentence(String line, String expected) {
      assertThat(problems("FROM scratch", line).getFirst().what()).contains(expected);
    }

    @Test
    void aFileBeginsWithFrom() {
      assertThat(problems("RUN x", "USER y", "FROM scratch"))
          .singleElement()
          .extracting(Problem::what)
          .isEqualTo("`RUN` stands before the first `FROM`");
      assertThat(problems("# nothing").getFirst().what()).isEqualTo("the Dockerfile has no `FROM`");
      assertThat(problems("# escape=x", "FROM a").getFirst().what()).contains("escape character");
    }
  }

  @Nested
  class Replacement {
    private static final Expansion.Variables VARIABLES =
        name ->
            switch (name) {
              case "v" -> "foobarbaz";
              case "e" -> "";
              case "s" -> "a b";
              case "p" -> "/usr/lib/x.tar.gz";
              default -> null;
            };

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(
        delimiter = ' ',
        quoteCharacter = '~',
        value = {
          "$v foobarbaz",
          "${v} foobarbaz",
          "x${v}y xfoobarbazy",
          "$u.txt .txt",
          "\\$v $v",
          "'$v' $v",
          "\"$v\" foobarbaz",
          "\"\\$v\" $v",
          "${u:-d} d",
          "${e:-d} d",
          "${e-d} ~~",
          "${u-d} d",
          "${v:+d} d",
          "${e:+d} ~~",
          "${e+d} d",
          "${u:-${v}x} foobarbazx",
          "${v#f*a} rbaz",
          "${v##f*a} z",
          "${v%a*} foobarb",
          "${v%%a*} foob",
          "${p##*/} x.tar.gz",
          "${p%.*} /usr/lib/x.tar",
          "${p%%.*} /usr/lib/x",
          "${v/ba/X} fooXrbaz",
          "${v//ba/X} fooXrXz",
          "${p/\\/usr/U} U/lib/x.tar.gz",
          "${v//?/-} ---------",
          "${v/b*/} foo",
          "a$ a$",
          "$1 ~~",
          "${v:?no} foobarbaz"
        })
    void asTheReferenceSays(String text, String expected) throws Expansion.Failure {
      assertThat(Expansion.word(text, '\\', VARIABLES)).isEqualTo(expected);
    }

    @Test
    void wordsAreSplitAfterReplacement() throws Expansion.Failure {
      assertThat(Expansion.words("$s \"$s\" 'c d' e\\ f", '\\', VARIABLES))
          .containsExactly("a", "b", "a b", "c d", "e f");
    }

    @Test
    void anUnsetVariableMayBeAMistake() {
      assertThatThrownBy(() -> Expansion.word("${u:?must be given}", '\\', VARIABLES))
          .hasMessage("the variable `u` is not set: must be given");
    }
  }

  @Nested
  class Engine {
    private static String need(String... lines) {
      return parse(lines).needsEngine().map(EngineNeed::toString).orElse("none");
    }

    @Test
    void onlyNeededStagesCount() {
      assertThat(need("FROM a AS x", "RUN make", "FROM b", "COPY . /")).isEqualTo("none");
      assertThat(need("FROM a AS x", "RUN make", "FROM b", "COPY --from=x /o /"))
          .isEqualTo("Dockerfile:2: `RUN` runs a program in a container");
      assertThat(need("FROM a", "RUN make", "FROM b", "COPY --from=0 /o /"))
          .startsWith("Dockerfile:2");
      assertThat(need("FROM a AS x", "RUN make", "FROM X AS y", "FROM y"))
          .startsWith("Dockerfile:2");
    }

    @Test
    void fetchingNeedsOne() {
      assertThat(need("FROM a", "ARG U=https://host/x", "ADD $U /"))
          .isEqualTo("Dockerfile:3: `ADD` fetches `$U`");
      assertThat(need("FROM a", "ADD git@host:o/r.git /x"))
          .startsWith("Dockerfile:2: `ADD` fetches");
      assertThat(need("FROM a", "ADD x.tar.gz /x")).isEqualTo("none");
      assertThat(need("FROM a", "COPY --from=image:1 /x /x"))
          .isEqualTo(
              "Dockerfile:2: `COPY --from=image:1` copies from an image, not from an earlier"
                  + " stage");
    }

    @Test
    void triggersCountWhereTheyFire() {
      assertThat(need("FROM a", "ONBUILD RUN x")).isEqualTo("none");
      assertThat(need("FROM a AS b", "ONBUILD RUN x", "FROM b")).startsWith("Dockerfile:2: `RUN`");
      assertThat(
              parse("FROM a")
                  .needsEngine(BuildRequest.DEFAULT, image -> List.of("RUN " + image))
                  .map(EngineNeed::toString))
          .contains(
              "Dockerfile:1: `FROM a` has the trigger `RUN a`: `RUN` runs a program in a"
                  + " container");
    }

    @Test
    void anotherStageMayBeAskedFor() {
      var file = parse("FROM a AS x", "FROM b AS y", "RUN z");
      var request =
          new BuildRequest(
              java.util.Map.of(), dev.terroir.foundation.platform.Platform.LINUX_ARM64, "x");
      assertThat(file.needsEngine(request, _ -> List.of())).isEmpty();
      assertThat(file.needsEngine()).isPresent();
    }
  }

  @Nested
  @DisplayName("What is printed reads as the same instructions")
  class RoundTrip {
    private static final List<String> WORDS =
        List.of(
            "a",
            "x=1",
            "--link",
            "--from=b",
            "\"q r\"",
            "'s t'",
            "$v",
            "${v:-w}",
            "\\ ",
            "\\",
            "[",
            "]",
            "[\"a\",",
            "\"b\"]",
            "<<E",
            "<<-'F'",
            "=",
            "#",
            "é",
            "\\\n ",
            "\\\n# c\n",
            "\t",
            "CMD",
            "NONE",
            "AS",
            "--",
            "--mount=type=cache,target=/x",
            "\\$",
            "`",
            "a\\\"b",
            "[\"x y\",\"--z\"]",
            "\u000B",
            "\"",
            "--chown=\"a b\"",
            "\\\\");

    @Test
    void forAnythingThatCanBeRead() {
      var names =
          List.of(
              "RUN",
              "CMD",
              "COPY",
              "ADD",
              "ENV",
              "LABEL",
              "ARG",
              "ENTRYPOINT",
              "VOLUME",
              "EXPOSE",
              "USER",
              "WORKDIR",
              "STOPSIGNAL",
              "HEALTHCHECK",
              "ONBUILD RUN",
              "ONBUILD COPY",
              "MAINTAINER",
              "SHELL",
              "FROM");
      var read = 0;
      for (var seed = 0; seed < 20_000; seed++) {
        var random = new Random(seed);
        var text = new StringBuilder(random.nextInt(4) == 0 ? "# escape=`\n" : "");
        text.append("FROM scratch\n").append(names.get(random.nextInt(names.size())));
        for (var i = random.nextInt(6); i >= 0; i--) {
          text.append(random.nextInt(5) == 0 ? "" : " ");
          text.append(WORDS.get(random.nextInt(WORDS.size())));
        }
        // Bodies for here-documents, where there is one.
        text.append(text.indexOf("<<") < 0 ? "\nUSER me\n" : "\n\tline $v\n\tF\nE\nUSER me\n");
        Dockerfile file;
        try {
          file = parse(text.toString());
        } catch (ImageException e) {
          continue;
        }
        read++;
        var printed = file.print();
        Dockerfile again;
        try {
          again = parse(printed);
        } catch (ImageException e) {
          throw new AssertionError(
              "seed "
                  + seed
                  + ":\n"
                  + text
                  + "\n--- printed\n"
                  + printed
                  + "\n"
                  + e.problem().render(),
              e);
        }
        assertThat(again.instructions())
            .as("seed %d: %s", seed, text)
            .isEqualTo(file.instructions());
        assertThat(again.directives()).isEqualTo(file.directives());
      }
      assertThat(read).as("texts that could be read").isGreaterThan(5000);
    }
  }
}

package dev.terroir.environment.conda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.Conformance;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("environment.yml: what is kept, what is told, what is refused")
class EnvironmentFileTest {
  private static List<Problem> problems(String text) {
    try {
      CondaDependencies.parse(text, "environment.yml");
    } catch (EnvironmentException e) {
      return e.problems();
    }
    throw new AssertionError("was read: " + text);
  }

  @Test
  void theLinesOfTwoPipSectionsAreAllKeptAndTheSecondIsTold() {
    var document =
        CondaDependencies.parse(
            "dependencies:\n- python\n- pip:\n  - a\n  - --pre\n- numpy\n- pip:\n  - b\n",
            "environment.yml");
    assertThat(document.pipLines()).containsExactly("a", "--pre", "b");
    assertThat(document.pipMarks()).extracting(mark -> mark.line()).containsExactly(4, 5, 8);
    assertThat(document.condaPackages()).containsExactly("python", "numpy");
    assertThat(document.warnings())
        .singleElement()
        .asString()
        .startsWith("environment.yml:8:3: a second pip section, after that of line 4")
        .contains("conda leaves out all but the last");
  }

  @Test
  void aDefinitionThatHasTwoPipSectionsAlreadyKeepsThem() {
    var json =
        dev.terroir.foundation.json.JsonReader.parseObject(
            "{\"dependencies\": [\"python=3.8\", {\"pip\": [\"a\"]}, {\"pip\": [\"b\"]}]}", "x");
    var document = CondaDependencies.ofJson(json);
    assertThat(document.pipLines()).containsExactly("a", "b");
    assertThat(document.addPipPackage("c").pipLines()).containsExactly("a", "b", "c");
    assertThat(document.warnings().getFirst()).contains("a second pip section");
  }

  @ParameterizedTest
  @CsvSource({
    "dependancies, dependencies",
    "dependency, dependencies",
    "Dependencies, dependencies",
    "depends, dependencies",
    "channel, channels",
    "chanels, channels",
    "variable, variables",
    "prefx, prefix"
  })
  void aSlipOfAKeyIsRefusedWithTheKey(String slip, String key) {
    var text = "x-team:\n- a\n" + slip + ": [python]\n";
    var found = problems(text);
    assertThat(found.getLast().what()).startsWith("`" + slip + "` is no key");
    assertThat(found.getLast().hints()).containsExactly("write `" + key + "`");
    assertThat(found.getLast().where().getFirst().text()).isEqualTo("environment.yml:3:1");
  }

  @Test
  void anUnknownKeyIsToldAndKept() {
    var document = CondaDependencies.parse("x-team: vision\ndependencies: [python]\n", "e.yml");
    assertThat(document.warnings())
        .singleElement()
        .asString()
        .startsWith("e.yml:1:1: `x-team` is no key of a conda environment file");
    assertThat(document.toJson().string("x-team")).isEqualTo("vision");
  }

  @ParameterizedTest
  @CsvSource({"/opt/envs/x", "../x", "a/b", "C:\\envs\\x"})
  void aNameThatIsAPathIsRefused(String name) {
    assertThat(problems("name: " + name + "\ndependencies: [a]\n").getFirst().what())
        .isEqualTo("`" + name + "` is a path, not a name");
  }

  @Test
  void nodefaultsAndEveryOtherChannelStayWhereTheyStand() {
    var document =
        CondaDependencies.parse(
            """
            channels:
            - https://user.example/t/x
            - team/label/dev
            - file:///srv/channel
            - nodefaults
            dependencies: []
            """,
            "e.yml");
    assertThat(document.condaChannels())
        .containsExactly(
            "https://user.example/t/x", "team/label/dev", "file:///srv/channel", "nodefaults");
    assertThat(document.channelMarks()).extracting(mark -> mark.line()).containsExactly(2, 3, 4, 5);
  }

  @Test
  void everySpecHasItsLine() {
    var document =
        CondaDependencies.parse(
            """
            dependencies:
            - python=3.8
            -
            # a comment
            - conda-forge::numpy >=1.2,<2
            - pip:
              - six
            - {sel(linux): glibc}
            - "blas[build=mkl]"
            """,
            "e.yml");
    assertThat(document.condaPackages())
        .containsExactly("python=3.8", "conda-forge::numpy >=1.2,<2", "blas[build=mkl]");
    assertThat(document.condaMarks())
        .extracting(mark -> mark.line() + ":" + mark.column())
        .containsExactly("2:3", "5:3", "9:3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "numpy|numpy",
        "conda-forge::numpy >=1.2|numpy",
        "conda-forge/label/testing::Matplotlib-base>=3.6|matplotlib-base",
        "https://10.1.1.1:443::flask=1.0.2|flask",
        "https://channel.example/main::flask==1.0=py_0|flask",
        "numpy[channel='https://c.example/x::y']|numpy",
        "https://channel.example/main/noarch/flask-1-0.conda|-",
        "/srv/flask-1-0.conda|-",
        "_libgcc_mutex=0.1=main|_libgcc_mutex"
      })
  void theNameOfASpecIsFoundInEveryForm(String spec, String name) {
    assertThat(CondaDependency.condaName(spec)).isEqualTo(Optional.ofNullable(name));
  }

  @Test
  void everySpecOfARealFileIsKeptAsItIsAndHasItsLine() {
    var specs = new HashSet<String>();
    for (var item : Conformance.files("environment")) {
      CondaDependencies document;
      try {
        document = CondaDependencies.read(item.file());
      } catch (TerroirException e) {
        assertThat(item.loads()).as(item.file() + ": " + e.problem().what()).isFalse();
        continue;
      }
      var marks = document.condaMarks();
      assertThat(marks).hasSize(document.condaPackages().size());
      var lines = document.serializeToString().lines().toList();
      for (int i = 0; i < marks.size(); i++) {
        var spec = document.condaPackages().get(i);
        assertThat(lines.get(marks.get(i).line() - 1)).contains(spec.split("\\s")[0]);
        specs.add(spec);
      }
    }
    assertThat(specs).hasSizeGreaterThan(1000);
    assertThat(specs)
        .filteredOn(spec -> !spec.contains("://") && CondaDependency.condaName(spec).isEmpty())
        .isEmpty();
  }

  @Test
  void theFilesOfOtherToolsTestsAreRead() {
    for (var item : Conformance.cases("env_yaml/rattler.json")) {
      var text = item.string("text");
      var document = CondaDependencies.parse(text, item.optionalString("name").orElse("case"));
      assertThat(CondaDependencies.parse(document.serializeToString(), "again"))
          .isEqualTo(document);
      assertThat(document.serializeToString()).isEqualTo(text);
    }
    for (var item : Conformance.cases("env_yaml/mamba_files.json")) {
      if (item.string("name").matches(".*\\.ya?ml")) {
        assertThat(CondaDependencies.parse(item.string("text"), item.string("name")).dependencies())
            .isNotEmpty();
      }
    }
  }
}

package dev.terroir.environment.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.terroir.environment.DockerSection;
import dev.terroir.environment.Environment;
import dev.terroir.environment.PythonSection;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.json.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The canonical form terroir-definition/1 (docs/canonical-form.md)")
class CanonicalFormTest {
  private static final List<String> PIP = List.of("azureml-defaults", "numpy==1.26.4", "pandas");

  private static Environment sample(String name, List<String> pip) {
    return Environment.of(name, CondaDependencies.create(pip, List.of("pip=24.0"), "3.11"));
  }

  @Test
  void isPinnedByGoldenFiles() throws IOException {
    golden("system-managed", sample("a", PIP));
    golden(
        "user-managed",
        sample("a", PIP).withPython(PythonSection.userManaged("/opt/python/bin/python")));
    golden(
        "dockerfile",
        sample("a", PIP)
            .withDocker(DockerSection.DEFAULT.withBaseDockerfile("FROM debian:13\r\nRUN true\n")));
  }

  @Test
  void constraintsCountOnlyWhenThereAreSome() throws IOException {
    var plain = sample("a", PIP);
    var constrained =
        plain.withPython(plain.python().withPipConstraints(List.of("numpy<2", "scipy==1.11")));
    golden("constrained", constrained);
    var none = constrained.withPython(constrained.python().withPipConstraints(List.of()));
    assertThat(CanonicalForm.hash(none)).isEqualTo(CanonicalForm.hash(plain));
    assertThat(none.toJson()).isEqualTo(plain.toJson());
    var again = Environment.parse(JsonWriter.compact(constrained.toJson()), "again");
    assertThat(again.python().pipConstraints()).containsExactly("numpy<2", "scipy==1.11");
    assertThat(CanonicalForm.hash(again)).isEqualTo(CanonicalForm.hash(constrained));
    var emptied = again.withPython(again.python().withPipConstraints(List.of()));
    assertThat(CanonicalForm.hash(emptied)).isEqualTo(CanonicalForm.hash(plain));
    assertThat(CanonicalForm.difference(plain, constrained))
        .extracting(CanonicalForm.Difference::part)
        .containsExactly("python.pipConstraints");
  }

  @Test
  void whatIsWrittenAndReadAgainHasTheSameHash() {
    qt().forAll(integers().between(0, 100_000))
        .checkAssert(seed -> {
          var random = new Random(seed);
          var lines = new ArrayList<String>();
          for (int i = random.nextInt(6); i >= 0; i--) {
            var extras = random.nextBoolean() ? "[x]" : "";
            lines.add("p" + random.nextInt(20) + extras + ">=" + random.nextInt(9) + " ; a # é\"'");
          }
          var environment = sample("e", lines);
          environment =
              environment
                  .withEnvironmentVariables(Map.of("A", "b: #" + seed))
                  .withPython(
                      environment
                          .python()
                          .withPipConstraints(lines.subList(0, random.nextInt(lines.size()))));
          var text = JsonWriter.indented(environment.toJson(), 1 + random.nextInt(4));
          var again = Environment.parse(text, "again");
          assertThat(again.toJson()).isEqualTo(environment.toJson());
          assertThat(CanonicalForm.of(again)).isEqualTo(CanonicalForm.of(environment));
          assertThat(CanonicalForm.hash(again)).isEqualTo(CanonicalForm.hash(environment));
        });
  }

  private static void golden(String name, Environment environment) throws IOException {
    var file =
        Path.of(
            System.getProperty("terroir.root"),
            "environment/src/test/resources/golden",
            name + ".txt");
    var text =
        JsonWriter.canonical(CanonicalForm.of(environment))
            + "\n"
            + CanonicalForm.hash(environment)
            + "\n";
    if (System.getProperty("terroir.golden", "compare").equals("rewrite")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    }
    assertThat(text).isEqualTo(Files.readString(file));
  }

  @Test
  void nameVersionVariablesAndRunArgumentsDoNotCount() {
    var environment = sample("a", PIP);
    var docker = environment.docker();
    var same =
        sample("b", PIP)
            .withVersion("7")
            .withEnvironmentVariables(Map.of("A", "B"))
            .withDocker(
                new DockerSection(
                    true,
                    docker.baseImage(),
                    null,
                    null,
                    false,
                    "8g",
                    List.of("--ipc=host"),
                    docker.baseImageRegistry(),
                    docker.platform(),
                    docker.source()));
    assertThat(CanonicalForm.hash(same)).isEqualTo(CanonicalForm.hash(environment));
    assertThat(CanonicalForm.difference(environment, same)).isEmpty();
  }

  @Test
  void orderCounts() {
    qt().forAll(integers().between(0, 10_000))
        .checkAssert(seed -> {
          var shuffled = new ArrayList<>(PIP);
          Collections.shuffle(shuffled, new Random(seed));
          var equal =
              CanonicalForm.hash(sample("a", PIP))
                  .equals(CanonicalForm.hash(sample("a", shuffled)));
          assertThat(equal).isEqualTo(shuffled.equals(PIP));
        });
  }

  @Test
  void commentsAndTheKeysOrderDoNotCount() {
    var one =
        CondaDependencies.parse(
            "# hello\nname: x\nchannels: [a]\ndependencies:\n- python=3.11 # y\n", "one");
    var other = CondaDependencies.parse("dependencies: [python=3.11]\nchannels:\n  - a\n", "other");
    assertThat(CanonicalForm.hash(Environment.of("e", one)))
        .isEqualTo(CanonicalForm.hash(Environment.of("e", other)));
  }

  @Test
  void aDifferenceNamesThePart() {
    var before = sample("a", PIP);
    var after =
        before.withCondaDependencies(
            before.condaDependencies().orElseThrow().addChannel("bioconda"));
    assertThat(CanonicalForm.difference(before, after))
        .extracting(CanonicalForm.Difference::part)
        .containsExactly("python.condaDependencies.channels");
  }
}

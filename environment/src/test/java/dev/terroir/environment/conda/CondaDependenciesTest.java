package dev.terroir.environment.conda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import dev.terroir.environment.EnvironmentException;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("CondaDependencies (azureml-core)")
class CondaDependenciesTest {
  private static final String FILE =
      """
      # The team's packages
      name: team   # a name
      channels:
        - conda-forge
      dependencies:
        # which Python
        - python=3.8  # old
        - numpy=1.17.0
        - pip:
            # what pip brings
            - azureml-defaults
            - scikit_learn>=0.22   # the model
            - --extra-index-url https://packages.example/simple
      """;

  private static CondaDependencies file() {
    return CondaDependencies.parse(FILE, "environment.yml");
  }

  @Test
  void commentsSurviveEdits() {
    var edited =
        file()
            .addCondaPackage("python=3.11")
            .addPipPackage("Scikit.Learn==1.5.0")
            .addPipPackage("pandas")
            .addChannel("bioconda")
            .removeCondaPackage("numpy");
    assertThat(edited.serializeToString())
        .isEqualTo(
            """
            # The team's packages
            name: team   # a name
            channels:
              - conda-forge
              - bioconda
            dependencies:
              # which Python
              - python=3.11  # old
              - pip:
                  # what pip brings
                  - azureml-defaults
                  - Scikit.Learn==1.5.0   # the model
                  - --extra-index-url https://packages.example/simple
                  - pandas
            """);
  }

  @Test
  void aPackageOfTheSameNameIsReplacedWhereItStands() {
    assertThat(CondaDependencies.defaults().addCondaPackage("python=3.7").condaPackages())
        .containsExactly("python=3.7");
    assertThat(CondaDependencies.defaults().addPipPackage("azureml_defaults==1.13.0").pipPackages())
        .containsExactly("azureml_defaults==1.13.0");
    assertThat(file().addCondaPackage("conda-forge::numpy=2.0").condaPackages())
        .containsExactly("python=3.8", "conda-forge::numpy=2.0");
  }

  @Test
  void condaPackagesFollowThePipSection() {
    var json = CondaDependencies.defaults().addCondaPackage("numpy").toJson().toString();
    assertThat(json).contains("[\"python=3.11\",{\"pip\":[\"azureml-defaults\"]},\"numpy\"]");
  }

  @Test
  void optionLinesAreNeverRewritten() {
    var options = file().setPipIndexUrl("https://index.example/simple").setPipOption("--pre");
    assertThat(options.pipOptions())
        .containsExactly(
            "--extra-index-url https://packages.example/simple",
            "--index-url https://index.example/simple",
            "--pre");
    assertThat(options.removePipOption("--pre").pipOptions()).hasSize(2);
    assertThat(options.pipPackages()).containsExactly("azureml-defaults", "scikit_learn>=0.22");
  }

  @Test
  void theVersionOfPythonIsText() {
    assertThat(CondaDependencies.parse("dependencies: [python=3.10]", "x").pythonVersion())
        .contains("3.10");
    assertThat(CondaDependencies.parse("dependencies: ['python >=3.8,<3.12']", "x").pythonVersion())
        .contains(">=3.8,<3.12");
    assertThat(CondaDependencies.parse("dependencies: [numpy]", "x").pythonVersion()).isEmpty();
  }

  @Test
  void whatCannotBeUsedSaysWhereAndWhy() {
    assertThatThrownBy(() -> CondaDependencies.parse("dependencies:\n  - numpy: 1.2\n", "f.yml"))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("f.yml:2:5", "`numpy` is no section", "numpy=1.2"));
    assertThatThrownBy(() ->
            CondaDependencies.parse(
                "a: &a [x]\nb: &b [*a, *a]\ndependencies: !!python/tuple [1]", "f"))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("asks for an object");
  }

  @Test
  void anExpandingDocumentIsRefused() {
    var text = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
      text.append("a").append(i).append(": &a").append(i).append(" [");
      text.append(("*a" + (i - 1) + ",").repeat(9)).append("*a").append(i - 1).append("]\n");
    }
    assertThatThrownBy(() -> CondaDependencies.parse(text.toString(), "f"))
        .isInstanceOf(EnvironmentException.class);
  }

  @Test
  void anySequenceOfEditsReadsBackAsItself() {
    qt().forAll(lists().of(integers().between(0, 79)).ofSizeBetween(0, 25))
        .checkAssert(edits -> {
          var document = file();
          for (int edit : edits) {
            var name = List.of("numpy", "pandas", "a.b", "x_y", "python").get(edit / 16);
            document =
                switch (edit % 8) {
                  case 0 -> document.addCondaPackage(name + "=" + edit);
                  case 1 -> document.removeCondaPackage(name);
                  case 2 -> document.addPipPackage(name + "==" + edit);
                  case 3 -> document.removePipPackage(name);
                  case 4 -> document.addChannel(name);
                  case 5 -> document.removeChannel(name);
                  case 6 -> document.setPipOption("--find-links " + name);
                  default -> document.removePipOption("--find-links");
                };
            var again = CondaDependencies.parse(document.serializeToString(), "again");
            assertThat(again).isEqualTo(document);
            assertThat(CondaDependencies.ofJson(document.toJson())).isEqualTo(document);
          }
        });
  }
}

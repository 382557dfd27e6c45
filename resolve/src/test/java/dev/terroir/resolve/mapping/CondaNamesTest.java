package dev.terroir.resolve.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Conda packages taken from the Python index (conda.source = pypi)")
class CondaNamesTest {
  @TempDir Path folder;

  @ParameterizedTest(name = "{0} → {1}")
  @CsvSource(
      delimiter = '→',
      value = {
        "numpy → numpy",
        "numpy=1.17.0 → numpy==1.17.0",
        "numpy=1.17 → numpy==1.17.*",
        "numpy=1 → numpy==1.*",
        "numpy==1.17 → numpy==1.17",
        "numpy 1.17 → numpy==1.17",
        "numpy 1.17.* → numpy==1.17.*",
        "numpy=1.17* → numpy==1.17.*",
        "numpy=1.17.* → numpy==1.17.*",
        "numpy==1.17.* → numpy==1.17.*",
        "numpy>=1.17 → numpy>=1.17",
        "numpy >=1.17,<2 → numpy>=1.17,<2",
        "numpy >= 1.17, < 2.0a0 → numpy>=1.17,<2.0a0",
        "numpy>=1.17.* → numpy>=1.17",
        "numpy!=1.17 → numpy!=1.17",
        "numpy!=1.17.* → numpy!=1.17.*",
        "numpy~=1.17 → numpy~=1.17",
        "numpy~=1 → numpy==1.*",
        "numpy=* → numpy",
        "numpy * → numpy",
        "numpy=1.17.0=py37h7e9f1db_0 → numpy==1.17.0",
        "numpy=1.17=py37h7e9f1db_0 → numpy==1.17",
        "numpy>=1.17=*cuda* → numpy>=1.17",
        "numpy==1.17.0=py37_0 → numpy==1.17.0",
        "numpy 1.17.0 py37h7e9f1db_0 → numpy==1.17.0",
        "NumPy=1.17.0 → numpy==1.17.0",
        "conda-forge::numpy=1.17 → numpy==1.17.*",
        "conda-forge/linux-64::numpy → numpy",
        "numpy[version='>=1.17,<2'] → numpy>=1.17,<2",
        "numpy[version=\"1.17.*\", build=\"py37*\"] → numpy==1.17.*",
        "numpy 1.17.*  # a comment → numpy==1.17.*",
        "scikit-learn=0.24 → scikit-learn==0.24.*",
        "mkl_fft → mkl_fft",
        "pytorch::pytorch=1.12 → torch==1.12.*",
        "pytorch=1.12.1 → torch==1.12.1.*",
        "opencv=4.5.5 → opencv-python==4.5.5.*",
        "pytables=3.6 → tables==3.6.*",
        "dask=2021.1 → dask[complete]==2021.1.*",
        "tensorflow-gpu=2.4 → tensorflow==2.4.*",
        "py-xgboost → xgboost",
        "pytorch_geometric → torch-geometric",
        "ruamel.yaml → ruamel.yaml",
        "cmake → cmake",
        "tzdata=2022f → tzdata==2022.6.*",
      })
  void specsBecomeRequirements(String spec, String requirement) {
    assertThat(lines(spec)).containsExactly(requirement);
  }

  @Test
  void interpreterAndPipAreNotAskedOfTheIndex() {
    assertThat(lines("python=3.8", "pip", "pip=20.1", "six")).containsExactly("six");
  }

  @Test
  void everythingWithoutAPlaceThereIsToldAtOnce() {
    assertThatThrownBy(() ->
            lines(
                "cudatoolkit=11.3",
                "r-base=4.1",
                "numpy",
                "openmpi",
                "our-own-tools=1",
                "_libgcc_mutex",
                "scipy=1.1|1.2",
                "six[",
                "pandas=1.0.5garbage%"))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e ->
                assertThat(e.problem().render())
                    .startsWith("error: 8 conda packages have nothing on the Python index")
                    .contains("[conda-not-on-index]")
                    .contains("at the file")
                    .contains(
                        "no Python packages: `cudatoolkit`, `r-base`, `openmpi`, `_libgcc_mutex`")
                    .contains("nobody has said which project is meant: `our-own-tools`")
                    .contains("`scipy=1.1|1.2` says `or`")
                    .contains("`six[` ")
                    .contains("`pandas=1.0.5garbage%` has the version")
                    .contains("hint: write `our-own-tools  PROJECT`"));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "https://example.org/linux-64/numpy-1.17.0-py37_0.tar.bz2",
        "/folder/numpy-1.17.0-py37_0.conda",
        "numpy ^1\\.1[0-9]$",
        "numpy 1.17 py37_0 extra",
        "pytz=2020-b/5",
      })
  void specsThatRequirementsCannotSayAreRefused(String spec) {
    assertThatThrownBy(() -> lines(spec))
        .isInstanceOf(ResolveException.class)
        .hasMessageContaining("1 conda package has nothing on the Python index");
  }

  @Test
  void whatIsNotTakenOverIsNoted() {
    assertThat(
            names()
                .requirements(
                    specs("numpy=1.17.0=py37_0", "pytorch::torchvision", "six[subdir=noarch]"),
                    Platform.LINUX_AMD64,
                    "the file")
                .notes())
        .containsExactly(
            "builds are conda's own and were not asked for: `numpy`",
            "channels are conda's own and were not asked for: `pytorch::torchvision`",
            "further conditions in brackets were not asked for: `six`");
  }

  @Test
  void teamsOwnNamesWin() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("names.txt"),
            """
            # ours
            our-own-tools   own_tools[fast]  # renamed
            cudatoolkit     -
            our-other
            opencv          opencv-python-headless
            numpy           !
            """);
    var names = CondaNames.read(file);
    var mapped =
        names.requirements(
            specs("our-own-tools=1.2", "cudatoolkit=11.3", "our-other", "opencv=4.5", "scipy"),
            Platform.LINUX_AMD64,
            "the file");
    assertThat(mapped.lines())
        .containsExactly(
            "own_tools[fast]==1.2.*", "our-other", "opencv-python-headless==4.5.*", "scipy");
    assertThat(mapped.projects())
        .containsEntry("cudatoolkit", CondaNames.NOTHING)
        .containsEntry("opencv", "opencv-python-headless")
        .hasSize(5);
    assertThat(mapped.notes()).singleElement().asString().contains("`cudatoolkit`");
    assertThatThrownBy(() -> names.requirements(specs("numpy"), Platform.LINUX_AMD64, "the file"))
        .hasMessageContaining("1 conda package");
  }

  @Test
  void wrongLinesOfTheTeamsFileAreToldWithTheirPlaces() throws IOException {
    var file = Files.writeString(folder.resolve("names.txt"), "a b c\nok\nd e==1\n");
    assertThatThrownBy(() -> CondaNames.read(file))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("names.txt:1")
                    .contains("names.txt:3")
                    .contains("`e==1` is no project of an index"));
    assertThatThrownBy(() -> CondaNames.read(folder.resolve("not-there")))
        .isInstanceOf(TerroirException.class)
        .hasMessageContaining("cannot be read");
  }

  @Test
  void entriesOfOtherPlatformsAreLeftOut() {
    var selected =
        List.<CondaDependency>of(
            new CondaDependency.Selected("linux", List.of("six")),
            new CondaDependency.Selected("unix", List.of("attrs")),
            new CondaDependency.Selected("win", List.of("pywin32-on-windows")),
            new CondaDependency.Selected("osx", List.of("cudatoolkit")));
    assertThat(names().requirements(selected, Platform.LINUX_AMD64, "the file").lines())
        .containsExactly("six", "attrs");
  }

  @Test
  void dataSaysWhereItComesFromAndHasNoNameTwice() throws IOException {
    try (var in = CondaNames.class.getResourceAsStream("conda-names.txt")) {
      var text = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      assertThat(text).contains("Origin", "conda-pypi").hasSizeLessThan(300_000);
      var names = text.lines().filter(line -> !line.startsWith("#")).toList();
      assertThat(names)
          .allMatch(line ->
              line.matches("[a-z0-9_][a-z0-9_.+-]*( (!|[a-z0-9._-]+(\\[[a-z0-9._,-]+])?))?"));
      assertThat(names.stream().map(line -> line.split(" ")[0])).doesNotHaveDuplicates().isSorted();
    }
  }

  @Test
  void environmentFilesOfTheWild() throws IOException {
    var conformance = System.getProperty("terroir.conformance", "");
    assumeTrue(!conformance.isEmpty(), "no conformance data");
    var mapped = new ArrayList<Path>();
    var missing = new TreeMap<String, Integer>();
    var untranslatable = new ArrayList<String>();
    var files = 0;
    List<Path> all;
    try (var walk = Files.walk(Path.of(conformance, "files"))) {
      all = walk.filter(file -> file.toString().matches(".*\\.ya?ml")).sorted().toList();
    }
    for (var file : all) {
      List<CondaDependency> dependencies;
      try {
        dependencies = CondaDependencies.read(file).dependencies();
      } catch (EnvironmentException e) {
        continue;
      }
      if (dependencies.isEmpty()) {
        continue;
      }
      files++;
      try {
        var result = names().requirements(dependencies, Platform.LINUX_AMD64, file.toString());
        mapped.add(file);
        for (var line : result.lines()) {
          assertThatCode(() -> Requirement.parse(line))
              .as(file + ": " + line)
              .doesNotThrowAnyException();
        }
      } catch (ResolveException e) {
        for (var why : e.problem().why()) {
          if (why.startsWith("the spec")) {
            untranslatable.add(why);
          } else {
            Arrays.stream(why.substring(why.indexOf(':') + 1).split(","))
                .forEach(name -> missing.merge(name.strip(), 1, Integer::sum));
          }
        }
      }
    }
    // Those that do not map name C libraries, compilers, CUDA and R; of the rest, few are unknown.
    assertThat(mapped.size() * 100 / files)
        .as("per cent of " + files + " files")
        .isGreaterThanOrEqualTo(54);
    assertThat(missing.keySet())
        .contains("`cudatoolkit`", "`graphviz`")
        .doesNotContain("`numpy`", "`scikit-learn`", "`pytorch`", "`tensorflow-gpu`", "`opencv`");
    assertThat(untranslatable)
        .as("specs that no requirement can say")
        .allMatch(spec -> spec.contains("-r requirements.txt") || spec.contains("https://"));
  }

  private static CondaNames names() {
    return CondaNames.standard();
  }

  private static List<CondaDependency> specs(String... specs) {
    return Arrays.stream(specs).<CondaDependency>map(CondaDependency.Conda::new).toList();
  }

  private static List<String> lines(String... specs) {
    return names().requirements(specs(specs), Platform.LINUX_AMD64, "the file").lines();
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir environment create -f: what files of packages carry into a definition")
class PackageFilesTest {
  /// A build backend that stands in the project itself, so that nothing is fetched.
  private static final String BACKEND =
      """
      import os, time, zipfile
      NAME, VERSION, TAG = %s
      def build_wheel(directory, config_settings=None, metadata_directory=None):
          info = NAME + "-" + VERSION + ".dist-info/"
          name = NAME + "-" + VERSION + "-" + TAG + ".whl"
          date = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
          with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
              def add(path, text):
                  wheel.writestr(zipfile.ZipInfo(path, date), text)
              add(NAME + ".py", open(NAME + ".py").read())
              add(info + "METADATA", "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION
                  + "\\nProvides-Extra: more\\nRequires-Dist: beta; extra == 'more'\\n")
              add(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: " + TAG + "\\n")
              add(info + "RECORD", "")
          return name
      """;

  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
  }

  private Terroir.Outcome create(String file) {
    return terroir.run(
        "environment create --overwrite -n demo -f " + terroir.project.resolve(file),
        "--python",
        Terroir.python(),
        "-d",
        terroir.directory());
  }

  private Path sources(String name, String tag) {
    terroir.write(
        name + "/pyproject.toml",
        """
        [project]
        name = "%s"
        version = "1.0"
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["."]
        """
            .formatted(name));
    terroir.write(
        name + "/backend.py", BACKEND.formatted("\"%s\", \"1.0\", \"%s\"".formatted(name, tag)));
    terroir.write(name + "/" + name + ".py", "ANSWER = 1\n");
    return terroir.project.resolve(name);
  }

  private String lockText() {
    terroir.run("environment lock -d " + terroir.directory()).succeeds();
    return terroir.run("lock show -d " + terroir.directory()).succeeds().out();
  }

  private String answer() {
    return terroir
            .run(
                "environment exec -d " + terroir.directory() + " --",
                "python",
                "-c",
                "import mine, sys; sys.exit(mine.ANSWER)")
            .code()
        + "";
  }

  private static String hash(Path wheel) throws IOException {
    return Sha256.of(wheel).hex();
  }

  @Test
  void packagesOfASecondIndexAreFoundWhereAPylockSaysTheyAre() throws IOException {
    var main = WheelHouse.make(folder.resolve("main"));
    var more = folder.resolve("more");
    var delta = WheelHouse.wheel(more, "delta", "1.0", List.of(), Map.of("delta.py", ""));
    // The second index has the name of another package, too.
    WheelHouse.wheel(more, "alpha", "3.0", List.of(), Map.of("alpha.py", ""));
    try (var first = new LoopbackIndex(main);
        var second = new LoopbackIndex(more)) {
      terroir = new Terroir(folder, first.settings(""));
      var text = new StringBuilder("lock-version = \"1.0\"\ncreated-by = \"test\"\n");
      for (var item :
          List.of(
              List.of(
                  "alpha",
                  first.url("me:hidden@"),
                  hash(main.resolve("alpha-1.0-py3-none-any.whl"))),
              List.of("beta", first.url(""), hash(main.resolve("beta-1.0-py3-none-any.whl"))),
              List.of("delta", second.url("me:hidden@"), hash(delta)))) {
        var file = item.getFirst() + "-1.0-py3-none-any.whl";
        text.append(
            """
            [[packages]]
            name = "%s"
            version = "1.0"
            index = "%s"
            wheels = [{ url = "https://files.example/%s", hashes = { sha256 = "%s" } }]
            """
                .formatted(item.getFirst(), item.get(1), file, item.getLast()));
      }
      terroir.write("pylock.toml", text.toString());
      var outcome = create("pylock.toml").succeeds();
      assertThat(outcome.err())
          .contains("`--extra-index-url " + second.url("") + "` is taken over");
      var lock = lockText();
      assertThat(lock)
          .contains("alpha-1.0-py3-none-any.whl", "delta-1.0-py3-none-any.whl")
          .doesNotContain("hidden", "alpha-3.0");
      assertThat(Files.readString(Path.of(terroir.directory(), "conda_dependencies.yml")))
          .contains("--extra-index-url " + second.url(""))
          .doesNotContain("hidden");
    }
  }

  @Test
  void ofSeveralWheelsBesideAPylockTheOneThatFitsIsLocked() throws IOException {
    var own = Files.createDirectories(terroir.project.resolve("own wheels"));
    var tags = List.of("cp27-cp27m-win_amd64", "py3-none-any");
    var text = new StringBuilder("lock-version = \"1.0\"\ncreated-by = \"test\"\n");
    text.append("[[packages]]\nname = \"delta\"\nwheels = [\n");
    for (var tag : tags) {
      var made = WheelHouse.wheel(own, "delta", "1.0", List.of(), Map.of("delta.py", "# " + tag));
      var wheel = Files.move(made, own.resolve("delta-1.0-" + tag + ".whl"));
      text.append("  { path = \"own wheels/" + wheel.getFileName() + "\", hashes = { sha256 = \"")
          .append(hash(wheel))
          .append("\" } },\n");
    }
    terroir.write("pylock.toml", text.append("]\n").toString());
    create("pylock.toml").succeeds();
    assertThat(lockText())
        .contains("own%20wheels/delta-1.0-py3-none-any.whl")
        .doesNotContain("win_amd64.whl\"");
    terroir.run("environment install -d " + terroir.directory()).succeeds();
    var other = terroir.write("requirements.txt", "alpha\n");
    assertThat(
            terroir
                .run(
                    "environment create --overwrite -n demo --no-default-groups -d "
                        + terroir.directory()
                        + " -f "
                        + other)
                .err())
        .contains("has no default groups", "leave --no-default-groups out");
  }

  @Test
  void constraintsLimitTheLockAndTravelWithTheDefinition() throws IOException {
    terroir.write("requirements.txt", "alpha\n-c limits/all.txt\n");
    terroir.write("limits/all.txt", "-c more.txt  # and these\n");
    terroir.write("limits/more.txt", "alpha<2\nnot-asked-for==9\n");
    var hash = create("requirements.txt").succeeds().json().string("hash");
    assertThat(Files.readString(Path.of(terroir.directory(), "azureml_environment.json")))
        .contains("\"pipConstraints\"", "alpha<2", "not-asked-for==9")
        .doesNotContain("more.txt");
    assertThat(Files.readString(Path.of(terroir.directory(), "conda_dependencies.yml")))
        .doesNotContain("<2");
    var lock = lockText();
    assertThat(lock).contains("alpha-1.0-py3-none-any.whl").doesNotContain("not-asked-for");

    terroir.run("environment register -d " + terroir.directory()).succeeds();
    terroir.run("environment download -n demo -d " + terroir.project.resolve("again")).succeeds();
    assertThat(
            terroir
                .run("environment hash -d " + terroir.project.resolve("again"))
                .succeeds()
                .out()
                .strip())
        .isEqualTo(hash);
    terroir.write("limits/more.txt", "alpha<3\n");
    create("requirements.txt").succeeds();
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    var diff = terroir.run("environment diff demo:1 demo:2").succeeds().json();
    assertThat(diff.objects("parts"))
        .singleElement()
        .satisfies(part -> {
          assertThat(part.string("part")).isEqualTo("python.pipConstraints");
          assertThat(part.string("after")).contains("alpha<3");
        });
  }

  @Test
  void aConstraintThatCannotHoldIsExplained() {
    terroir.write("requirements.txt", "beta\n-c limits.txt\n");
    terroir.write("limits.txt", "alpha>=2\n");
    create("requirements.txt").succeeds();
    var outcome = terroir.run("environment lock -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err()).contains("alpha>=2", "alpha<2");
  }

  @Test
  void aSourceDirectoryIsBuiltWhenItIsLockedAndStaysAsItWas() throws IOException {
    var sources = sources("mine", "py3-none-any");
    terroir.write("requirements.txt", "-e ./mine[more]\n");
    var created = create("requirements.txt").succeeds();
    assertThat(created.err()).contains("requirements.txt:1", "not installed editable", "--update");
    assertThat(Files.readString(Path.of(terroir.directory(), "conda_dependencies.yml")))
        .contains("mine[more] @ " + sources.toUri());

    assertThat(lockText()).contains("mine-1.0-py3-none-any.whl", "\"beta\"", "\"alpha\"");
    assertThat(answer()).isEqualTo("1");
    terroir.write("mine/mine.py", "ANSWER = 2\n");
    assertThat(answer()).isEqualTo("1");
    terroir.run("environment lock --update -d " + terroir.directory()).succeeds();
    assertThat(answer()).isEqualTo("2");
    terroir.write("mine/mine.py", "ANSWER = 1\n");
    var before = lockText();
    terroir.run("environment lock --update -d " + terroir.directory()).succeeds();
    assertThat(lockText()).as("another build, another lock").isNotEqualTo(before);
    assertThat(answer()).as("the first bytes again").isEqualTo("1");
    try (var wheels = Files.list(terroir.home.resolve("data/wheels"))) {
      assertThat(wheels.toList()).as("equal sources, equal bytes").hasSize(2);
    }
  }

  @Test
  void compiledSourcesAreNotLockedForAnotherMachine() {
    sources("mine", "cp311-cp311-linux_x86_64");
    terroir.write("requirements.txt", "./mine\n");
    create("requirements.txt").succeeds();
    var outcome =
        terroir.run(
            "environment lock --platform linux/"
                + (System.getProperty("os.arch").equals("aarch64") ? "amd64" : "arm64")
                + " -d "
                + terroir.directory());
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err()).contains("requirement-not-lockable", "compiled code");
  }

  @Test
  void sourcesThatCannotBeBuiltSayWhy() {
    // A number of a path is no status of an index.
    sources("mine401", "py3-none-any");
    terroir.write("mine401/backend.py", "raise SystemExit('no compiler today')\n");
    terroir.write("requirements.txt", "./mine401\n");
    create("requirements.txt").succeeds();
    var outcome = terroir.run("environment lock -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err()).contains("build-failed", "no compiler today");
  }

  @Test
  void linesForPipInCondaFilesMeanWhatLiesBesideThem() throws IOException {
    var sources = sources("mine", "py3-none-any");
    terroir.write(
        "environment.yml",
        """
        dependencies:
        - python=3.11
        - pip:
          - -r more/requirements.txt  # the rest
          - -e mine
          - alpha  # kept
        """);
    terroir.write("more/requirements.txt", "beta\n-c limits.txt\n--pre\n");
    terroir.write("more/limits.txt", "alpha!=2.0\n");
    create("environment.yml").succeeds();
    assertThat(Files.readString(Path.of(terroir.directory(), "conda_dependencies.yml")))
        .contains(
            """
            - pip:
              - beta  # the rest
              - "--pre"
              - mine @ %s
              - alpha  # kept
            """
                .formatted(sources.toUri()));
    assertThat(lockText()).contains("alpha-1.0", "mine-1.0");
    terroir.write("environment.yml", "dependencies:\n- pip:\n  - alpha\n  - -e gone\n");
    var outcome = create("environment.yml");
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err()).contains("environment.yml:4:5", "`gone` is not there");
  }

  @Test
  void hashesOfTheUsersOwnLinesAreKept() {
    var good = WheelHouse.wheel(folder.resolve("other"), "gamma", "1.0", List.of(), Map.of());
    terroir.write("requirements.txt", good + " --hash=sha256:" + "0".repeat(64) + "\n");
    create("requirements.txt").succeeds();
    terroir.write("requirements.txt", "alpha==1.0 --hash=sha256:" + "0".repeat(64) + "\n");
    create("requirements.txt").succeeds();
    var outcome = terroir.run("environment lock -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err()).contains("hash-mismatch", "--hash=sha256:");
  }
}

package dev.terroir.environment.existing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Conformance;
import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Conda environments of this machine become definitions")
class ExistingEnvironmentTest {
  @TempDir Path folder;

  private static String record(String name, String version, String build, String channel) {
    return """
    {"name": "%1$s", "version": "%2$s", "build": "%3$s", "subdir": "linux-64",
     "channel": "%4$s", "url": "%4$s/linux-64/%1$s-%2$s-%3$s.conda",
     "fn": "%1$s-%2$s-%3$s.conda", "files": []}
    """
        .formatted(name, version, build, channel);
  }

  private static Path prefix(Path prefix, String... records) throws IOException {
    var meta = Files.createDirectories(prefix.resolve("conda-meta"));
    for (var text : records) {
      var json = JsonReader.parseObject(text, "record");
      Files.writeString(
          meta.resolve(
              json.string("name")
                  + "-"
                  + json.string("version")
                  + "-"
                  + json.string("build")
                  + ".json"),
          text);
    }
    return prefix;
  }

  private Settings settings(String... variables) {
    var map = new HashMap<String, String>();
    map.put("HOME", folder.resolve("home").toString());
    for (var word : variables) {
      map.put(word.split("=", 2)[0], word.split("=", 2)[1]);
    }
    return Settings.of(map);
  }

  @Test
  void realRecordsAreReadAndWrittenWithoutLoss() {
    for (var item : Conformance.cases("conda/prefix_records.json")) {
      var record = new PrefixRecord(item.object("record"));
      assertThat(JsonReader.parseObject(record.text(), "written")).isEqualTo(item.object("record"));
      assertThat(record.channelUrl()).endsWith("/conda-forge");
      assertThat(record.channel()).endsWith("conda-forge");
      assertThat(record.spec())
          .isEqualTo(
              item.object("record").string("name")
                  + "="
                  + item.object("record").string("version")
                  + "="
                  + item.object("record").string("build"));
    }
  }

  @Test
  void realRecordsBecomeExactSpecsOfNamedChannels() throws IOException {
    var texts = new ArrayList<String>();
    for (var item : Conformance.cases("conda/prefix_records.json")) {
      texts.add(item.object("record").toString());
    }
    var prefix = prefix(folder.resolve("env"), texts.toArray(String[]::new));
    var exact = ExistingEnvironment.read(prefix.toString(), settings()).exact();
    assertThat(exact.dependencies().condaPackages())
        .hasSize(19)
        .contains("bzip2=1.0.8=h93a5062_5", "pysocks=1.7.1=pyh0701188_6");
    // One of the records calls the channel by its short name.
    assertThat(exact.dependencies().condaChannels()).containsExactly("conda-forge");
    assertThat(exact.unreproducible()).isEmpty();
  }

  @Test
  void channelsStandInCondasOrder() throws IOException {
    var home = Files.createDirectories(folder.resolve("home"));
    Files.writeString(home.resolve(".condarc"), "channels:\n  - team\n  - unused\n  - public\n");
    var prefix =
        prefix(
            folder.resolve("env"),
            record("a", "1", "0", "https://c.example/public"),
            record("b", "1", "0", "https://c.example/team"),
            record("c", "1", "0", "https://other.example/extra"),
            record("d", "1", "0", "https://d.example/pkgs/main"),
            record("e", "1", "0", "https://me:secret@p.example/t/tk-1/private"));
    var exact = ExistingEnvironment.read(prefix.toString(), settings()).exact();
    assertThat(exact.dependencies().condaChannels())
        .containsExactly(
            "https://p.example/private",
            "defaults",
            "https://other.example/extra",
            "team",
            "public");
  }

  @Test
  void whatCameFromThisMachineIsMarked() throws IOException {
    var prefix =
        prefix(
            folder.resolve("env"),
            record("local", "1", "0", "file:///srv/channel"),
            "{\"name\": \"gone\", \"version\": \"1\", \"build\": \"0\", \"url\": \"\","
                + " \"channel\": \"<unknown>\"}");
    var exact = ExistingEnvironment.read(prefix.toString(), settings()).exact();
    assertThat(exact.unreproducible())
        .extracting(ExistingEnvironment.Unreproducible::name)
        .containsExactly("gone", "local");
    assertThat(exact.warnings())
        .containsExactly(
            "`gone=1=0` does not say which channel it came from",
            "one conda package came from this machine, file:///srv/channel: local");
    assertThat(exact.unreproducible().getLast().why()).contains("local-1-0.conda");
  }

  @Test
  void aBrokenRecordIsNamed() throws IOException {
    var prefix = prefix(folder.resolve("env"), record("a", "1", "0", "https://c.example/m"));
    Files.writeString(prefix.resolve("conda-meta/b-1-0.json"), "{\"name\": ");
    Files.writeString(prefix.resolve("conda-meta/c-1-0.json"), "{\"name\": \"c\"}");
    assertThatThrownBy(() -> ExistingEnvironment.read(prefix.toString(), settings()))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e -> {
              assertThat(e.problems()).hasSize(2);
              assertThat(e.problem().where().getFirst().text()).contains("b-1-0.json");
            });
  }

  @Nested
  @DisplayName("What was asked for")
  class Asked {
    @Test
    void isReadAsCondaAndMambaWriteIt() {
      var history =
          CondaHistory.parse(
              """
              ==> 2018-01-01 10:00:00 <==
              # cmd: /opt/conda/bin/conda create -n x -c conda-forge --channel=team python=3.8
              # conda version: 4.4.0
              # install specs: python=3.8, numpy >=1.11,<2, scipy
              ==> 2020-01-01 10:00:00 <==
              # update specs: ["scikit-learn[version='>=0.20,<1']", 'numpy=1.17', "https://x/y.conda"]
              +conda-forge/linux-64::numpy-1.17.0-h1_0
              # neutered specs: ["python=3.8.3"]
              ==> 2021-01-01 10:00:00 <==
              # cmd: micromamba remove scipy -c team
              # remove specs: ["scipy"]
              # update specs: []
              """);
      assertThat(history.specs())
          .containsExactly(
              Map.entry("python", "python=3.8.3"),
              Map.entry("numpy", "numpy=1.17"),
              Map.entry("scikit-learn", "scikit-learn[version='>=0.20,<1']"));
      assertThat(history.channels()).containsExactly("conda-forge", "team");
    }

    @Test
    void isAllThatTheLooseFormNames() throws IOException {
      var prefix =
          prefix(
              folder.resolve("env"),
              record("numpy", "1.17.0", "h1_0", "https://c.example/team"),
              record("zlib", "1.3", "h1_0", "https://c.example/team"));
      Files.writeString(
          prefix.resolve("conda-meta/history"),
          "# cmd: conda create -c team numpy\n# update specs: [\"numpy=1.17\", \"gone\"]\n");
      var loose = ExistingEnvironment.read(prefix.toString(), settings()).requested();
      assertThat(loose.dependencies().condaPackages()).containsExactly("numpy=1.17");
      assertThat(loose.dependencies().condaChannels()).containsExactly("team");
    }

    @Test
    void isReadFromTheRecordsWhereThereIsNoHistory() throws IOException {
      var prefix =
          prefix(
              folder.resolve("env"),
              record("zlib", "1.3", "h1_0", "https://c.example/team")
                  .replace("\"files\"", "\"requested_specs\": [\"zlib >=1\"], \"files\""));
      var loose = ExistingEnvironment.read(prefix.toString(), settings()).requested();
      assertThat(loose.dependencies().condaPackages()).containsExactly("zlib >=1");
      var silent = prefix(folder.resolve("two"), record("a", "1", "0", "https://c.example/team"));
      assertThatThrownBy(() -> ExistingEnvironment.read(silent.toString(), settings()).requested())
          .hasMessageContaining("does not say what was asked for");
    }
  }

  @Nested
  @DisplayName("Names are searched as conda does")
  class Names {
    private void finds(Path prefix, String name, Settings settings) {
      assertThat(CondaPrefixes.of(settings).find(name)).isEqualTo(prefix);
    }

    @Test
    void inAllPlaces() throws IOException {
      var home = Files.createDirectories(folder.resolve("home"));
      var one = prefix(folder.resolve("dirs/one"));
      finds(one, "one", settings("CONDA_ENVS_DIRS=/nowhere:" + folder.resolve("dirs")));
      finds(one, "one", settings("CONDA_ENVS_PATH=" + folder.resolve("dirs")));
      var two = prefix(home.resolve(".conda/envs/two"));
      finds(two, "two", settings());
      var three = prefix(home.resolve("miniforge3/envs/three"));
      finds(three, "three", settings());
      var four = prefix(folder.resolve("root/envs/four"));
      finds(four, "four", settings("MAMBA_ROOT_PREFIX=" + folder.resolve("root")));
      finds(four, "four", settings("CONDA_EXE=" + folder.resolve("root/bin/conda")));
      finds(four, "four", settings("CONDA_PREFIX=" + folder.resolve("root/envs/other")));
      var base = prefix(folder.resolve("root"));
      finds(base, "base", settings("CONDA_PREFIX=" + folder.resolve("root/envs/other")));
      var five = prefix(folder.resolve("elsewhere/five"));
      Files.createDirectories(home.resolve(".conda"));
      Files.writeString(home.resolve(".conda/environments.txt"), "/gone\n" + five + "\n");
      finds(five, "five", settings());
      var six = prefix(folder.resolve("configured/six"));
      Files.writeString(home.resolve(".condarc"), "envs_dirs:\n  - $WHERE/configured\n");
      finds(six, "six", settings("WHERE=" + folder));
      Files.writeString(home.resolve(".condarc"), "envs_dirs: [broken\n");
      finds(five, five.toString(), settings());
      finds(two, "~/.conda/envs/two", settings());
    }

    @Test
    void andOneThatIsNotThereIsAnErrorWithThoseThatAre() throws IOException {
      prefix(folder.resolve("home/miniconda3/envs/demo"));
      assertThatThrownBy(() -> CondaPrefixes.of(settings()).find("dmo"))
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e -> {
                assertThat(e.problem().hints().getFirst()).contains("there are demo");
                assertThat(e.problem().why().getFirst()).contains("miniconda3/envs/dmo");
              });
      assertThatThrownBy(() -> CondaPrefixes.of(settings()).find(folder.toString()))
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e -> assertThat(e.problem().why().getFirst()).contains("no `conda-meta`"));
    }
  }

  @Nested
  @DisplayName("What pip installed on top, by pip itself")
  class Pip {
    private Path env;

    private void run(String... words) {
      var variables = new TreeMap<>(System.getenv());
      variables.keySet().removeIf(name -> name.startsWith("PIP_"));
      variables.put("PIP_CONFIG_FILE", "/dev/null");
      variables.put("PIP_DISABLE_PIP_VERSION_CHECK", "1");
      var result = new Command(List.of(words), variables, folder, Duration.ofMinutes(3)).run();
      assertThat(result.isSuccess()).as(result.output() + result.error()).isTrue();
    }

    private void pip(String... words) {
      var all = new ArrayList<>(List.of(env.resolve("bin/python").toString(), "-m", "pip"));
      all.addAll(List.of("install", "-q", "--no-index", "--no-deps", "--no-build-isolation"));
      all.addAll(List.of(words));
      run(all.toArray(String[]::new));
    }

    private Path wheel(String name, String version) throws IOException {
      var file =
          Files.createDirectories(folder.resolve("wheels"))
              .resolve(name + "-" + version + "-py3-none-any.whl");
      try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
        var info = name + "-" + version + ".dist-info/";
        for (var member :
            Map.of(
                    name + ".py",
                    "",
                    info + "METADATA",
                    "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n",
                    info + "WHEEL",
                    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                    info + "RECORD",
                    "")
                .entrySet()) {
          zip.putNextEntry(new ZipEntry(member.getKey()));
          zip.write(member.getValue().getBytes(StandardCharsets.UTF_8));
        }
      }
      return file;
    }

    private Path site() throws IOException {
      try (var entries = Files.list(env.resolve("lib"))) {
        return entries
            .filter(path -> path.getFileName().toString().startsWith("python"))
            .findFirst()
            .orElseThrow()
            .resolve("site-packages");
      }
    }

    /// An editable install of the old kind. The setuptools that makes one is not in every venv;
    /// then its files are written as it does.
    private void develop(Path source) throws IOException {
      var command = "cd " + source + " && " + env.resolve("bin/python") + " setup.py -q develop";
      var result =
          new Command(
                  List.of("/bin/sh", "-c", command + " --no-deps"),
                  new TreeMap<>(System.getenv()),
                  folder,
                  Duration.ofMinutes(3))
              .run();
      if (!result.isSuccess()) {
        System.err.println("SKIPPED: no setuptools of the old kind; its link is written by hand");
        var info = Files.createDirectories(source.resolve("work.in_progress.egg-info"));
        Files.writeString(info.resolve("PKG-INFO"), "Name: work.in-progress\nVersion: 0+unknown\n");
        Files.writeString(site().resolve("work.in-progress.egg-link"), source + "\n.");
      }
    }

    @Test
    void isTakenAsItCanBeHadAgain() throws IOException {
      env = folder.resolve("env");
      run("python3", "-m", "venv", env.toString());
      // What the venv brought counts as conda's.
      var files = new ArrayList<String>();
      try (var walk = Files.walk(site())) {
        walk.filter(Files::isRegularFile)
            .forEach(file -> files.add(env.relativize(file).toString()));
      }
      prefix(
          env,
          record("pip", "23.0", "py_0", "https://c.example/m")
              .replace(
                  "\"files\": []",
                  "\"files\": "
                      + dev.terroir.foundation.json.JsonValue.JsonArray.ofStrings(files)
                          .elements()
                          .stream()
                          .map(dev.terroir.foundation.json.JsonWriter::compact)
                          .toList()));
      wheel("indexed", "1.0");
      pip("--find-links", folder.resolve("wheels").toString(), "indexed");
      pip(wheel("Local_File", "2.0").toString());
      var source = Files.createDirectories(folder.resolve("source"));
      Files.writeString(
          source.resolve("setup.py"),
          "from setuptools import setup\nsetup(name='work.in-progress', version='0+unknown')\n");
      develop(source);
      var before = ExistingEnvironment.read(env.toString(), settings());
      var exact = before.exact();
      assertThat(exact.dependencies().pipPackages()).containsExactly("indexed==1.0");
      assertThat(exact.dependencies().condaPackages()).containsExactly("pip=23.0=py_0");
      assertThat(exact.unreproducible())
          .extracting(ExistingEnvironment.Unreproducible::name)
          .containsExactly("local-file", "work-in-progress");
      assertThat(exact.warnings().getLast())
          .contains("an editable install of " + source, "it is left out");
      assertThat(exact.warnings().getFirst()).contains("was installed from", "local");
      // The definition itself.
      var warnings = new ArrayList<String>();
      var environment =
          Environment.fromExistingCondaEnvironment(
              "demo", env.toString(), false, settings(), warnings::add);
      assertThat(environment.condaDependencies()).contains(exact.dependencies());
      assertThat(warnings).hasSize(2);
      // pip records what the user named.
      Files.writeString(
          env.resolve("conda-meta/history"), "# update specs: ['pip', 'python=3.11']\n");
      var loose = ExistingEnvironment.read(env.toString(), settings()).requested();
      assertThat(loose.dependencies().condaPackages()).containsExactly("pip");
      assertThat(loose.dependencies().pipPackages()).containsExactly("indexed");
    }
  }

  @Test
  void everyOriginThatPipRecordsIsUnderstood() throws IOException {
    var env = prefix(folder.resolve("env"), record("a", "1", "0", "https://c.example/m"));
    var site = env.resolve("lib/python3.12/site-packages");
    var count = 0;
    for (var item : Conformance.cases("metadata/direct_url.json")) {
      if (!item.optionalBoolean("expect_valid").orElse(true) || !hasObject(item)) {
        continue;
      }
      var info = Files.createDirectories(site.resolve("p" + count + "-1.0.dist-info"));
      Files.writeString(info.resolve("METADATA"), "Name: p" + count + "\nVersion: 1.0\n\nText");
      Files.writeString(info.resolve("direct_url.json"), item.object("input").toString());
      count++;
    }
    assertThat(count).isGreaterThan(3);
    var read = ExistingEnvironment.read(env.toString(), settings());
    assertThat(read.distributions())
        .hasSize(count)
        .noneMatch(item -> item.origin() instanceof InstalledDistribution.Origin.Index);
    assertThat(read.exact().dependencies().pipLines())
        .allSatisfy(line -> assertThat(line).matches("p[0-9]+ @ .+"));
  }

  private static boolean hasObject(dev.terroir.foundation.json.JsonObject item) {
    return item.get("input").orElseThrow() instanceof dev.terroir.foundation.json.JsonObject;
  }

  @Test
  void whatPipPutOverACondaPackageIsTold() throws IOException {
    var env =
        prefix(
            folder.resolve("env"),
            record("six", "1.15.0", "py_0", "https://c.example/m")
                .replace(
                    "\"files\": []",
                    "\"files\": [\"lib/python3.12/site-packages/six-1.15.0.dist-info/METADATA\"]"));
    var info =
        Files.createDirectories(env.resolve("lib/python3.12/site-packages/six-1.16.0.dist-info"));
    Files.writeString(info.resolve("METADATA"), "Name: six\nVersion: 1.16.0\n");
    var exact = ExistingEnvironment.read(env.toString(), settings()).exact();
    assertThat(exact.dependencies().pipPackages()).containsExactly("six==1.16.0");
    assertThat(exact.warnings())
        .singleElement()
        .asString()
        .contains("installed by conda, version 1.15.0, and again by pip, version 1.16.0");
  }
}

package dev.terroir.lock.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.LockException;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("What locks of other tools hold, and what is refused")
class ForeignLocksTest {
  private static final String MD5 = "0123456789abcdef0123456789abcdef";
  private static final String SHA256 = Sha256.of("a").hex();
  private static final Path HERE = Path.of("").toAbsolutePath();

  private static LockDocument read(String text) {
    return ForeignLocks.parse(text, "the.lock", _ -> {});
  }

  private static Problem refused(String text) {
    try {
      read(text);
    } catch (TerroirException e) {
      return e.problem();
    }
    throw new AssertionError("was read: " + text);
  }

  private static LockExchange.Imported imported(
      LockDocument document, @Nullable String environment, @Nullable String platform) {
    return LockExchange.toLock(
        document,
        LockExchange.choose(document, "the.lock", environment, platform),
        HERE,
        new NamedBuilds("x"));
  }

  private static LockEntry.Conda first(LockDocument document) {
    return (LockEntry.Conda)
        document.environments().getFirst().packages().values().iterator().next().getFirst().entry();
  }

  @ParameterizedTest
  @ValueSource(strings = {"#sha256:", "#", "#sha256="})
  void aDigestOfAnExplicitListIsReadInEveryForm(String mark) {
    var line = "https://channel.example/main/linux-64/zlib-1.3-h1_2.conda";
    assertThat(first(read("@EXPLICIT\n" + line + mark + SHA256)).sha256()).isEqualTo(SHA256);
    assertThat(first(read("@EXPLICIT\n" + line + "#" + MD5)).md5()).isEqualTo(MD5);
    assertThat(first(read("@EXPLICIT\n" + line)).sha256()).isNull();
    var problem = refused("# x\n@EXPLICIT\n" + line + mark + "12");
    assertThat(problem.what()).contains("`12` is no digest");
    assertThat(problem.where().getFirst().text()).startsWith("the.lock:3");
  }

  @Test
  void loginsOfAnExplicitListAreLeftOutAndTold() {
    var warnings = new ArrayList<String>();
    var document =
        ForeignLocks.parse(
            """
            # platform: linux-64
            @EXPLICIT
            https://me:secret9@channel.example/main/linux-64/a-1-0.conda
            https://channel.example/t/tk-12345-abc/main/linux-64/b-1-0.conda
            https://channel.example/t/<TOKEN>/main/noarch/c-1-0.tar.bz2
            """,
            "the.lock",
            warnings::add);
    var text = ForeignLocks.write(document);
    assertThat(text)
        .doesNotContain("secret9", "tk-12345", "TOKEN", "me:")
        .contains(
            "https://channel.example/main/linux-64/a-1-0.conda",
            "https://channel.example/main/linux-64/b-1-0.conda",
            "https://channel.example/main/noarch/c-1-0.tar.bz2");
    assertThat(warnings).hasSize(3).allMatch(line -> line.contains("the line holds a login"));
    assertThat(warnings.getFirst()).startsWith("the.lock:3");
  }

  @Test
  void localArchivesAreDigestedHere(@TempDir Path folder) throws IOException {
    var archive = Files.createDirectories(folder.resolve("noarch")).resolve("a b-1-py_0.conda");
    Files.writeString(archive, "x");
    for (var line :
        List.of(archive.toString(), archive.toUri().toString(), "noarch/a b-1-py_0.conda")) {
      var document = read("# platform: linux-64\n@EXPLICIT\n" + line + "\n");
      var lock =
          LockExchange.toLock(
                  document,
                  LockExchange.choose(document, "the.lock", null, null),
                  folder,
                  new NamedBuilds("none"))
              .lock();
      var item = lock.conda().packages().getFirst();
      assertThat(item.sha256()).isEqualTo(Sha256.of("x").hex());
      assertThat(Path.of(java.net.URI.create(item.url()))).isEqualTo(archive);
      assertThat(item.subdir()).isEqualTo("noarch");
      assertThat(item.isNoarchPython()).isTrue();
    }
    var document = read("# platform: linux-64\n@EXPLICIT\nC:\\pkgs\\win-64\\a-1-0.conda#" + MD5);
    assertThatThrownBy(() -> imported(document, null, null))
        .hasMessageContaining("a path of Windows");
    var missing = read("# platform: linux-64\n@EXPLICIT\n./linux-64/a-1-0.conda#" + MD5);
    assertThatThrownBy(() -> imported(missing, null, null)).hasMessageContaining("is no file");
  }

  @Test
  void pipLinesOfAnExplicitListAreRead() {
    var document =
        read(
            """
            # platform: linux-64
            @EXPLICIT
            https://c.example/m/linux-64/python-3.12.1-h1_0_cpython.conda#%1$s
            # pip six @ https://f.example/six-1.16.0-py2.py3-none-any.whl#sha256=%2$s
            # pip idna @ https://f.example/idna-3.4.tar.gz --hash=sha256:%2$s
            # pip is what installs the two above
            """
                .formatted(MD5, SHA256));
    var lock = imported(document, null, null).lock();
    assertThat(lock.pythonVersion()).isEqualTo("3.12");
    assertThat(lock.packages()).extracting(LockedPackage::name).containsExactly("idna", "six");
    assertThat(lock.packages())
        .extracting(item -> item.artifact().kind())
        .containsExactly("sdist", "wheel");
    assertThat(lock.get("six").version()).isEqualTo("1.16.0");
    assertThat(document.more().strings("comments"))
        .containsExactly("# pip is what installs the two above");
    assertThat(read(ForeignLocks.write(document))).isEqualTo(document);
  }

  @Test
  void foldersBesideTheLockAndCommitsAreBuilt(@TempDir Path folder) throws IOException {
    var text =
        """
        version: 6
        environments:
          default:
            channels: [{url: https://c.example/m/}]
            packages:
              linux-64:
              - conda: https://c.example/m/linux-64/python-3.12.1-h1_0_cpython.conda
              - %1$s
        packages:
        - conda: https://c.example/m/linux-64/python-3.12.1-h1_0_cpython.conda
          sha256: %2$s
        - %1$s
        %3$s
        """;
    var said = "  name: x\n  requires_dist: [y]";
    var project = "[project]\nname = 'x'\n";
    Files.writeString(
        Files.createDirectories(folder.resolve("own project")).resolve("pyproject.toml"), project);
    Files.writeString(folder.resolve("pyproject.toml"), project);
    for (var entry : List.of("pypi: ./", "pypi: .", "pypi: own project", "pypi: " + folder)) {
      var lock = source(text.formatted(entry, SHA256, said), folder).lock();
      assertThat(lock.get("x").artifact().kind()).isEqualTo("archive");
      assertThat(lock.get("x").version()).isEqualTo("1.0");
      assertThat(lock.requirements()).containsExactly("x @ " + lock.get("x").url());
    }
    var commit = "git+https://host.example/o/x?subdirectory=lib&rev=v1#" + "c".repeat(40);
    var lock = source(text.formatted("pypi: " + commit, SHA256, said), folder).lock();
    assertThat(lock.get("x").commit())
        .contains(new RepositoryCommit("https://host.example/o/x", "c".repeat(40), "lib"));
    assertThat(lock.requirements())
        .containsExactly(
            "x @ git+https://host.example/o/x@" + "c".repeat(40) + "#subdirectory=lib");

    // A conda package of sources is taken as the project of Python that it is.
    var conda = text.formatted("conda_source: x[dcb23356] @ .", SHA256, "  depends: [python]");
    assertThat(source(conda, folder).lock().get("x").version()).isEqualTo("1.0");
    var bare = Files.createDirectories(folder.resolve("bare"));
    assertThatThrownBy(() -> source(conda, bare))
        .hasMessageContaining("holds no project of Python");

    assertThatThrownBy(() -> source(text.formatted("pypi: ./none", SHA256, said), folder))
        .hasMessageContaining("a folder that is not there");
    assertThatThrownBy(() -> source(text.formatted("pypi: ./", SHA256, "  name: other"), folder))
        .hasMessageContaining("a source that holds the project `x`");
  }

  private static LockExchange.Imported source(String text, Path folder) {
    var document = read(text);
    return LockExchange.toLock(
        document,
        LockExchange.choose(document, "the.lock", null, "linux/amd64"),
        folder,
        new NamedBuilds("x"));
  }

  @Test
  void anEnvironmentThatIsNotThereIsToldWithTheFileAndThoseThatAre() {
    var document =
        read(
            """
            version: 6
            environments:
              one: {channels: [], packages: {linux-64: []}}
              two: {channels: [], packages: {linux-64: []}}
            packages: []
            """);
    assertThatThrownBy(() -> LockExchange.choose(document, "some/pixi.lock", "three", "linux-64"))
        .isInstanceOfSatisfying(
            LockException.class,
            e -> {
              assertThat(e.problem().what()).isEqualTo("the lock has no environment `three`");
              assertThat(e.problem().where()).containsExactly(Place.of("some/pixi.lock"));
              assertThat(e.problem().hints().getFirst()).contains("one, two");
            });
    assertThatThrownBy(() -> LockExchange.choose(document, "some/pixi.lock", "one", "osx-64"))
        .isInstanceOfSatisfying(
            LockException.class,
            e -> assertThat(e.problem().where()).containsExactly(Place.of("some/pixi.lock")));
  }

  @Test
  void listsThatAreNoLocksAreRefusedByWhatTheyAre() {
    assertThat(refused("# platform: linux-64\nnumpy=1.17.0=py37_0\n").what())
        .contains("`conda list --export`");
    assertThat(refused("https://c.example/m/noarch/a-1-0.conda\n").what())
        .contains("no line `@EXPLICIT`");
    assertThat(refused("@EXPLICIT\nnumpy=1.17\n").where().getFirst().text())
        .isEqualTo("the.lock:2:1");
    assertThat(refused("# platform: linux-65\n@EXPLICIT\n").what()).contains("`linux-65`");
    assertThat(refused("# platform: linux-64\n# platform: osx-64\n@EXPLICIT\n").what())
        .contains("a second time");
    assertThat(refused("name: x\ndependencies: [a]\n").why()).contains("it has no `version`");
    assertThat(refused("version: 6\nenvironments: {}\n").what()).contains("no environment");
    assertThat(refused("version: 1\nname: x\n").what()).contains("no lock of a kind");
    assertThat(refused("version: 1\n\tx: y").code().id()).isEqualTo("yaml-syntax");
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          '# made by uv;lock-version = "1.0";[[packages]];name = "a"'     | `pylock.toml`       | 2
          version = 1;requires-python = ">=3.9";;[[package]];name = "a"   | a lock of uv        | 4
          [[package]];name = "a";[metadata];lock-version = "2.0"          | a lock of Poetry    | 1
          [metadata];lock_version = "4.5";[[package]];name = "a"          | a lock of PDM       | 3
          [workspace];name = "x";[dependencies];python = "*"              | a manifest of pixi  | 1
          [project];name = "x";version = "1"                              | is TOML             | 1
          -e .;a==1.0 \\;    --hash=sha256:0                               | requirements for pip | 1
          '# by a tool;a[b]==1.0'                                         | requirements for pip | 2
          {"_meta": {"pipfile-spec": 6}, "default": {}}                   | a lock of Pipenv    | 1
          """)
  void filesOfPythonToolsAreRefusedByWhatTheyAre(String lines, String what, int line) {
    var problem = refused(lines.replace(";", "\n"));
    assertThat(problem.code().id()).isEqualTo("foreign-lock");
    assertThat(problem.what()).contains(what);
    assertThat(problem.where().getFirst().text()).startsWith("the.lock:" + line + ":");
    assertThat(problem.hints()).singleElement().asString().isNotEmpty();
  }

  @Test
  void anEmptyFileIsNoLock() {
    assertThat(refused("# nothing\n").what()).isEqualTo("the file is empty, and no lock");
  }

  @Test
  void whatIsMissingIsSaidWithItsLine() {
    var text =
        """
        version: 6
        environments:
          default:
            channels: []
            packages:
              linux-64:
              - conda: https://c.example/m/linux-64/a-1-0.conda
        packages: []
        """;
    assertThat(refused(text).what()).contains("not described under `packages`");
    assertThat(refused(text).where().getFirst().text()).startsWith("the.lock:7:");
    var lock =
        """
        version: 1
        metadata: {channels: [], platforms: [linux-64]}
        package:
        - name: a
          version: 1.10
          manager: %s
          platform: linux-64
        """;
    assertThat(refused(lock.formatted("conda")).what()).contains("`url` is missing");
    assertThat(refused(lock.formatted("conda")).where().getFirst().text())
        .startsWith("the.lock:4:");
    assertThat(refused((lock + "  url: x\n").formatted("npm")).what())
        .contains("`npm` is no manager");
  }

  @Test
  void aVersionStaysTheTextItIs() {
    var document =
        read(
            """
            version: 1
            metadata: {channels: [], platforms: [linux-64]}
            package:
            - name: a
              version: 1.10
              manager: conda
              platform: linux-64
              dependencies: {b: 2.0, c: '', d: "*"}
              url: https://c.example/m/linux-64/a-1.10-0.conda
              hash: {md5: 01234567890123456789012345678901}
            """);
    assertThat(first(document).version()).isEqualTo("1.10");
    assertThat(first(document).md5()).isEqualTo("01234567890123456789012345678901");
    assertThat(first(document).depends()).containsExactly("b 2.0", "c", "d *");
    assertThat(read(ForeignLocks.write(document))).isEqualTo(document);
  }

  @Test
  void whatCannotBecomeALockIsSaidAllAtOnce() {
    var document =
        read(
            """
            version: 6
            environments:
              default:
                channels: [{url: https://c.example/m}]
                packages:
                  linux-64:
                  - conda: https://c.example/m/linux-64/a-1-0.conda
                  - conda: ../built
                  - pypi: git+https://g.example/x.git@abc
                  - pypi: ./here
                  - pypi: https://f.example/six-1.16.0-py2.py3-none-any.whl
            packages:
            - {conda: https://c.example/m/linux-64/a-1-0.conda}
            - {conda: ../built, name: built, version: 1}
            - {pypi: git+https://g.example/x.git@abc, name: x, version: 1}
            - {pypi: ./here, name: here, version: 1, editable: true}
            - {pypi: https://f.example/six-1.16.0-py2.py3-none-any.whl, name: six, version: 1.16.0}
            """);
    assertThatThrownBy(() -> imported(document, null, "linux/amd64"))
        .isInstanceOfSatisfying(
            LockException.class,
            e -> {
              assertThat(e.problems())
                  .extracting(Problem::what)
                  .containsExactly(
                      "`a` has no digest",
                      "`built` is built of a folder that is not there",
                      "`x` is a checkout of a repository, and of no commit of git",
                      "`here` is built of a folder that is not there",
                      "`six` has no SHA-256");
              assertThat(e.problems().get(3).hints().getFirst())
                  .startsWith("lay the project's files beside the lock");
              assertThat(e.problems().get(3).where().getFirst().text()).startsWith("the.lock:10:");
            });
  }

  @Test
  void anEnvironmentAndAPlatformAreChosenByName() {
    var document =
        read(
            """
            version: 7
            platforms:
            - {name: gpu, subdir: linux-64, virtual-packages: [__cuda=12.4]}
            - {name: cpu, subdir: linux-64}
            environments:
              one: {channels: [], packages: {gpu: [], cpu: []}}
              two: {channels: [], packages: {}}
            packages: []
            """);
    assertThatThrownBy(() -> LockExchange.choose(document, "the.lock", null, "gpu"))
        .isInstanceOfSatisfying(
            LockException.class,
            e -> assertThat(e.problem().hints().getFirst()).contains("one, two"));
    assertThatThrownBy(() -> LockExchange.choose(document, "the.lock", "one", "linux-64"))
        .hasMessageContaining("several platforms of `linux-64`");
    assertThatThrownBy(() -> LockExchange.choose(document, "the.lock", "one", "osx-64"))
        .hasMessageContaining("nothing for osx-64");
    assertThat(LockExchange.choose(document, "the.lock", "one", "gpu").platform()).isEqualTo("gpu");
    assertThat(imported(document, "one", "gpu").lock().conda().virtualPackages())
        .containsExactly("__cuda=12.4");
  }

  @Test
  void aCategoryOfCondaLockComesOnTopOfMain() {
    var item =
        """
        - name: %1$s
          version: "1"
          manager: conda
          platform: linux-64
          dependencies: {%3$s}
          url: https://c.example/m/linux-64/%1$s-1-0.conda
          hash: {md5: 0123456789abcdef0123456789abcdef}
          category: %2$s
        """;
    var document =
        read(
            "version: 1\nmetadata: {channels: [{url: m}], platforms: [linux-64]}\npackage:\n"
                + item.formatted("a", "main", "")
                + item.formatted("b", "dev", "a: '>=1'"));
    assertThat(imported(document, null, null).lock().conda().packages()).hasSize(1);
    var more = imported(document, "dev", null);
    assertThat(more.lock().conda().packages())
        .extracting(CondaPackage::name)
        .containsExactly("a", "b");
    // The file calls the channel by its short name, and so does the definition.
    assertThat(more.dependencies().condaChannels()).containsExactly("m");
    assertThat(more.dependencies().condaPackages()).containsExactly("m::a=1=0", "m::b=1=0");
    assertThat(more.lock().conda().channels()).containsExactly("https://c.example/m");
    assertThat(more.lock().conda().find("a").orElseThrow().requiredBy()).containsExactly("b");
    var pixi = read(ForeignLocks.write(document, LockDocument.Format.PIXI));
    assertThat(pixi.uses("dev", "linux-64")).hasSize(2);
    assertThat(pixi.uses("default", "linux-64")).hasSize(1);
  }

  @Test
  void anExplicitListIsInTheOrderOfDependencies() {
    var document =
        read(
            """
            version: 6
            environments:
              default: {channels: [], packages: {linux-64: [
                {conda: https://c.example/m/linux-64/a-1-0.conda},
                {conda: https://c.example/m/linux-64/b-1-0.conda},
                {conda: https://c.example/m/linux-64/c-1-0.conda}]}}
            packages:
            - {conda: https://c.example/m/linux-64/a-1-0.conda, md5: %1$s, depends: [c >=1]}
            - {conda: https://c.example/m/linux-64/b-1-0.conda, md5: %1$s}
            - {conda: https://c.example/m/linux-64/c-1-0.conda, md5: %1$s, depends: [b, a]}
            """
                .formatted(MD5));
    var lock = imported(document, null, "linux-64").lock();
    assertThat(ForeignLocks.write(LockExchange.ofLock(lock), LockDocument.Format.EXPLICIT))
        .isEqualTo(
            """
            # This file may be used to create an environment using:
            # $ conda create --name <env> --file <this file>
            # platform: linux-64
            @EXPLICIT
            https://c.example/m/linux-64/b-1-0.conda#%1$s
            https://c.example/m/linux-64/c-1-0.conda#%1$s
            https://c.example/m/linux-64/a-1-0.conda#%1$s
            """
                .formatted(MD5));
  }

  @Test
  void descriptionsOfOneSourceAreChosenByWhatIsAsked() {
    var document =
        read(
            """
            version: 6
            environments:
              default:
                channels: []
                packages:
                  linux-64:
                  - {conda: ../p, subdir: linux-64}
                  win-64:
                  - {conda: ../p, build: first, subdir: win-64}
                  - {conda: ../q, name: b}
              second:
                channels: []
                packages:
                  win-64:
                  - {conda: ../p, build: second}
                  - {conda: ../q, name: b, variants: {python: "3.11"}}
            packages:
            - {conda: ../p, name: p, version: "0.1", subdir: win-64, build: first}
            - {conda: ../p, name: p, version: "0.1", subdir: win-64, build: second}
            - {conda: ../p, name: p, version: "0.1", subdir: linux-64, build: first}
            - {conda: ../q, name: a, version: "0.1"}
            - {conda: ../q, name: b, version: "0.1"}
            - {conda: ../q, name: b, version: "0.2", variants: {python: "3.11"}}
            """);
    assertThat(document.unused()).extracting(LockEntry::name).containsExactly("a");
    assertThat(document.uses("second", "win-64"))
        .extracting(use -> use.entry().more().string("version"))
        .containsExactly("0.1", "0.2");
    assertThat(document.uses("second", "win-64").getFirst().entry().more().string("build"))
        .isEqualTo("second");
    assertThat(read(ForeignLocks.write(document))).isEqualTo(document);
  }

  @Test
  void aKeyThatStandsTwiceIsRefused() {
    var text =
        """
        version: 7
        platforms:
        - name: P
          subdir: linux-64
        environments:
          default:
            channels: []
            packages:
              P: []
              "P": []
        packages: []
        """;
    assertThat(refused(text).what()).isEqualTo("the key `P` stands twice");
    assertThat(refused(text).where().getFirst().text()).startsWith("the.lock:10:");
    assertThat(
            refused(text.replace("      \"P\": []\n", "").replace("name: P", "name: a b")).what())
        .contains("cannot name a platform");
    assertThat(refused("{\"version\": 1, \"version\": 1}").what()).isNotEmpty();
  }

  @Test
  void theThirdVersionOfRattlerGivesPlatformsForNoarch() {
    var document =
        read(
            """
            version: 3
            metadata:
              channels: [{url: https://c.example/m/, used_env_vars: []}]
              platforms: [linux-64]
              sources: []
              time_metadata: null
            package:
            - platform: linux-64
              name: alib
              version: 1.3.1
              category: main
              manager: conda
              dependencies: [python >=3.7, "other ==0.1 conda_forge", python >=3.7]
              url: https://c.example/m/noarch/alib-1.3.1-pyhd8ed1ab_0.tar.bz2
              hash: {md5: %1$s}
              build: pyhd8ed1ab_0
              arch: x86_64
              subdir: linux-64
              build_number: 0
              constrains: [x 9999]
              noarch: python
              size: 12730
            """
                .formatted(MD5));
    assertThat(read(ForeignLocks.write(document))).isEqualTo(document);
    var item = imported(document, null, null).lock().conda().packages().getFirst();
    assertThat(item.subdir()).isEqualTo("noarch");
    assertThat(item.channel()).isEqualTo("https://c.example/m");
    assertThat(item.isNoarchPython()).isTrue();
    assertThat(item.constrains()).containsExactly("x 9999");
  }

  @Test
  void escapesInUrlsArePartOfVersions() {
    var document =
        read("@EXPLICIT\nhttps://c.example/m/linux-64/x-1%212.0%2Bcu1-0.conda#" + MD5 + "\n");
    assertThat(first(document).version()).isEqualTo("1!2.0+cu1");
    var item = imported(document, null, null).lock().conda().packages().getFirst();
    assertThat(item.url()).contains("x-1%212.0%2Bcu1-0.conda");
    assertThat(read(ForeignLocks.write(document))).isEqualTo(document);
  }

  @Test
  void variablesInTheChannelsOfCondaLockStayInTheFileAndOutOfTheLock() {
    var document =
        read(
            """
            version: 1
            metadata:
              channels:
              - {url: https://c.example/t/$TOKEN/m, used_env_vars: [TOKEN]}
              - {url: "https://$USER:$PASS@d.example/n", used_env_vars: [USER, PASS]}
              - {url: "https://me:secret9@e.example/o", used_env_vars: []}
              platforms: [linux-64]
            package:
            - name: a
              version: "1"
              manager: conda
              platform: linux-64
              dependencies: {}
              url: https://c.example/t/$TOKEN/m/linux-64/a-1-0.conda
              hash: {md5: %1$s}
            - name: b
              version: "1"
              manager: conda
              platform: linux-64
              dependencies: {}
              url: https://$USER:$PASS@d.example/n/linux-64/b-1-0.conda
              hash: {md5: %1$s}
            """
                .formatted(MD5));
    var text = ForeignLocks.write(document);
    assertThat(text).contains("/t/$TOKEN/m", "$USER:$PASS@d.example").doesNotContain("secret9");
    assertThat(read(text)).isEqualTo(document);
    var imported = imported(document, null, null);
    assertThat(imported.lock().conda().channels())
        .containsExactly("https://c.example/m", "https://d.example/n");
    assertThat(imported.lock().toString()).doesNotContain("TOKEN", "PASS");
    assertThat(imported.dependencies().serializeToString()).doesNotContain("TOKEN", "PASS");
  }
}

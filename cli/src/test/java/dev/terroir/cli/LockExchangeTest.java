package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.RepodataForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir lock: import of other tools' locks, and export to them")
class LockExchangeTest {
  private static final String CHANNEL = "https://channel.example/main";
  private static final String MD5 = "0123456789abcdef0123456789abcdef";
  private static final String SHA256 =
      "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
  }

  private Path condaLock(String zlib) {
    return terroir.write(
        "conda-lock.yml",
        """
        version: 1
        metadata:
          content_hash: {linux-64: abc}
          channels: [{url: main, used_env_vars: []}]
          platforms: [linux-64]
          sources: [environment.yml]
        package:
        - name: python
          version: 3.12.1
          manager: conda
          platform: linux-64
          dependencies: {zlib: '>=1.3'}
          url: %1$s/linux-64/python-3.12.1-h1_0_cpython.conda
          hash: {md5: %2$s, sha256: %3$s}
          category: main
          optional: false
        - name: zlib
          version: 1.3
          manager: conda
          platform: linux-64
          dependencies: {}
          url: %1$s/linux-64/zlib-1.3-%4$s.conda
          hash: {md5: %2$s, sha256: %3$s}
          category: main
          optional: false
        - name: six
          version: 1.16.0
          manager: pip
          platform: linux-64
          dependencies: {}
          url: https://files.example/six-1.16.0-py2.py3-none-any.whl
          hash: {sha256: %3$s}
          category: main
          optional: false
        """
            .formatted(CHANNEL, MD5, SHA256, zlib));
  }

  private JsonObject imported(Path file, String name) {
    return terroir
        .run("lock import --platform linux/amd64 -n " + name + " -f " + file)
        .succeeds()
        .json();
  }

  @Test
  void anImportedLockIsTheLockOfItsDefinition() {
    var imported = imported(condaLock("h2_1"), "demo");
    assertThat(imported.string("version")).isEqualTo("1");
    // Nothing is resolved: the channel and the index of this definition do not exist.
    var locked = terroir.run("environment lock -n demo --platform linux/amd64").succeeds().json();
    assertThat(locked.optionalBoolean("cached")).contains(true);
    assertThat(locked.string("digest")).isEqualTo(imported.string("lockDigest"));
    assertThat(locked.string("definitionHash")).isEqualTo(imported.string("hash"));
    var definition = terroir.run("environment show -n demo").succeeds().out();
    assertThat(definition)
        .contains("main::python=3.12.1=h1_0_cpython", "main::zlib=1.3=h2_1", "six==1.16.0")
        .doesNotContain("azureml-defaults");
    // The same file again is the same version and the same lock.
    assertThat(imported(condaLock("h2_1"), "demo").string("version")).isEqualTo("1");
  }

  @Test
  void showDiffAndWhyKnowBothKinds() {
    imported(condaLock("h2_1"), "demo");
    imported(condaLock("h3_2"), "demo");
    var shown =
        terroir.run("lock show -n demo --platform linux/amd64 --output table").succeeds().out();
    assertThat(shown).contains("h1_0_cpython", "conda", "wheel", "six");
    var difference = terroir.run("lock diff --output json demo:1 demo:2").succeeds().json();
    var changed = difference.objects("changed");
    assertThat(changed).hasSize(1);
    assertThat(changed.getFirst().string("buildBefore")).isEqualTo("h2_1");
    assertThat(changed.getFirst().string("buildAfter")).isEqualTo("h3_2");
    var why = terroir.run("lock why -n demo --platform linux/amd64 zlib").succeeds().json();
    assertThat(why.strings("way")).containsExactly("(definition)", "python", "zlib");
    assertThat(why.string("kind")).isEqualTo("conda");
    assertThat(terroir.run("lock why -n demo --platform linux/amd64 nothing").err())
        .contains("[not-locked]");
  }

  @Test
  void whatIsExportedComesBackAsTheSameLock() {
    var first = imported(condaLock("h2_1"), "demo");
    for (var format : new String[] {"conda-explicit", "pixi", "conda-lock"}) {
      var file = terroir.project.resolve("exported." + format);
      var outcome =
          terroir
              .run("lock export -n demo --platform linux/amd64 --format " + format + " -o " + file)
              .succeeds();
      assertThat(outcome.err().contains("written as comments"))
          .isEqualTo(format.equals("conda-explicit"));
      assertThat(imported(file, "again").string("lockDigest"))
          .isEqualTo(first.string("lockDigest"));
    }
    var requirements =
        terroir.run("lock export -n demo --platform linux/amd64 --format requirements").succeeds();
    assertThat(requirements.out()).contains("six==1.16.0").doesNotContain("zlib");
    assertThat(requirements.err()).contains("2 conda packages are left out");
  }

  @Test
  void otherArchivesUnderTheSameNamesNeedToBeAskedFor() throws IOException {
    imported(condaLock("h2_1"), "demo");
    var file = condaLock("h2_1");
    Files.writeString(file, Files.readString(file).replace(SHA256, "b" + SHA256.substring(1)));
    var refused = terroir.run("lock import --platform linux/amd64 -n demo -f " + file);
    assertThat(refused.code()).isNotZero();
    assertThat(refused.err()).contains("locked already, with other archives", "--update");
    terroir.run("lock import --update --platform linux/amd64 -n demo -f " + file).succeeds();
  }

  @Test
  void anImageIsBuiltOfAnImportedLockUntilAnUpdateIsAskedFor() throws IOException {
    terroir = new Terroir(folder, List.of(Settings.TERROIR_RATTLER + "=" + Terroir.rattler()));
    var channel =
        CondaChannel.at(folder.resolve("channel"))
            .add(CondaSample.of("plain", "1.0").text("share/plain.txt", "plain\n"))
            .index(RepodataForm.JSON);
    var archive = channel.find("plain-1.0-0.conda");
    var file =
        terroir.write(
            "list.txt",
            "# platform: linux-64\n@EXPLICIT\n"
                + archive.toUri()
                + "#sha256:"
                + Sha256.of(archive).hex()
                + "\n");
    var imported = imported(file, "demo");
    var build = "environment build -n demo --base " + SmallBase.make(folder.resolve("b"), "3.11");
    var first = terroir.run(build).succeeds();
    assertThat(first.json().string("lockDigest")).isEqualTo(imported.string("lockDigest"));
    // From here on whoever resolves fails.
    var repodata = archive.resolveSibling("repodata.json");
    var kept = Files.readString(repodata);
    Files.writeString(repodata, "no repodata");
    var second = terroir.run(build).succeeds();
    assertThat(second.err()).contains("the lock that was imported", "lock --update");
    assertThat(second.json().string("digest")).isEqualTo(first.json().string("digest"));
    assertThat(terroir.run("environment lock -n demo --platform linux/amd64 --update").code())
        .isNotZero();
    terroir.run(build).succeeds();
    Files.writeString(repodata, kept);
    terroir.run("environment lock -n demo --platform linux/amd64 --update").succeeds();
    Files.writeString(repodata, "no repodata");
    assertThat(terroir.run(build).err()).contains("[channel-unreachable]");
  }

  @Test
  void aLockWithoutDigestsIsRefusedWithEveryLine() {
    var file =
        terroir.write(
            "list.txt",
            "# platform: linux-64\n@EXPLICIT\n"
                + CHANNEL
                + "/linux-64/a-1-0.conda\n"
                + CHANNEL
                + "/noarch/b-1-0.conda\n");
    var refused = terroir.run("lock import --platform linux/amd64 -f " + file);
    assertThat(refused.err())
        .contains("`a` has no digest", "`b` has no digest", "list.txt:3:1", "list.txt:4:1")
        .contains("[lock-not-importable]");
    var create = terroir.run("environment create -n x -d " + folder.resolve("x") + " -f " + file);
    assertThat(create.err()).contains("terroir lock import");
  }

  @Test
  void theProjectBesideAPixiLockIsBuilt() throws IOException {
    var folder = terroir.project.resolve("own");
    var lock =
        terroir.write(
            "own/pixi.lock",
            """
            version: 6
            environments:
              default:
                channels: [{url: %1$s/}]
                packages:
                  linux-64:
                  - conda: %1$s/linux-64/python-%2$s.1-h1_0_cpython.conda
                  - pypi: ./
            packages:
            - conda: %1$s/linux-64/python-%2$s.1-h1_0_cpython.conda
              sha256: %3$s
            - pypi: ./
              name: own
              sha256: %3$s
              editable: true
            """
                .formatted(CHANNEL, Terroir.python(), SHA256));
    terroir.write(
        "own/pyproject.toml",
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n");
    terroir.write(
        "own/backend.py",
        """
        import os, zipfile
        def build_wheel(directory, config_settings=None, metadata_directory=None):
            name = "own-0.3-py3-none-any.whl"
            info = "own-0.3.dist-info/"
            with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
                wheel.writestr("own.py", "X = 1\\n")
                wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: own\\nVersion: 0.3\\n")
                wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
                wheel.writestr(info + "RECORD", "")
            return name
        """);
    imported(lock, "own");
    var shown = terroir.run("lock show -n own --platform linux/amd64").succeeds().json();
    var item = shown.objects("packages").getFirst();
    assertThat(item.string("fileName")).isEqualTo("own-0.3-py3-none-any.whl");
    var wheel = Path.of(java.net.URI.create(item.string("url")));
    assertThat(Sha256.of(wheel).hex()).isEqualTo(item.string("sha256"));

    Trees.delete(folder.resolve("pyproject.toml"));
    Files.move(lock, terroir.project.resolve("pixi.lock"));
    Trees.delete(folder);
    var gone = terroir.project.resolve("elsewhere/pixi.lock");
    Files.createDirectories(gone.getParent());
    Files.writeString(
        gone, Files.readString(terroir.project.resolve("pixi.lock")).replace("./", "./own"));
    assertThat(terroir.run("lock import --platform linux/amd64 -n own -f " + gone).err())
        .contains("`own` is built of a folder that is not there", "beside the lock", "pixi.lock:");
  }

  @Test
  void aLockThatIsEmptyOffersNoPlatforms() {
    var file =
        terroir.write(
            "pixi.lock",
            """
            version: 6
            environments:
              default:
                channels:
                - url: https://channel.example/main/
                packages: {}
            packages: []
            """);
    assertThat(terroir.run("lock import --platform linux/amd64 -n none -f " + file).err())
        .contains("[lock-not-importable]", "it holds packages for no platform")
        .doesNotContain("--platform");
  }

  @Test
  void anotherToolsLockIsShownComparedAndConvertedAsItIs() {
    var before = terroir.write("before.yml", read(condaLock("h2_1")));
    var after = condaLock("h3_2");
    var difference =
        terroir.run("lock diff --output json " + before + " " + after).succeeds().json();
    assertThat(difference.objects("changed"))
        .singleElement()
        .satisfies(change -> assertThat(change.string("buildAfter")).isEqualTo("h3_2"));
    assertThat(terroir.run("lock show --output table -f " + after).succeeds().out())
        .contains("zlib", "h3_2");
    assertThat(terroir.run("lock export --format pixi -f " + after).succeeds().out())
        .startsWith("version: 6\n")
        .contains(CHANNEL + "/linux-64/zlib-1.3-h3_2.conda");
    assertThat(terroir.run("lock show --environment gpu -f " + after).err())
        .contains("no environment `gpu`", after.toString(), "choose with --environment: main");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

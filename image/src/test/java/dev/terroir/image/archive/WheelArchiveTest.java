package dev.terroir.image.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.distribution.DistributionVersion;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Wheels (Python packaging, binary distribution format)")
class WheelArchiveTest {
  @TempDir Path work;

  private void assertRefused(TestWheel wheel, String why) {
    var file = wheel.write(work);
    assertThatThrownBy(
            () -> {
              try (var archive = WheelArchive.open(file)) {
                archive.verify();
              }
            })
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code().id()).isEqualTo("invalid-archive");
              assertThat(e.problem().render()).contains(why);
            });
  }

  private static TestWheel wheel() {
    return TestWheel.of("Some_Name", "1.0");
  }

  @Test
  void aSoundOneSaysWhatItIs() throws IOException {
    var file =
        wheel()
            .file("some/__init__.py", "x")
            .metadata("entry_points.txt", "[console_scripts]\nsome = some:main\n")
            .metadata("RECORD.jws", "{}")
            .unlisted("Some_Name-1.0.dist-info/RECORD.jws")
            .write(work);
    try (var archive = WheelArchive.open(file)) {
      archive.verify();
      assertThat(archive.name()).isEqualTo("some-name");
      assertThat(archive.version()).isEqualTo("1.0");
      assertThat(archive.isPurelib()).isTrue();
      assertThat(archive.dataFolder()).isEqualTo("Some_Name-1.0.data");
      assertThat(archive.entryPoints().scripts())
          .containsExactly(new EntryPoints.Script("some", "some", "main", false));
      assertThat(archive.isOf("some.name", "1")).isTrue();
      assertThat(archive.isOf("some-name", "1.1")).isFalse();
      assertThat(archive.isOf("other", "1.0")).isFalse();
    }
  }

  @Test
  void recordAndArchiveHoldTheSameFiles() {
    assertRefused(wheel().file("a.py", "x").unlisted("a.py"), "RECORD does not list it");
    assertRefused(wheel().recordLines("gone.py,sha256=47DEQpj8HBSa,3\n"), "does not have it");
    assertRefused(
        wheel().file("a.py", "x").recordLines("a.py,sha256=47DEQpj8HBSa,1\n"), "listed twice");
    assertRefused(
        wheel()
            .file("a.py", "x")
            .hash("a.py", "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
        "is not the one in RECORD");
    assertRefused(wheel().file("a.py", "x").hash("a.py", ""), "no digest");
    assertRefused(wheel().file("a.py", "x").hash("a.py", "md5=nQ6tsPJQcpFXLu1QK6nOtg"), "md5");
    assertRefused(
        wheel().file("a.py", "x").hash("a.py", "sha1=nQ6tsPJQcpFXLu1QK6nOtg"), "sha256 or better");
    assertRefused(
        wheel()
            .file("a.py", "x")
            .unlisted("a.py")
            .recordLines("a.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,2\n"),
        "RECORD says 2");
    assertRefused(wheel().recordLines("\"a,,\n"), "does not end");
  }

  @Test
  void otherStrongDigestsAreChecked() throws IOException {
    var sound =
        "sha512=pKvUOX9xhYAwLxxoQm3Dn4Fi5U_VHMdFFD1SKvWnyL7PGV0fCWbiGF0ScSTIOqyqEIX4OYfNb1pXSnyu1yYOVA";
    var digest = java.util.Base64.getUrlEncoder().withoutPadding();
    var real = "sha512=" + digest.encodeToString(sha512("x"));
    try (var archive =
        WheelArchive.open(wheel().file("a.py", "x").hash("a.py", real).write(work))) {
      archive.verify();
    }
    assertRefused(wheel().file("a.py", "x").hash("a.py", sound), "sha512 is not the one");
  }

  private static byte[] sha512(String text) {
    try {
      return java.security.MessageDigest.getInstance("SHA-512")
          .digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void thereIsOneFolderOfMetadata() {
    assertRefused(wheel().file("other-1.dist-info/x", "x"), "has 2 folders `.dist-info`");
    assertRefused(TestWheel.of("p", "1").withoutDefaults(), "METADATA");
    assertRefused(wheel().metadata("WHEEL", "Wheel-Version: 2.0\nRoot-Is-Purelib: true\n"), "2.0");
    assertRefused(wheel().metadata("WHEEL", "Wheel-Version: 1.0\n"), "Root-Is-Purelib");
    assertRefused(wheel().metadata("WHEEL", ""), "Wheel-Version");
  }

  @Test
  void theDataFolderIsTheWheelsOwnAndSortedByScheme() {
    assertRefused(wheel().file("other-1.data/data/x", "x"), "data folder of this wheel");
    assertRefused(wheel().file("Some_Name-1.0.data/oops/x", "x"), "`oops` is no folder");
    assertRefused(wheel().file("Some_Name-1.0.data/x", "x"), "`x` is no folder");
    assertRefused(wheel().file("Some_Name-1.0.data/scripts", "x"), "`scripts` is no folder");
    assertRefused(wheel().file("Some_Name-1.0.data/scripts/../../x", "x"), "component `..`");
  }

  @ParameterizedTest
  @DisplayName("Names of scripts are names of files (GHSA-4gg8-gxpx-9rph, CVE-2026-47425)")
  @ValueSource(strings = {"..", ".", "../x", "/x", "a/b", "a\\b", "", "c:x", "a\tb"})
  void scriptNames(String name) {
    assertRefused(
        wheel().metadata("entry_points.txt", "[console_scripts]\n" + name + " = a:b\n"),
        "is no name of a file");
  }

  @ParameterizedTest
  @DisplayName("What a script imports is made of identifiers (CVE-2026-47425)")
  @ValueSource(
      strings = {
        "a",
        "a:",
        ":b",
        "a:b()",
        "a;import os:b",
        "a:b;c",
        "a b:c",
        "a:b\rimport os",
        ".a:b",
        "a..b:c",
        "a:b.",
        "1a:b",
        "a:'b'"
      })
  void scriptReferences(String reference) {
    assertRefused(
        wheel().metadata("entry_points.txt", "[console_scripts]\nx = " + reference + "\n"),
        "entry_points.txt");
  }

  @Test
  void scriptsAreDefinedOnce() {
    assertRefused(
        wheel().metadata("entry_points.txt", "[console_scripts]\nx = a:b\n[gui_scripts]\nx=a:c\n"),
        "defined twice");
  }

  @Test
  void otherGroupsOfEntryPointsAreNotRead() {
    assertThat(
            EntryPoints.parse(
                    "test",
                    "# c\n[x]\n../y = what ever\n; d\n[console_scripts]\n a = b : c.d [e]\n")
                .scripts())
        .containsExactly(new EntryPoints.Script("a", "b", "c.d", false));
  }

  @ParameterizedTest
  @CsvSource({
    "1.0, 1", "1.0.post1, 1.post1", "1.0-1, 1.0.post1", "1.0rc1, 1.0.RC.1", "v1.0a, 1.0alpha0",
    "1.0_1, 1.post1", "1.0+ab_c, 1.0+AB.c", "0!1.00, 1", "1.0.dev, 1.0dev0", "1.0c2, 1.0pre2"
  })
  void oneVersionHasManySpellings(String one, String other) {
    assertThat(DistributionVersion.isSame(one, other)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"1.0, 1.0.1", "1.0, 1.0.post0", "1, 1!1", "1.0a1, 1.0b1", "1.0+a, 1.0", "x, y"})
  void otherVersionsAreOther(String one, String other) {
    assertThat(DistributionVersion.isSame(one, other)).isFalse();
  }

  @Test
  void credentialsOfAnAddressAreDropped() {
    var info = new DirectUrl.Info.Archive(java.util.Map.of());
    assertThat(new DirectUrl("https://user:secret@host/a.whl", info, null).toString())
        .isEqualTo("{\"url\":\"https://host/a.whl\",\"archive_info\":{}}");
    assertThat(new DirectUrl("https://tok@en@host/a.whl", info, null).url())
        .isEqualTo("https://host/a.whl");
    assertThat(new DirectUrl("ssh://git@host/r.git", info, null).url())
        .isEqualTo("ssh://git@host/r.git");
    assertThat(new DirectUrl("https://${TOKEN}@host/a.whl", info, null).url())
        .isEqualTo("https://${TOKEN}@host/a.whl");
    assertThat(new DirectUrl("https://host/a@b.whl", info, null).url())
        .isEqualTo("https://host/a@b.whl");
  }
}

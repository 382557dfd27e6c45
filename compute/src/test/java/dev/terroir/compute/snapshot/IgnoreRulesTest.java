package dev.terroir.compute.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName(".amlignore and .gitignore (gitignore(5))")
class IgnoreRulesTest {
  @ParameterizedTest(name = "`{0}` and {1}: {2}")
  @CsvSource({
    "*.pyc, a/b.pyc, true",
    "/top, top, true",
    "/top, a/top, false",
    "a/b, a/b, true",
    "a/b, x/a/b, false",
    "**/logs, a/b/logs, true",
    "a/**/b, a/b, true",
    "a/**/b, a/x/y/b, true",
    "a/**, a/x, true",
    "\\#file, #file, true",
    "[ab].txt, b.txt, true",
    "[!ab].txt, b.txt, false",
    "data?, data1, true",
    "'[\\d]', d, true",
    "'[\\d]', 7, false",
    "'[\\wx]', w, true",
    "'[\\w]', q, false",
    "'[a\\]b]', ], true",
    "'[\\a-c]', b, true",
    "'[a-\\c]', b, true",
    "[[:digit:]], 7, true",
    "[[:blank:]x], x, true",
    "[[:none:]], n, false",
    "# comment, comment, false"
  })
  void patterns(String pattern, String path, boolean ignored) {
    assertThat(IgnoreRules.parse(pattern).isIgnored(path, false)).isEqualTo(ignored);
  }

  @Test
  void theLastMatchingPatternWins() {
    var rules = IgnoreRules.parse("*.txt\n!keep.txt\n");
    assertThat(rules.isIgnored("a.txt", false)).isTrue();
    assertThat(rules.isIgnored("keep.txt", false)).isFalse();
  }

  @Test
  void amlignoreWinsOverGitignore(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve(".gitignore"), "a\n");
    assertThat(IgnoreRules.read(folder).isIgnored("a", false)).isTrue();
    Files.writeString(folder.resolve(".amlignore"), "b\n");
    assertThat(IgnoreRules.read(folder).isIgnored("a", false)).isFalse();
    assertThat(IgnoreRules.read(folder).isIgnored("b", false)).isTrue();
  }

  @Test
  void randomPatternsIgnoreWhatGitIgnores(@TempDir Path folder) throws Exception {
    assumeTrue(git(folder, "init", "-q") == 0, "git");
    var random = new Random(7);
    var words = List.of("a", "b", "ab", "*.c", "x?", "[ab]", "**", "a*b", "d.c", "xy");
    for (int round = 0; round < 40; round++) {
      var patterns = new ArrayList<String>();
      for (int i = 0; i < 4; i++) {
        var pattern = new StringBuilder(random.nextInt(5) == 0 ? "!" : "");
        pattern.append(random.nextInt(4) == 0 ? "/" : "");
        for (int part = 0; part <= random.nextInt(3); part++) {
          pattern.append(part > 0 ? "/" : "").append(words.get(random.nextInt(words.size())));
        }
        patterns.add(pattern.append(random.nextInt(5) == 0 ? "/" : "").toString());
      }
      Files.writeString(folder.resolve(".gitignore"), String.join("\n", patterns) + "\n");
      var files = new TreeSet<String>();
      for (int i = 0; i < 12; i++) {
        var name = new StringBuilder("f" + i % 3);
        for (int part = 0; part < random.nextInt(4); part++) {
          name.insert(0, List.of("a", "b", "ab", "xy", "d.c").get(random.nextInt(5)) + "/");
        }
        files.add(name.toString());
        files.add(name.toString().replaceAll("f[0-9]$", "d.c"));
      }
      var rules = IgnoreRules.read(folder);
      for (var file : files) {
        assertThat(ignored(rules, file))
            .as("%s with %s", file, patterns)
            .isEqualTo(git(folder, "check-ignore", "-q", "--no-index", file) == 0);
      }
    }
  }

  /// As a walk does: nothing below a directory that is left out is looked at.
  private static boolean ignored(IgnoreRules rules, String file) {
    for (int i = file.indexOf('/'); i > 0; i = file.indexOf('/', i + 1)) {
      if (rules.isIgnored(file.substring(0, i), true)) {
        return true;
      }
    }
    return rules.isIgnored(file, false);
  }

  private static int git(Path folder, String... arguments) throws Exception {
    var command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    var process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor();
  }
}

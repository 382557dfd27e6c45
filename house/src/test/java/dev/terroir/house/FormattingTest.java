package dev.terroir.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Run with `-Dterroir.format=apply` to rewrite instead of check. A test and not a Maven plugin
/// because the formatter needs JDK 25's parser, which Maven itself may not be running on.
@DisplayName("Every Java source is formatted by google-java-format")
class FormattingTest {
  private static final Path ROOT = Path.of(System.getProperty("terroir.root"));

  @Test
  void sourcesAreFormatted() throws IOException {
    var apply = "apply".equals(System.getProperty("terroir.format"));
    var formatter = new Formatter(JavaFormatterOptions.builder().build());
    var wrong =
        sources().parallelStream()
            .filter(source -> !isFormatted(formatter, source, apply))
            .toList();
    if (!apply) {
      assertThat(wrong)
          .as(
              "not formatted; `mvn -pl house -am test -Dtest=FormattingTest"
                  + " -Dsurefire.failIfNoSpecifiedTests=false -Dterroir.format=apply` mends it")
          .isEmpty();
    }
  }

  private static boolean isFormatted(Formatter formatter, Path source, boolean apply) {
    try {
      var text = Files.readString(source);
      var formatted =
          formatter.formatSourceAndFixImports(RemoveUnusedImports.removeUnusedImports(text));
      if (apply && !formatted.equals(text)) {
        Files.writeString(source, formatted);
      }
      return formatted.equals(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (FormatterException e) {
      throw new IllegalStateException(source + ": " + e.getMessage(), e);
    }
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> !ROOT.relativize(file).toString().contains("target/"))
          .sorted()
          .toList();
    }
  }
}

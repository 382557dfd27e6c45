package dev.terroir.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.terroir.foundation.problem.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Every code of an error has its page, and every page its code")
class ErrorPagesTest {
  private static final Path ROOT = Path.of(System.getProperty("terroir.root"));
  private static final Path PAGES = ROOT.resolve("docs/errors");

  @Test
  void codesAndPagesMatch() throws IOException {
    try (Stream<Path> pages = Files.list(PAGES)) {
      var codes = new TreeSet<>(codes());
      codes.addAll(PythonCodes.read(ROOT.resolve("clients/python/terroir/src")));
      assertThat(codes)
          .as("codes against pages in docs/errors")
          .containsExactlyInAnyOrderElementsOf(
              pages
                  .map(page -> page.getFileName().toString())
                  .filter(name -> name.endsWith(".md"))
                  .map(name -> name.substring(0, name.length() - 3))
                  .toList());
    }
  }

  @Test
  void noTwoConstantsOfJavaAreOneCode() {
    assertThat(codes()).doesNotHaveDuplicates();
  }

  @Test
  void everyErrorOfThePythonClientNamesItsCodeInItsSource() throws IOException {
    assertThat(PythonCodes.withoutLiteral(ROOT.resolve("clients/python/terroir/src"))).isEmpty();
  }

  private static List<String> codes() {
    return new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.terroir")
            .stream()
            .filter(type -> type.isEnum() && type.isAssignableTo(Code.class))
            .flatMap(type -> Stream.of(type.reflect().getEnumConstants()))
            .map(constant -> ((Code) constant).id())
            .sorted()
            .toList();
  }
}

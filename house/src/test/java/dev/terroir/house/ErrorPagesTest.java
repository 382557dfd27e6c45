package dev.terroir.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.terroir.foundation.problem.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Every code of an error has its page, and every page its code")
class ErrorPagesTest {
  private static final Path PAGES = Path.of(System.getProperty("terroir.root"), "docs", "errors");

  @Test
  void codesAndPagesMatch() throws IOException {
    try (Stream<Path> pages = Files.list(PAGES)) {
      assertThat(codes())
          .as("codes against pages in docs/errors")
          .doesNotHaveDuplicates()
          .containsExactlyInAnyOrderElementsOf(
              pages
                  .map(page -> page.getFileName().toString())
                  .filter(name -> name.endsWith(".md"))
                  .map(name -> name.substring(0, name.length() - 3))
                  .toList());
    }
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

package dev.terroir.environment.conda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.Conformance;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("File names of conda packages")
class CondaFileNameTest {
  @Test
  void everyKnownCaseComesOutAsConda() {
    for (var item : Conformance.cases("conda/package_filenames.json")) {
      var name = item.string("filename");
      var extension = item.optionalString("expect_extension");
      assertThat(CondaFileName.extensionOf(name)).as(name).isEqualTo(extension);
      var expect = item.optionalObject("expect");
      assertThat(CondaFileName.parse(name).map(CondaFileName::name))
          .as(name)
          .isEqualTo(expect.map(parts -> parts.string("name")));
      assertThat(CondaFileName.parse(name).map(CondaFileName::version))
          .isEqualTo(expect.map(parts -> parts.string("version")));
      assertThat(CondaFileName.parse(name).map(CondaFileName::build))
          .isEqualTo(expect.map(parts -> parts.string("build")));
    }
  }

  @Test
  void theBuildNumberIsWhatTheBuildEndsWith() {
    assertThat(CondaFileName.parse("a-1-py311h64a7726_12.conda").orElseThrow().buildNumber())
        .isEqualTo(12);
    assertThat(CondaFileName.parse("a-1-0.tar.bz2").orElseThrow().buildNumber()).isZero();
    assertThat(CondaFileName.parse("a-1-conda_forge.conda").orElseThrow().buildNumber()).isZero();
  }
}

package dev.terroir.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Modules lie in the order of the flow, and arrows point one way")
class ArrowsTest {
  /// A module may use those before it, never those after it.
  private static final List<String> MODULES =
      List.of(
          "foundation",
          "environment",
          "lock",
          "resolve",
          "prefix",
          "image",
          "workspace",
          "compute",
          "serving",
          "client",
          "server",
          "cli");

  private static final JavaClasses TERROIR =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.terroir");

  @TestFactory
  List<DynamicTest> noModuleKnowsTheOnesAfterIt() {
    return MODULES.subList(0, MODULES.size() - 1).stream()
        .map(module ->
            DynamicTest.dynamicTest(
                module,
                () ->
                    noClasses()
                        .that()
                        .resideInAPackage("dev.terroir." + module + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                            MODULES.subList(MODULES.indexOf(module) + 1, MODULES.size()).stream()
                                .map(later -> "dev.terroir." + later + "..")
                                .toArray(String[]::new))
                        .check(TERROIR)))
        .toList();
  }

  @Test
  void everyClassBelongsToAModule() {
    assertThat(TERROIR.stream())
        .as("the import found the program")
        .hasSizeGreaterThan(100)
        .allSatisfy(type -> assertThat(MODULES).contains(type.getPackageName().split("\\.", 4)[2]));
  }

  @Test
  void modulesHaveNoCyclesBetweenTheirSubjects() {
    for (var module : MODULES) {
      slices()
          .matching("dev.terroir." + module + ".(*)..")
          .should()
          .beFreeOfCycles()
          // A module of one package has no subjects below it.
          .allowEmptyShould(true)
          .check(TERROIR);
    }
  }

  @Test
  void packagesAreSubjectsAndNotLayers() {
    assertThat(TERROIR.stream().map(type -> type.getPackageName()).distinct())
        .noneMatch(name ->
            name.matches(
                ".*\\.(util|utils|common|impl|helper|helpers|manager|model|misc)(\\..*)?"));
  }

  @Test
  void nullMeansNothingInAnyPackage() {
    var unmarked =
        TERROIR.stream()
            .map(type -> type.getPackage())
            .distinct()
            .filter(name ->
                name.tryGetPackageInfo()
                    .map(info -> !info.isAnnotatedWith(NullMarked.class))
                    .orElse(true))
            .map(name -> name.getName())
            .toList();
    assertThat(unmarked).as("packages without @NullMarked").isEmpty();
  }

  @Test
  void onlySettingsReadTheProcessEnvironment() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("dev.terroir.foundation.home.Settings")
        .should()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .check(TERROIR);
  }

  @Test
  void foreignTypesStayOutOfOtherModules() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.terroir.foundation..", "dev.terroir.environment..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.snakeyaml..", "tools.jackson..")
        .check(TERROIR);
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.terroir.workspace..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "org.sqlite..")
        .check(TERROIR);
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.terroir.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("picocli..")
        .check(TERROIR);
  }
}

package dev.terroir.environment;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// A definition as a directory of files: what `save_to_directory` and `az ml environment` write and
/// read.
///
/// @since 0.1
public final class SavedDirectory {
  /// The definition without its packages.
  public static final String DEFINITION = "azureml_environment.json";

  /// The packages of a system-managed environment.
  public static final String PACKAGES = "conda_dependencies.yml";

  /// The text of a Dockerfile instead of a base image.
  public static final String DOCKERFILE = "BaseDockerfile";

  private SavedDirectory() {}

  /// Reads a definition; nothing is registered.
  ///
  /// @param warnings receives a sentence for everything odd
  /// @throws EnvironmentException code `saved-directory` when files are missing
  public static Environment load(Path directory, Consumer<String> warnings) {
    var definition = directory.resolve(DEFINITION);
    if (!Files.isRegularFile(definition)) {
      throw new EnvironmentException(
          Problem.of(
                  EnvironmentCode.SAVED_DIRECTORY,
                  "the directory holds no saved environment: " + DEFINITION + " is missing")
              .at(Place.file(directory))
              .hint(
                  "make one with `terroir environment scaffold -n NAME -d DIR`, or from your"
                      + " packages with `terroir environment create -n NAME -f FILE -d DIR`"));
    }
    var environment = Environment.read(JsonReader.readObject(definition), warnings);
    var packages = packages(environment, directory);
    if (Files.isRegularFile(packages)) {
      var document = CondaDependencies.read(packages);
      document.warnings().forEach(warnings);
      if (!environment.python().userManagedDependencies()) {
        environment = environment.withCondaDependencies(document);
      } else {
        warnings.accept(
            packages.getFileName()
                + " is left out, because the environment is user-managed ("
                + packages
                + ")");
      }
    } else if (!environment.python().userManagedDependencies()
        && environment.condaDependencies().isEmpty()) {
      throw new EnvironmentException(
          Problem.of(
                  EnvironmentCode.SAVED_DIRECTORY,
                  "the packages of the environment are missing: there is no " + PACKAGES)
              .at(Place.file(directory))
              .hint("add that file, or set `userManagedDependencies` to true in " + DEFINITION));
    }
    var dockerfile = directory.resolve(DOCKERFILE);
    if (Files.isRegularFile(dockerfile) && environment.docker().baseDockerfile() == null) {
      environment =
          environment.withDocker(
              environment.docker().withBaseDockerfile(YamlReader.text(dockerfile)));
    }
    return environment;
  }

  /// The file of packages: the one of the usual name, else what the definition names in the
  /// directory.
  private static Path packages(Environment environment, Path directory) {
    var usual = directory.resolve(PACKAGES);
    var name = environment.python().condaDependenciesFile();
    if (Files.isRegularFile(usual) || name == null || name.isBlank()) {
      return usual;
    }
    var named = directory.resolve(name).normalize();
    return named.startsWith(directory.normalize()) && Files.isRegularFile(named) ? named : usual;
  }

  /// Writes a definition; each file appears whole.
  ///
  /// @param overwrite whether files that are there may be replaced
  /// @throws EnvironmentException code `would-overwrite`, before anything is written
  public static void save(Environment environment, Path directory, boolean overwrite) {
    if (!overwrite) {
      for (var name : List.of(DEFINITION, PACKAGES, DOCKERFILE)) {
        if (Files.exists(directory.resolve(name))) {
          throw new EnvironmentException(
              Problem.of(EnvironmentCode.WOULD_OVERWRITE, name + " is there already")
                  .at(Place.file(directory))
                  .hint("choose another directory, or say `--overwrite`"));
        }
      }
    }
    var packages = environment.condaDependencies();
    if (packages.isPresent() && !environment.python().userManagedDependencies()) {
      packages.get().save(directory.resolve(PACKAGES));
    }
    var dockerfile = environment.docker().baseDockerfile();
    if (dockerfile != null) {
      AtomicFiles.write(directory.resolve(DOCKERFILE), dockerfile);
    }
    AtomicFiles.write(
        directory.resolve(DEFINITION), JsonWriter.indented(environment.toJson(false), 4));
  }
}

package dev.terroir.environment;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.existing.ExistingEnvironment;
import dev.terroir.environment.pylock.PylockFile;
import dev.terroir.environment.pyproject.PyProject;
import dev.terroir.environment.requirement.RequirementsFile;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The definition of a software environment, as `azureml.core.Environment` holds it. Immutable;
/// nothing is registered or installed by making one.
///
/// @param name its name in a workspace
/// @param version the registered version, a string, or null
/// @param environmentVariables set on the process of a run or service
/// @param python the packages
/// @param docker the container
/// @param spark settings of Spark jobs
/// @param databricks libraries of a Databricks cluster
/// @param r the R part, or null
/// @param inferencingStackVersion `latest` to have a scoring server added, or null
/// @param assetId the service's identifier, kept as read
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record Environment(
    String name,
    @Nullable String version,
    Map<String, String> environmentVariables,
    PythonSection python,
    DockerSection docker,
    SparkSection spark,
    DatabricksSection databricks,
    @Nullable RSection r,
    @Nullable String inferencingStackVersion,
    @Nullable String assetId,
    JsonObject source) {
  private static final Set<String> KEYS =
      Set.of(
          "name",
          "version",
          "environmentVariables",
          "python",
          "docker",
          "spark",
          "databricks",
          "r",
          "inferencingStackVersion",
          "assetId",
          "autoRebuild");

  /// Copies the variables in their order.
  public Environment {
    environmentVariables = Collections.unmodifiableMap(new LinkedHashMap<>(environmentVariables));
  }

  /// A new definition with the default packages.
  public static Environment of(String name) {
    return of(name, CondaDependencies.defaults());
  }

  /// A new definition with given packages.
  public static Environment of(String name, CondaDependencies packages) {
    return new Environment(
        name,
        null,
        Map.of(),
        PythonSection.of(packages),
        DockerSection.DEFAULT,
        SparkSection.DEFAULT,
        DatabricksSection.DEFAULT,
        null,
        null,
        null,
        JsonObject.EMPTY);
  }

  /// A definition with the packages of a conda environment file.
  ///
  /// @throws EnvironmentException with file, line and column of every problem
  public static Environment fromCondaSpecification(String name, Path file) {
    return fromCondaSpecification(name, file, _ -> {});
  }

  /// A definition with the packages of a conda environment file. Lines for pip that name files
  /// beside it (`-r`, `-c`, source directories, archives) are replaced by what they mean, because a
  /// definition is used where those are not.
  ///
  /// @param warnings receives a sentence for everything odd
  /// @throws EnvironmentException with file, line and column of every problem
  public static Environment fromCondaSpecification(
      String name, Path file, Consumer<String> warnings) {
    return fromCondaSpecification(name, file, Settings.system(), warnings);
  }

  private static Environment fromCondaSpecification(
      String name, Path file, Settings settings, Consumer<String> warnings) {
    var packages = CondaDependencies.read(file);
    packages.warnings().forEach(warnings);
    var lines = packages.pipLines();
    var instead = new LinkedHashMap<String, List<String>>();
    var constraints = new ArrayList<String>();
    var problems = new ArrayList<Problem>();
    for (int i = 0; i < lines.size(); i++) {
      var mark = packages.pipMarks().get(i);
      if (RequirementsFile.namesFile(lines.get(i)) && !instead.containsKey(lines.get(i))) {
        try {
          var read =
              RequirementsFile.ofLine(lines.get(i), file, mark.line(), mark.column(), settings);
          read.warnings().forEach(warnings);
          constraints.addAll(read.constraints());
          instead.put(lines.get(i), read.pipLines());
        } catch (EnvironmentException e) {
          problems.addAll(e.problems());
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
    return withConstraints(
        of(name, packages.replacePipLines(line -> instead.getOrDefault(line, List.of(line)))),
        constraints.stream().distinct().toList());
  }

  /// A definition with the requirements of a pip file, as the service makes one: the default
  /// document, whose pip section is `azureml-defaults` and then the file's lines.
  ///
  /// @throws EnvironmentException with file, line and column of every problem
  public static Environment fromPipRequirements(String name, Path file) {
    return fromPipRequirements(name, file, _ -> {});
  }

  /// A definition with the requirements and constraints of a pip file.
  ///
  /// @param warnings receives a sentence for everything that is carried as something else
  /// @throws EnvironmentException with file, line and column of every problem
  public static Environment fromPipRequirements(String name, Path file, Consumer<String> warnings) {
    return fromPipRequirements(
        name, file, CondaDependencies.defaults(), Settings.system(), warnings);
  }

  private static Environment fromPipRequirements(
      String name,
      Path file,
      CondaDependencies beside,
      Settings settings,
      Consumer<String> warnings) {
    var read = RequirementsFile.read(file, settings);
    read.warnings().forEach(warnings);
    return withConstraints(ofPipLines(name, read.pipLines(), beside), read.constraints());
  }

  private static Environment withConstraints(Environment environment, List<String> constraints) {
    return constraints.isEmpty()
        ? environment
        : environment.withPython(environment.python().withPipConstraints(constraints));
  }

  /// A definition with the dependencies of a `pyproject.toml`.
  ///
  /// @param group a dependency group or extra to add, or null
  public static Environment fromPyProject(String name, Path file, @Nullable String group) {
    return fromPyProject(name, file, group, CondaDependencies.defaults(), _ -> {});
  }

  private static Environment fromPyProject(
      String name,
      Path file,
      @Nullable String group,
      CondaDependencies beside,
      Consumer<String> warnings) {
    var project = PyProject.read(file);
    var environment = ofPipLines(name, project.dependencies(group), beside);
    var limited = withConstraints(environment, project.constraints());
    project.warnings().forEach(warnings);
    return withPython(limited, project.requiresPython());
  }

  private static Environment fromPylock(
      String name, Path file, Groups groups, CondaDependencies beside, Consumer<String> warnings) {
    var lock = PylockFile.read(file);
    lock.warnings().forEach(warnings);
    var lines = lock.requirements(groups);
    lines.stream()
        .filter(line -> line.startsWith("--"))
        .forEach(line -> warnings.accept(file + " names it: `" + line + "` is taken over"));
    return withPython(ofPipLines(name, lines, beside), lock.requiresPython());
  }

  private static Environment withPython(Environment environment, Optional<String> requires) {
    return requires
        .map(python ->
            environment.withCondaDependencies(
                environment.condaDependencies().orElseThrow().addCondaPackage("python" + python)))
        .orElse(environment);
  }

  /// A definition with the packages of a conda environment file (`.yml`, `.yaml`), a requirements
  /// file (`.txt`, `.in`), a project (`.toml`) or a `pylock.toml`, whose packages it names with
  /// their hashes.
  ///
  /// @param group a dependency group or extra of a project or lock to add, or null
  /// @param warnings receives a sentence for everything odd
  /// @throws EnvironmentException with file, line and column of every problem; code `foreign-file`
  ///   for files of other kinds
  public static Environment fromFile(
      String name, Path file, @Nullable String group, Consumer<String> warnings) {
    return fromFile(name, file, Groups.of(group), Settings.system(), warnings);
  }

  /// The same for a caller with settings of its own.
  ///
  /// @param groups of a project or lock
  /// @param settings say how files that the file names by URL are fetched
  public static Environment fromFile(
      String name, Path file, Groups groups, Settings settings, Consumer<String> warnings) {
    return fromFile(name, file, groups, CondaDependencies.defaults(), settings, warnings);
  }

  private static Environment fromFile(
      String name,
      Path file,
      Groups groups,
      CondaDependencies beside,
      Settings settings,
      Consumer<String> warnings) {
    var kind = PackageFile.of(file);
    if (!groups.withDefaults() && kind != PackageFile.Kind.PYLOCK) {
      throw new EnvironmentException(
          Problem.of(EnvironmentCode.PYLOCK, "`" + file.getFileName() + "` has no default groups")
              .at(Place.file(file))
              .because("only a pylock.toml has some")
              .hint("leave --no-default-groups out"));
    }
    return switch (kind) {
      case CONDA -> fromCondaSpecification(name, file, settings, warnings);
      case REQUIREMENTS -> fromPipRequirements(name, file, beside, settings, warnings);
      case PYPROJECT -> fromPyProject(name, file, groups.added(), beside, warnings);
      case PYLOCK -> fromPylock(name, file, groups, beside, warnings);
    };
  }

  /// The same with what the file names and nothing else: without the `azureml-defaults` that a
  /// definition gets so that a service can use it.
  ///
  /// @param groups of a project or lock
  /// @param settings say how files that the file names by URL are fetched
  public static Environment fromFileAlone(
      String name, Path file, Groups groups, Settings settings, Consumer<String> warnings) {
    var nothing = CondaDependencies.defaults().removePipPackage(CondaDependencies.DEFAULTS_PACKAGE);
    return fromFile(name, file, groups, nothing, settings, warnings);
  }

  /// A definition of a conda environment of this machine: every package with its exact version and
  /// build, as `conda env export` writes it. No conda is needed.
  ///
  /// @param nameOrPrefix its name, searched as conda does, or a path
  /// @throws EnvironmentException code `conda-environment`
  public static Environment fromExistingCondaEnvironment(String name, String nameOrPrefix) {
    return fromExistingCondaEnvironment(name, nameOrPrefix, false, Settings.system(), _ -> {});
  }

  /// The same, in full.
  ///
  /// @param fromHistory whether only what the user asked for is taken, without what was solved for
  ///   it
  /// @param settings the process environment, which says where environments lie
  /// @param warnings receives a sentence for everything that cannot be had again from the
  ///   definition
  public static Environment fromExistingCondaEnvironment(
      String name,
      String nameOrPrefix,
      boolean fromHistory,
      Settings settings,
      Consumer<String> warnings) {
    var existing = ExistingEnvironment.read(nameOrPrefix, settings);
    var captured = fromHistory ? existing.requested() : existing.exact();
    captured.warnings().forEach(warnings);
    return of(name, captured.dependencies());
  }

  private static Environment ofPipLines(String name, List<String> lines, CondaDependencies beside) {
    var packages = beside;
    var named = new ArrayList<String>();
    for (var line : lines) {
      var project = CondaDependency.pipName(line).orElse("");
      // One project may have a line for each of several markers; all of them count.
      packages =
          line.startsWith("-") || named.contains(project)
              ? packages.setPipOption(line)
              : packages.addPipPackage(line);
      named.add(project);
    }
    return of(name, packages);
  }

  /// Reads a definition in the service's JSON.
  ///
  /// @param warnings receives a sentence for every unknown key, which is kept, and every secret,
  ///   which is not
  public static Environment read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(json, KEYS, warnings);
    return new Environment(
        json.optionalString("name").orElse(""),
        json.get("version").orElse(null) instanceof JsonValue.JsonNumber(var number)
            ? number
            : json.optionalString("version").orElse(null),
        json.stringMap("environmentVariables"),
        json.optionalObject("python")
            .map(section -> PythonSection.read(section, warnings))
            .orElseGet(() ->
                new PythonSection(false, "python", null, null, null, List.of(), JsonObject.EMPTY)),
        json.optionalObject("docker")
            .map(section -> DockerSection.read(section, warnings))
            .orElse(DockerSection.DEFAULT),
        json.optionalObject("spark")
            .map(section -> SparkSection.read(section, warnings))
            .orElse(SparkSection.DEFAULT),
        json.optionalObject("databricks")
            .map(section -> DatabricksSection.read(section, warnings))
            .orElse(DatabricksSection.DEFAULT),
        json.optionalObject("r").map(section -> RSection.read(section, warnings)).orElse(null),
        json.optionalString("inferencingStackVersion").orElse(null),
        json.optionalString("assetId").orElse(null),
        json);
  }

  /// Reads a definition from a text in the service's JSON.
  public static Environment parse(String text, String source) {
    return read(JsonReader.parseObject(text, source), _ -> {});
  }

  /// The packages, if Terroir installs any.
  public Optional<CondaDependencies> condaDependencies() {
    return Optional.ofNullable(python.condaDependencies());
  }

  /// A copy under a new name, not registered.
  public Environment copyAs(String newName) {
    return with(newName, null, python, docker, environmentVariables);
  }

  /// The same as a registered version.
  public Environment withVersion(@Nullable String newVersion) {
    return with(name, newVersion, python, docker, environmentVariables);
  }

  /// The same with another Python section.
  public Environment withPython(PythonSection section) {
    return with(name, version, section, docker, environmentVariables);
  }

  /// The same with other packages.
  public Environment withCondaDependencies(CondaDependencies packages) {
    return withPython(python.withCondaDependencies(packages));
  }

  /// The same with another container.
  public Environment withDocker(DockerSection section) {
    return with(name, version, python, section, environmentVariables);
  }

  /// The same with other environment variables.
  public Environment withEnvironmentVariables(Map<String, String> variables) {
    return with(name, version, python, docker, variables);
  }

  private Environment with(
      String newName,
      @Nullable String newVersion,
      PythonSection newPython,
      DockerSection newDocker,
      Map<String, String> variables) {
    return new Environment(
        newName,
        newVersion,
        variables,
        newPython,
        newDocker,
        spark,
        databricks,
        r,
        inferencingStackVersion,
        assetId,
        source);
  }

  /// Starts to build the image of this definition, as `build` of the retired service: registers the
  /// definition when it is not, and resolves one anew that has an image.
  ///
  /// @param workspace whose registry gets the image
  /// @return the build, which goes on
  public <B> B build(EnvironmentBuilder<B, ?, ?> workspace) {
    return workspace.build(this);
  }

  /// Makes this environment on this machine, as `build_local` of the retired service.
  ///
  /// @param useDocker whether as an image in a container engine, else as a folder that scripts run
  ///   from
  /// @param pushImageToWorkspaceAcr whether the image is kept in the registry of the workspace too,
  ///   so that later runs take it from there; only with `useDocker`
  public <L> L buildLocal(
      EnvironmentBuilder<?, L, ?> workspace, boolean useDocker, boolean pushImageToWorkspaceAcr) {
    return workspace.buildLocal(this, useDocker, pushImageToWorkspaceAcr);
  }

  /// What is known of the image of this definition, as `get_image_details` of the retired service;
  /// nothing is built.
  public <D> D getImageDetails(EnvironmentBuilder<?, ?, D> workspace) {
    return workspace.getImageDetails(this);
  }

  /// The definition as the service returns it, everything in one object.
  public JsonObject toJson() {
    return toJson(true);
  }

  JsonObject toJson(boolean inOneObject) {
    var values =
        JsonObject.builder()
            .put("name", name)
            .put("version", version)
            .put("environmentVariables", JsonValue.ofStrings(environmentVariables))
            .put("python", python.toJson(inOneObject))
            .put("docker", docker.toJson(inOneObject))
            .put("spark", spark.toJson())
            .put("databricks", databricks.toJson())
            .put("r", r == null ? new JsonValue.JsonNull() : r.toJson())
            .put("inferencingStackVersion", inferencingStackVersion);
    if (assetId != null || source.has("assetId")) {
      values.put("assetId", assetId);
    }
    var absent =
        JsonObject.builder()
            .put("version", (String) null)
            .put("environmentVariables", JsonObject.EMPTY)
            .put("spark", SparkSection.DEFAULT.toJson())
            .put("databricks", DatabricksSection.DEFAULT.toJson())
            .put("r", (String) null)
            .put("inferencingStackVersion", (String) null)
            .build();
    return Members.merge(source, values.build(), absent);
  }
}

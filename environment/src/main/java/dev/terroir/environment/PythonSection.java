package dev.terroir.environment;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The Python of an environment: packages that Terroir installs, or an interpreter that its owner
/// looks after. Immutable.
///
/// @param userManagedDependencies true when the author guarantees the packages and nothing is
///   installed
/// @param interpreterPath the interpreter of a user-managed environment
/// @param condaDependenciesFile deprecated path of a YAML file, or null
/// @param baseCondaEnvironment name of a conda environment in the base image, or null
/// @param condaDependencies the packages, or null when none were given
/// @param pipConstraints lines of pip's constraints files: what a package must satisfy if something
///   asks for it. A key of ours beside the service's, written only when there are some: other
///   programs keep or skip a key that they do not know, while a constraint among the requirements
///   would stop them, and a path to a file would mean nothing on another machine
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record PythonSection(
    boolean userManagedDependencies,
    String interpreterPath,
    @Nullable String condaDependenciesFile,
    @Nullable String baseCondaEnvironment,
    @Nullable CondaDependencies condaDependencies,
    List<String> pipConstraints,
    JsonObject source) {
  private static final Set<String> KEYS =
      Set.of(
          "userManagedDependencies",
          "interpreterPath",
          "condaDependenciesFile",
          "baseCondaEnvironment",
          "condaDependencies",
          "pipConstraints");

  /// Copies the list.
  public PythonSection {
    pipConstraints = List.copyOf(pipConstraints);
  }

  /// Packages installed by Terroir.
  public static PythonSection of(CondaDependencies condaDependencies) {
    return new PythonSection(
        false, "python", null, null, condaDependencies, List.of(), JsonObject.EMPTY);
  }

  /// An interpreter that is used as it is.
  public static PythonSection userManaged(String interpreterPath) {
    return new PythonSection(true, interpreterPath, null, null, null, List.of(), JsonObject.EMPTY);
  }

  /// The same with other packages.
  public PythonSection withCondaDependencies(@Nullable CondaDependencies dependencies) {
    return new PythonSection(
        userManagedDependencies,
        interpreterPath,
        condaDependenciesFile,
        baseCondaEnvironment,
        dependencies,
        pipConstraints,
        source);
  }

  /// The same with other constraints.
  public PythonSection withPipConstraints(List<String> constraints) {
    return new PythonSection(
        userManagedDependencies,
        interpreterPath,
        condaDependenciesFile,
        baseCondaEnvironment,
        condaDependencies,
        constraints,
        source);
  }

  static PythonSection read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(json, KEYS, warnings);
    return new PythonSection(
        json.optionalBoolean("userManagedDependencies").orElse(false),
        json.optionalString("interpreterPath").orElse("python"),
        json.optionalString("condaDependenciesFile").orElse(null),
        json.optionalString("baseCondaEnvironment").orElse(null),
        json.optionalObject("condaDependencies")
            .map(packages -> CondaDependencies.ofJson(packages, json.place("condaDependencies")))
            .orElse(null),
        json.strings("pipConstraints"),
        json);
  }

  /// The section as the definition JSON holds it.
  ///
  /// @param withPackages whether `condaDependencies` is part of it, or lies in a file beside it
  public JsonObject toJson(boolean withPackages) {
    var values =
        JsonObject.builder()
            .put("userManagedDependencies", userManagedDependencies)
            .put("interpreterPath", interpreterPath)
            .put("condaDependenciesFile", condaDependenciesFile)
            .put("baseCondaEnvironment", baseCondaEnvironment);
    if (withPackages) {
      JsonValue packages =
          condaDependencies == null ? new JsonValue.JsonNull() : condaDependencies.toJson();
      values.put("condaDependencies", packages);
    }
    if (!pipConstraints.isEmpty() || source.has("pipConstraints")) {
      values.put("pipConstraints", pipConstraints);
    }
    var order = withPackages ? source : source.toBuilder().remove("condaDependencies").build();
    return Members.merge(
        order,
        values.build(),
        JsonObject.builder()
            .put("userManagedDependencies", false)
            .put("interpreterPath", "python")
            .put("condaDependenciesFile", (String) null)
            .put("baseCondaEnvironment", (String) null)
            .put("condaDependencies", (String) null)
            .build());
  }
}

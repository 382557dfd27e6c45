package dev.terroir.environment;

import dev.terroir.foundation.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Libraries of a Databricks cluster; carried, no part of an environment's identity. Immutable.
///
/// @param mavenLibraries coordinates, repository and exclusions of each
/// @param pypiLibraries package and repository of each
/// @param rcranLibraries package and repository of each
/// @param jarLibraries path of each
/// @param eggLibraries path of each
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record DatabricksSection(
    List<MavenLibrary> mavenLibraries,
    List<IndexLibrary> pypiLibraries,
    List<IndexLibrary> rcranLibraries,
    List<String> jarLibraries,
    List<String> eggLibraries,
    JsonObject source) {
  /// No libraries.
  public static final DatabricksSection DEFAULT =
      new DatabricksSection(
          List.of(), List.of(), List.of(), List.of(), List.of(), JsonObject.EMPTY);

  /// A Maven library.
  ///
  /// @param coordinates `group:artifact:version`
  /// @param repo URL of a repository, or empty
  /// @param exclusions coordinates left out
  public record MavenLibrary(String coordinates, String repo, List<String> exclusions) {
    /// Copies the list.
    public MavenLibrary {
      exclusions = List.copyOf(exclusions);
    }
  }

  /// A library of a Python or R index.
  ///
  /// @param packageName the package, with a version or without
  /// @param repo URL of an index, or empty
  public record IndexLibrary(String packageName, String repo) {}

  /// Copies the lists.
  public DatabricksSection {
    mavenLibraries = List.copyOf(mavenLibraries);
    pypiLibraries = List.copyOf(pypiLibraries);
    rcranLibraries = List.copyOf(rcranLibraries);
    jarLibraries = List.copyOf(jarLibraries);
    eggLibraries = List.copyOf(eggLibraries);
  }

  static DatabricksSection read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(
        json,
        Set.of(
            "mavenLibraries",
            "pypiLibraries",
            "rcranLibraries",
            "jarLibraries",
            "eggLibraries",
            "cluster"),
        warnings);
    return new DatabricksSection(
        json.objects("mavenLibraries").stream()
            .map(item ->
                new MavenLibrary(
                    item.string("coordinates"),
                    item.optionalString("repo").orElse(""),
                    item.strings("exclusions")))
            .toList(),
        index(json, "pypiLibraries"),
        index(json, "rcranLibraries"),
        json.objects("jarLibraries").stream().map(item -> item.string("library")).toList(),
        json.objects("eggLibraries").stream().map(item -> item.string("library")).toList(),
        json);
  }

  private static List<IndexLibrary> index(JsonObject json, String name) {
    return json.objects(name).stream()
        .map(item ->
            new IndexLibrary(item.string("package"), item.optionalString("repo").orElse("")))
        .toList();
  }

  /// The section as the definition JSON holds it.
  public JsonObject toJson() {
    var values =
        JsonObject.builder()
            .put(
                "mavenLibraries",
                Members.array(
                    mavenLibraries.stream()
                        .map(library ->
                            JsonObject.builder()
                                .put("coordinates", library.coordinates())
                                .put("repo", library.repo())
                                .put("exclusions", library.exclusions())
                                .build())
                        .toList()))
            .put("pypiLibraries", indexJson(pypiLibraries))
            .put("rcranLibraries", indexJson(rcranLibraries))
            .put("jarLibraries", fileJson(jarLibraries))
            .put("eggLibraries", fileJson(eggLibraries))
            .build();
    var none =
        JsonObject.builder()
            .put("mavenLibraries", List.of())
            .put("pypiLibraries", List.of())
            .put("rcranLibraries", List.of())
            .put("jarLibraries", List.of())
            .put("eggLibraries", List.of())
            .build();
    return Members.merge(source, values, none);
  }

  private static dev.terroir.foundation.json.JsonValue indexJson(List<IndexLibrary> libraries) {
    return Members.array(
        libraries.stream()
            .map(library ->
                JsonObject.builder()
                    .put("package", library.packageName())
                    .put("repo", library.repo())
                    .build())
            .toList());
  }

  private static dev.terroir.foundation.json.JsonValue fileJson(List<String> libraries) {
    return Members.array(
        libraries.stream()
            .map(library -> JsonObject.builder().put("library", library).build())
            .toList());
  }
}

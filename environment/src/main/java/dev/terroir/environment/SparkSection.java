package dev.terroir.environment;

import dev.terroir.foundation.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Settings of Spark jobs. Immutable.
///
/// @param repositories URLs of Maven repositories
/// @param packages Maven packages
/// @param precachePackages whether packages are fetched into the image
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record SparkSection(
    List<String> repositories,
    List<SparkPackage> packages,
    boolean precachePackages,
    JsonObject source) {
  /// No repositories, no packages.
  public static final SparkSection DEFAULT =
      new SparkSection(List.of(), List.of(), true, JsonObject.EMPTY);

  /// A Maven package.
  ///
  /// @param group such as `com.microsoft.ml.spark`
  /// @param artifact such as `mmlspark_2.11`
  /// @param version such as `0.12`
  public record SparkPackage(String group, String artifact, String version) {
    JsonObject toJson() {
      return JsonObject.builder()
          .put("group", group)
          .put("artifact", artifact)
          .put("version", version)
          .build();
    }
  }

  /// Copies the lists.
  public SparkSection {
    repositories = List.copyOf(repositories);
    packages = List.copyOf(packages);
  }

  static SparkSection read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(json, Set.of("repositories", "packages", "precachePackages"), warnings);
    return new SparkSection(
        json.strings("repositories"),
        json.objects("packages").stream()
            .map(item ->
                new SparkPackage(
                    item.string("group"), item.string("artifact"), item.string("version")))
            .toList(),
        json.optionalBoolean("precachePackages").orElse(true),
        json);
  }

  /// The section as the definition JSON holds it.
  public JsonObject toJson() {
    return Members.merge(
        source,
        JsonObject.builder()
            .put("repositories", repositories)
            .put("packages", Members.array(packages.stream().map(SparkPackage::toJson).toList()))
            .put("precachePackages", precachePackages)
            .build(),
        JsonObject.builder()
            .put("repositories", List.of())
            .put("packages", List.of())
            .put("precachePackages", true)
            .build());
  }
}

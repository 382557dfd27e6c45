package dev.terroir.environment;

import dev.terroir.foundation.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The R part of an environment; carried and part of its identity, not installed yet. Immutable.
///
/// @param rVersion such as `4.0.5`, or null
/// @param userManaged whether the author guarantees the packages
/// @param rscriptPath the Rscript program of a user-managed one, or null
/// @param snapshotDate `YYYY-MM-DD` of a package snapshot, or null
/// @param cranPackages packages of CRAN
/// @param gitHubPackages repositories, without their tokens
/// @param customUrlPackages URLs of packages
/// @param bioConductorPackages names of packages
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record RSection(
    @Nullable String rVersion,
    boolean userManaged,
    @Nullable String rscriptPath,
    @Nullable String snapshotDate,
    List<CranPackage> cranPackages,
    List<String> gitHubPackages,
    List<String> customUrlPackages,
    List<String> bioConductorPackages,
    JsonObject source) {
  private static final Set<String> KEYS =
      Set.of(
          "rVersion",
          "userManaged",
          "rscriptPath",
          "snapshotDate",
          "cranPackages",
          "gitHubPackages",
          "customUrlPackages",
          "bioConductorPackages");

  /// A package of CRAN.
  ///
  /// @param name its name
  /// @param version or null for the latest
  /// @param repository URL, or null for CRAN's own
  public record CranPackage(String name, @Nullable String version, @Nullable String repository) {}

  /// Copies the lists.
  public RSection {
    cranPackages = List.copyOf(cranPackages);
    gitHubPackages = List.copyOf(gitHubPackages);
    customUrlPackages = List.copyOf(customUrlPackages);
    bioConductorPackages = List.copyOf(bioConductorPackages);
  }

  static RSection read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(json, KEYS, warnings);
    var gitHub = json.objects("gitHubPackages");
    if (gitHub.stream().anyMatch(item -> item.optionalString("authToken").isPresent())) {
      warnings.accept(
          "the tokens of `gitHubPackages` were not taken over, because definitions are shared ("
              + json.place("gitHubPackages").text()
              + ")");
    }
    return new RSection(
        json.optionalString("rVersion").orElse(null),
        json.optionalBoolean("userManaged").orElse(false),
        json.optionalString("rscriptPath").orElse(null),
        json.optionalString("snapshotDate").orElse(null),
        json.objects("cranPackages").stream()
            .map(item ->
                new CranPackage(
                    item.string("name"),
                    item.optionalString("version").orElse(null),
                    item.optionalString("repository").orElse(null)))
            .toList(),
        gitHub.stream().map(item -> item.string("repository")).toList(),
        json.strings("customUrlPackages"),
        json.strings("bioConductorPackages"),
        json);
  }

  /// The section as the definition JSON holds it.
  public JsonObject toJson() {
    var values =
        JsonObject.builder()
            .put("rVersion", rVersion)
            .put("userManaged", userManaged)
            .put("rscriptPath", rscriptPath)
            .put("snapshotDate", snapshotDate)
            .put(
                "cranPackages",
                Members.array(
                    cranPackages.stream()
                        .map(item ->
                            JsonObject.builder()
                                .put("name", item.name())
                                .put("version", item.version())
                                .put("repository", item.repository())
                                .build())
                        .toList()))
            .put(
                "gitHubPackages",
                Members.array(
                    gitHubPackages.stream()
                        .map(item -> JsonObject.builder().put("repository", item).build())
                        .toList()))
            .put("customUrlPackages", customUrlPackages)
            .put("bioConductorPackages", bioConductorPackages)
            .build();
    return Members.merge(source, values, JsonObject.EMPTY);
  }
}

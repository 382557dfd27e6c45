package dev.terroir.workspace.images;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of an environment's image, with the properties of the retired service. Immutable.
///
/// @param imageExists whether it was built
/// @param repository `azureml/azureml_<hash>`, below the path that the registry is named with
/// @param registry host of the registry that holds it, or null for the workspace's own folder
/// @param digest of the manifest, or null when it was not built
/// @param dockerfile one that gives an equivalent image by hand
/// @param environmentPath where the packages lie in it, or null when the user manages them
/// @param interpreterPath what runs scripts in it
/// @since 0.1
public record DockerImageDetails(
    boolean imageExists,
    String repository,
    @Nullable String registry,
    @Nullable String digest,
    String dockerfile,
    @Nullable String environmentPath,
    String interpreterPath) {
  /// The fully qualified name.
  public String image() {
    return (registry == null ? "" : registry + "/")
        + repository
        + (digest == null ? "" : "@" + digest);
  }

  /// Reads what [#toJson] writes.
  public static DockerImageDetails of(JsonObject json) {
    var image = json.object("dockerImage");
    var name = image.string("name");
    var at = name.indexOf('@');
    var python = json.object("pythonEnvironment");
    return new DockerImageDetails(
        json.optionalBoolean("imageExistsInRegistry").orElse(false),
        at < 0 ? name : name.substring(0, at),
        image.object("registry").optionalString("address").orElse(null),
        at < 0 ? null : name.substring(at + 1),
        json.object("ingredients").string("dockerfile"),
        python.optionalString("condaEnvironmentPath").orElse(null),
        python.string("interpreterPath"));
  }

  /// The object that the retired service answered with.
  public JsonObject toJson() {
    return JsonObject.builder()
        .put("imageExistsInRegistry", imageExists)
        .put("vulnerabilityFindings", JsonObject.builder().put("details", (String) null).build())
        .put("ingredients", JsonObject.builder().put("dockerfile", dockerfile).build())
        .put(
            "pythonEnvironment",
            JsonObject.builder()
                .put("interpreterPath", interpreterPath)
                .put(
                    "condaEnvironmentName",
                    environmentPath == null
                        ? null
                        : environmentPath.substring(environmentPath.lastIndexOf('/') + 1))
                .put("condaEnvironmentPath", environmentPath)
                .build())
        .put(
            "dockerImage",
            JsonObject.builder()
                .put("name", repository + (digest == null ? "" : "@" + digest))
                .put(
                    "registry",
                    JsonObject.builder()
                        .put("address", registry)
                        .put("username", (String) null)
                        .put("password", (String) null)
                        .build())
                .build())
        .put("imageCapabilities", JsonObject.EMPTY)
        .put("warnings", new JsonValue.JsonArray(List.of()))
        .build();
  }
}

package dev.terroir.serving.configuration;

import dev.terroir.foundation.json.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/// How a service is deployed. Immutable. On this machine only port, keys and tags of it count.
///
/// @param computeType `local` or a type of the retired service, lower case
/// @param port or 0 for any free one
/// @param authEnabled whether a key is asked for
/// @param tags words of its owner
/// @param description may be empty
/// @param source the document as read
/// @since 0.1
public record DeploymentConfig(
    String computeType,
    int port,
    boolean authEnabled,
    Map<String, String> tags,
    String description,
    JsonObject source) {

  /// This machine, any free port, no keys.
  public static DeploymentConfig local(int port) {
    return new DeploymentConfig("local", port, false, Map.of(), "", JsonObject.EMPTY);
  }

  /// Reads a deployment configuration.
  ///
  /// @param warnings hears when it was written for another kind of target
  public static DeploymentConfig read(Path file, Consumer<String> warnings) {
    var json = InferenceConfig.document(file);
    var type = json.optionalString("computeType").orElse("local").toLowerCase(Locale.ROOT);
    if (!type.equals("local")) {
      warnings.accept(
          "the deployment configuration is for `"
              + type
              + "`; the service is deployed on this machine, where cores and memory are not"
              + " limited");
    }
    return new DeploymentConfig(
        type,
        json.optionalLong("port").orElse(0L).intValue(),
        json.optionalBoolean("authEnabled").orElse(false),
        json.stringMap("tags"),
        json.optionalString("description").orElse(""),
        json);
  }
}

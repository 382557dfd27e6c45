package dev.terroir.serving.configuration;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// How a service is deployed. Immutable. Cores and memory count for services in containers only.
///
/// @param computeType `local`, `docker` or a type of the retired service, lower case
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

  /// The compute type of a service in a container of this machine.
  public static final String DOCKER = "docker";

  /// Those of the retired service whose services were containers.
  private static final Set<String> RETIRED = Set.of("aci", "aks");

  /// This machine, any free port, no keys.
  public static DeploymentConfig local(int port) {
    return new DeploymentConfig("local", port, false, Map.of(), "", JsonObject.EMPTY);
  }

  /// Reads a deployment configuration.
  ///
  /// @param warnings hears when it was written for another kind of target
  public static DeploymentConfig read(Path file, Consumer<String> warnings) {
    return read(InferenceConfig.document(file), warnings);
  }

  /// Reads a deployment configuration that was sent.
  ///
  /// @param warnings hears when it was written for another kind of target
  public static DeploymentConfig read(JsonObject json, Consumer<String> warnings) {
    var type = json.optionalString("computeType").orElse("local").toLowerCase(Locale.ROOT);
    check(type, json.place("computeType"));
    if (RETIRED.contains(type)) {
      warnings.accept(
          "the deployment configuration is for `"
              + type
              + "`; the service is deployed on this machine, where cores and memory are limited"
              + " only in a container, as with `--ct docker`");
    }
    if (flag(json, "sslEnabled")) {
      warnings.accept(
          "`sslEnabled` is left aside: the service answers on this machine alone, without TLS");
    }
    return new DeploymentConfig(
        type,
        port(json),
        flag(json, "authEnabled"),
        json.stringMap("tags"),
        json.optionalString("description").orElse(""),
        json);
  }

  /// Its document, with what was changed since it was read.
  public JsonObject toJson() {
    return source.toBuilder()
        .put("computeType", computeType)
        .put("port", port)
        .put("authEnabled", authEnabled)
        .put("tags", JsonValue.ofStrings(tags))
        .put("description", description)
        .build();
  }

  // Numbers and yes or no often stand in quotes in these files.
  private static String number(JsonValue value) {
    return switch (value) {
      case JsonValue.JsonNumber(var number) -> number;
      case JsonValue.JsonString(var string) -> string.strip();
      case JsonValue _ -> "";
    };
  }

  private static int port(JsonObject json) {
    var value = json.get("port").orElse(JsonValue.NULL);
    if (value instanceof JsonValue.JsonNull) {
      return 0;
    }
    var text = number(value);
    if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > 65_535) {
      throw new ServingException(
          Problem.of(ServingCode.DEPLOYMENT_CONFIGURATION, "`port` is no number of a port")
              .at(json.place("port"))
              .hint("write a number up to 65535, or 0 for any free one"));
    }
    return Integer.parseInt(text);
  }

  private static boolean flag(JsonObject json, String key) {
    if (json.get(key).orElse(null) instanceof JsonValue.JsonString(var text)) {
      return switch (text.strip().toLowerCase(Locale.ROOT)) {
        case "true" -> true;
        case "false", "" -> false;
        default ->
            throw new ServingException(
                Problem.of(
                        ServingCode.DEPLOYMENT_CONFIGURATION,
                        "`" + key + "` is neither true nor false")
                    .at(json.place(key))
                    .hint("write `true` or `false`"));
      };
    }
    return json.optionalBoolean(key).orElse(false);
  }

  private static void check(String type, Place place) {
    if (!type.equals("local") && !type.equals(DOCKER) && !RETIRED.contains(type)) {
      throw new ServingException(
          Problem.of(
                  ServingCode.DEPLOYMENT_CONFIGURATION,
                  "`" + type + "` is no compute type that services are deployed to")
              .at(place)
              .hint("write `local`, `docker`, `ACI` or `AKS`"));
    }
  }

  /// The same for a compute type that was asked for: a container of this machine stands for those
  /// of the retired service.
  ///
  /// @throws ServingException code `deployment-configuration`
  public DeploymentConfig withComputeType(String asked) {
    var type = asked.toLowerCase(Locale.ROOT);
    check(type, Place.field("computeType"));
    return new DeploymentConfig(
        RETIRED.contains(type) ? DOCKER : type, port, authEnabled, tags, description, source);
  }

  /// The same with limits for a container.
  public DeploymentConfig withLimits(double cpus, long memoryBytes) {
    var limits = JsonObject.builder();
    if (cpus > 0) {
      limits.put("cpu", JsonValue.JsonNumber.of(cpus));
    }
    if (memoryBytes > 0) {
      limits.put("memoryInGB", JsonValue.JsonNumber.of((double) memoryBytes / (1 << 30)));
    }
    return new DeploymentConfig(
        computeType,
        port,
        authEnabled,
        tags,
        description,
        source.toBuilder().put("containerResourceRequirements", limits.build()).build());
  }

  /// Words of the service's owner that are not meant to change.
  public Map<String, String> properties() {
    return source.stringMap("properties");
  }

  /// Whether it says anything of keys, so that an update follows it.
  public boolean isAuthNamed() {
    return source.has("authEnabled");
  }

  /// Whether a service of an environment is to be in a container.
  ///
  /// @param isDockerEnabled what the environment says
  public boolean isInContainer(boolean isDockerEnabled) {
    return computeType.equals(DOCKER) || (RETIRED.contains(computeType) && isDockerEnabled);
  }

  /// How many processors a container may use, 0 for all.
  public double cpus() {
    return resource("cpu");
  }

  /// How much memory a container may use in bytes, 0 for all.
  public long memoryBytes() {
    return (long) (resource("memoryInGB") * (1 << 30));
  }

  private double resource(String name) {
    var resources = source.optionalObject("containerResourceRequirements").orElse(JsonObject.EMPTY);
    var value = resources.get(name).orElse(JsonValue.NULL);
    if (value instanceof JsonValue.JsonNull) {
      return 0;
    }
    var text = number(value);
    if (text.matches("[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")) {
      var number = Double.parseDouble(text);
      if (number > 0 && number < 1e6) {
        return number;
      }
    }
    throw new ServingException(
        Problem.of(ServingCode.DEPLOYMENT_CONFIGURATION, "`" + name + "` is no amount")
            .at(resources.place(name))
            .hint("write a number above 0"));
  }
}

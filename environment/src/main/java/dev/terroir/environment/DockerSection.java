package dev.terroir.environment;

import dev.terroir.foundation.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The container of an environment: what its image stands on and how it is run. Immutable.
///
/// @param enabled whether local runs use the image
/// @param baseImage reference of the base image, or null
/// @param baseDockerfile text of a Dockerfile instead of a base image, or null
/// @param buildContext a Dockerfile with its files, or null
/// @param sharedVolumes kept for Windows hosts of old
/// @param shmSize size of shared memory such as `2g`, or null
/// @param arguments more arguments of `docker run`
/// @param baseImageRegistry where the base image comes from
/// @param platform what the image runs on
/// @param source the object it was read from, which keeps order and unknown keys
/// @since 0.1
public record DockerSection(
    boolean enabled,
    @Nullable String baseImage,
    @Nullable String baseDockerfile,
    @Nullable BuildContext buildContext,
    boolean sharedVolumes,
    @Nullable String shmSize,
    List<String> arguments,
    ContainerRegistry baseImageRegistry,
    ImagePlatform platform,
    JsonObject source) {
  /// The base image of a definition that names none; a workspace may have another.
  public static final String DEFAULT_CPU_IMAGE =
      "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04";

  private static final Set<String> KEYS =
      Set.of(
          "enabled",
          "baseImage",
          "baseDockerfile",
          "buildContext",
          "sharedVolumes",
          "shmSize",
          "arguments",
          "baseImageRegistry",
          "platform",
          "gpuSupport");

  /// The section of a new definition.
  public static final DockerSection DEFAULT =
      new DockerSection(
          false,
          DEFAULT_CPU_IMAGE,
          null,
          null,
          true,
          "2g",
          List.of(),
          ContainerRegistry.NONE,
          ImagePlatform.DEFAULT,
          JsonObject.EMPTY);

  /// A directory with a Dockerfile.
  ///
  /// @param locationType where `location` points, such as `StorageAccount` or `Git`
  /// @param location the directory or URL
  /// @param dockerfilePath path below `location`
  public record BuildContext(
      @Nullable String locationType, @Nullable String location, String dockerfilePath) {
    static BuildContext read(JsonObject json) {
      return new BuildContext(
          json.optionalString("locationType").orElse(null),
          json.optionalString("location").orElse(null),
          json.optionalString("dockerfilePath").orElse("Dockerfile"));
    }

    JsonObject toJson() {
      return JsonObject.builder()
          .put("locationType", locationType)
          .put("location", location)
          .put("dockerfilePath", dockerfilePath)
          .build();
    }
  }

  /// Operating system and architecture of an image, in the service's spelling.
  ///
  /// @param os such as `Linux`
  /// @param architecture such as `amd64`
  public record ImagePlatform(String os, String architecture) {
    /// What almost every definition runs on.
    public static final ImagePlatform DEFAULT = new ImagePlatform("Linux", "amd64");

    static ImagePlatform read(JsonObject json) {
      return new ImagePlatform(
          json.optionalString("os").orElse(DEFAULT.os),
          json.optionalString("architecture").orElse(DEFAULT.architecture));
    }

    JsonObject toJson() {
      return JsonObject.builder().put("os", os).put("architecture", architecture).build();
    }
  }

  /// Copies the list.
  public DockerSection {
    arguments = List.copyOf(arguments);
  }

  /// The same on another base image, without a Dockerfile.
  public DockerSection withBaseImage(@Nullable String image) {
    return new DockerSection(
        enabled,
        image,
        null,
        null,
        sharedVolumes,
        shmSize,
        arguments,
        baseImageRegistry,
        platform,
        source);
  }

  /// The same on a Dockerfile, without a base image.
  public DockerSection withBaseDockerfile(@Nullable String text) {
    return new DockerSection(
        enabled,
        null,
        text,
        null,
        sharedVolumes,
        shmSize,
        arguments,
        baseImageRegistry,
        platform,
        source);
  }

  static DockerSection read(JsonObject json, Consumer<String> warnings) {
    Members.warnUnknown(json, KEYS, warnings);
    return new DockerSection(
        json.optionalBoolean("enabled").orElse(false),
        json.optionalString("baseImage").orElse(null),
        json.optionalString("baseDockerfile").orElse(null),
        json.optionalObject("buildContext").map(BuildContext::read).orElse(null),
        json.optionalBoolean("sharedVolumes").orElse(true),
        json.optionalString("shmSize").orElse(null),
        json.strings("arguments"),
        json.optionalObject("baseImageRegistry")
            .map(registry -> ContainerRegistry.read(registry, warnings))
            .orElse(ContainerRegistry.NONE),
        json.optionalObject("platform").map(ImagePlatform::read).orElse(ImagePlatform.DEFAULT),
        json);
  }

  /// The section as the definition JSON holds it.
  ///
  /// @param withDockerfile whether `baseDockerfile` is part of it, or lies in a file beside it
  public JsonObject toJson(boolean withDockerfile) {
    var values = JsonObject.builder().put("enabled", enabled).put("baseImage", baseImage);
    var order = source;
    if (withDockerfile || baseDockerfile == null) {
      values.put("baseDockerfile", baseDockerfile);
    } else {
      order = source.toBuilder().remove("baseDockerfile").build();
    }
    var context = Optional.ofNullable(buildContext).map(BuildContext::toJson);
    if (context.isPresent()) {
      values.put("buildContext", context.get());
    } else if (source.has("buildContext")) {
      values.put("buildContext", (String) null);
    }
    values
        .put("sharedVolumes", sharedVolumes)
        .put("shmSize", shmSize)
        .put("arguments", arguments)
        .put("baseImageRegistry", baseImageRegistry.toJson())
        .put("platform", platform.toJson());
    return Members.merge(
        order,
        values.build(),
        JsonObject.builder()
            .put("enabled", false)
            .put("baseImage", (String) null)
            .put("baseDockerfile", (String) null)
            .put("sharedVolumes", true)
            .put("shmSize", (String) null)
            .put("arguments", List.of())
            .put("baseImageRegistry", ContainerRegistry.NONE.toJson())
            .put("platform", ImagePlatform.DEFAULT.toJson())
            .build());
  }
}

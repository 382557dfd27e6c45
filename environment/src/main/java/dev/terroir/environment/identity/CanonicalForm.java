package dev.terroir.environment.identity;

import dev.terroir.environment.DockerSection;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/// What of a definition decides an environment's content, and the hash of it.
///
/// Counted: base image or Dockerfile or build context, platform, the conda dependencies and
/// channels in their order, constraints for pip, base conda environment, user-managed flag with its
/// interpreter, Spark packages, R part, inferencing stack. Not counted: name, version, environment
/// variables, container arguments, comments.
///
/// @since 0.1
public final class CanonicalForm {
  /// The format's tag, a part of what is hashed.
  public static final String FORMAT = "terroir-definition/1";

  private CanonicalForm() {}

  /// A part of the form that differs between two definitions.
  ///
  /// @param part its dotted name, such as `python.condaDependencies.channels`
  /// @param before canonical JSON of the first, or empty when it has none
  /// @param after canonical JSON of the second, or empty when it has none
  public record Difference(String part, String before, String after) {}

  /// The form of a definition.
  public static JsonObject of(Environment environment) {
    var form = JsonObject.builder().put("format", FORMAT);
    form.put("base", base(environment.docker()));
    form.put(
        "platform",
        environment.docker().platform().os().toLowerCase(Locale.ROOT)
            + "/"
            + environment.docker().platform().architecture().toLowerCase(Locale.ROOT));
    form.put("python", python(environment));
    var spark = environment.spark();
    form.put(
        "spark",
        JsonObject.builder()
            .put("repositories", spark.repositories())
            .put(
                "packages",
                spark.packages().stream()
                    .map(item -> item.group() + ":" + item.artifact() + ":" + item.version())
                    .toList())
            .put("precachePackages", spark.precachePackages())
            .build());
    var r = environment.r();
    if (r != null) {
      form.put(
          "r",
          r.toJson().toBuilder()
              .remove("gitHubPackages")
              .put("gitHubPackages", r.gitHubPackages())
              .build());
    }
    form.put("inferencingStackVersion", environment.inferencingStackVersion());
    return form.build();
  }

  private static JsonObject base(DockerSection docker) {
    var base = JsonObject.builder();
    var dockerfile = docker.baseDockerfile();
    var context = docker.buildContext();
    if (dockerfile != null) {
      base.put("dockerfile", dockerfile.replace("\r\n", "\n"));
    } else if (context != null) {
      base.put("location", context.location()).put("dockerfilePath", context.dockerfilePath());
    } else {
      base.put("image", docker.baseImage());
    }
    return base.put("registry", docker.baseImageRegistry().address()).build();
  }

  private static JsonObject python(Environment environment) {
    var section = environment.python();
    var python = JsonObject.builder().put("userManaged", section.userManagedDependencies());
    if (section.userManagedDependencies()) {
      return python.put("interpreterPath", section.interpreterPath()).build();
    }
    python.put("baseCondaEnvironment", section.baseCondaEnvironment());
    if (!section.pipConstraints().isEmpty()) {
      python.put("pipConstraints", section.pipConstraints());
    }
    environment
        .condaDependencies()
        .ifPresent(packages ->
            python.put(
                "condaDependencies",
                JsonObject.builder()
                    .put("channels", packages.condaChannels())
                    .put(
                        "dependencies",
                        packages
                            .toJson()
                            .get("dependencies")
                            .orElse(new JsonValue.JsonArray(List.of())))
                    .build()));
    return python.build();
  }

  /// The definition hash: the first 128 bits of SHA-256 of the form, as 32 hex digits.
  public static String hash(Environment environment) {
    return Sha256.of(JsonWriter.canonical(of(environment))).hex().substring(0, 32);
  }

  /// The hash of the conda section alone, which names the environment inside an image.
  public static String condaHash(Environment environment) {
    return Sha256.of(JsonWriter.canonical(python(environment))).hex().substring(0, 32);
  }

  /// The parts of the form in which two definitions differ, in order of their names.
  public static List<Difference> difference(Environment before, Environment after) {
    var differences = new ArrayList<Difference>();
    compare("", of(before), of(after), differences);
    return differences;
  }

  private static void compare(
      String path, JsonObject before, JsonObject after, List<Difference> differences) {
    var names = new TreeSet<>(before.members().keySet());
    names.addAll(after.members().keySet());
    for (var name : names) {
      var left = before.get(name);
      var right = after.get(name);
      var below = path.isEmpty() ? name : path + "." + name;
      if (left.isPresent()
          && right.isPresent()
          && left.get() instanceof JsonObject a
          && right.get() instanceof JsonObject b) {
        compare(below, a, b, differences);
      } else if (!left.equals(right)) {
        differences.add(
            new Difference(
                below,
                left.map(JsonWriter::canonical).orElse(""),
                right.map(JsonWriter::canonical).orElse("")));
      }
    }
  }
}

package dev.terroir.server.work;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.server.RefusedRequest;
import dev.terroir.workspace.images.DefinitionImages;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// What a request says of how an image is built, beside the definition.
final class ImageWish {
  private static final String PLATFORM = "platform";
  private static final String BASE = "base";
  private static final String BYTECODE = "bytecode";
  private static final String COMPRESSION = "compression";
  private static final String ONLY_MISSING = "onlyMissing";

  private ImageWish() {}

  /// What of a request a job has to know. What is so anyway is left out, so that requests for the
  /// same are the same.
  ///
  /// @throws RefusedRequest when the request is not for an image, or its base is no image of a
  ///   registry
  static JsonObject input(JsonObject asked, Environment environment) {
    var input = JsonObject.builder();
    if (!asked.optionalString("kind").orElse("image").equals("image")) {
      for (var name : List.of(PLATFORM, BASE, BYTECODE, COMPRESSION, ONLY_MISSING)) {
        if (asked.has(name)) {
          throw refused(name, "field `" + name + "` is for the kind `image`");
        }
      }
      return input.build();
    }
    asked
        .optionalString(PLATFORM)
        .map(Platform::parse)
        .filter(platform -> !platform.equals(DefinitionImages.platformOf(environment)))
        .ifPresent(platform -> input.put(PLATFORM, platform.toString()));
    asked
        .optionalString(BASE)
        .map(ImageLocation::parse)
        .ifPresent(base -> {
          if (!(base instanceof ImageLocation.InRegistry)) {
            throw refused(
                BASE, "field `base` must name an image of a registry, not `" + base + "`");
          }
          input.put(BASE, base.toString());
        });
    if (!asked.optionalBoolean(BYTECODE).orElse(true)) {
      input.put(BYTECODE, false);
    }
    asked.optionalString(COMPRESSION).ifPresent(word -> input.put(COMPRESSION, word));
    if (asked.optionalBoolean(ONLY_MISSING).orElse(false)) {
      input.put(ONLY_MISSING, true);
    }
    return input.build();
  }

  private static RefusedRequest refused(String field, String what) {
    return new RefusedRequest(
        List.of(Problem.of(FoundationCode.JSON_FIELD, what).at(Place.field(field))));
  }

  /// The wish that a job was given.
  static DefinitionImages.Wish read(JsonObject input, Environment environment) {
    return new DefinitionImages.Wish(
        environment,
        input
            .optionalString(PLATFORM)
            .map(Platform::parse)
            .orElseGet(() -> DefinitionImages.platformOf(environment)),
        null,
        false,
        false,
        Path.of("").toAbsolutePath(),
        input.optionalString(BASE).map(ImageLocation::parse).orElse(null),
        new ImageBuilder.Options(
            input.optionalBoolean(BYTECODE).orElse(true),
            input
                .optionalString(COMPRESSION)
                .map(word -> Compression.valueOf(word.toUpperCase(Locale.ROOT)))
                .orElse(null)));
  }

  /// Whether an image that is there is taken.
  static boolean isOnlyMissing(JsonObject input) {
    return input.optionalBoolean(ONLY_MISSING).orElse(false);
  }

  /// Whether the image is for the platform that the definition names.
  static boolean isOfDefinition(JsonObject input) {
    return !input.has(PLATFORM);
  }

  /// What a job gets so that it builds an image unless there is one.
  static JsonObject missing(Environment environment) {
    return JsonObject.builder()
        .put("definition", environment.toJson())
        .put("kind", "image")
        .put(ONLY_MISSING, true)
        .build();
  }
}

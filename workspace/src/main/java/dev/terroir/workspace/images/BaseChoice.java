package dev.terroir.workspace.images;

import dev.terroir.environment.DockerSection;
import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.dockerbase.DockerfileBase;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.Dockerfile;
import dev.terroir.image.oci.ImageLocation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a definition's image stands on. Immutable.
sealed interface BaseChoice {
  /// How a Dockerfile begins, which no path does.
  Pattern TEXT = Pattern.compile("(?is)\\s*(#|(FROM|ARG)\\s).*");

  /// A URL, or what `git clone` takes.
  Pattern REMOTE = Pattern.compile("(?i)(?!file://)[a-z][a-z0-9+.-]*://.*|git@.*");

  /// An image that lies somewhere.
  record Named(ImageLocation location) implements BaseChoice {}

  /// The default of the kind that the packages call for.
  record Default() implements BaseChoice {}

  /// A Dockerfile.
  ///
  /// @param textOrPath of the definition, or null when the context holds it
  /// @param context a folder with a Dockerfile, or null
  record OfDockerfile(@Nullable String textOrPath, DockerSection.@Nullable BuildContext context)
      implements BaseChoice {
    /// Whether the definition holds all of it.
    boolean isText() {
      return textOrPath != null
          && (textOrPath.contains("\n") || TEXT.matcher(textOrPath).matches());
    }

    /// The beginning of a Dockerfile that stands on it: its text, or how to build it first.
    String byHand() {
      if (textOrPath != null && isText()) {
        return textOrPath.stripTrailing() + "\n";
      }
      var file = context == null ? textOrPath : context.dockerfilePath();
      var location = context == null || context.location() == null ? "." : context.location();
      return "# first: build `"
          + file
          + "` of `"
          + location
          + "` and call the image `localhost/base`\nFROM localhost/base\n";
    }

    /// What is to be made of it.
    ///
    /// @param directory what relative paths are relative to
    DockerfileBase.Order read(Path directory, Platform platform) {
      if (context != null) {
        var folder = folder(context, directory);
        var file = folder.resolve(context.dockerfilePath()).normalize();
        if (!file.startsWith(folder)) {
          throw new EnvironmentException(
              Problem.of(
                      EnvironmentCode.INVALID_DEFINITION,
                      "the Dockerfile `" + context.dockerfilePath() + "` is not in the context")
                  .at(Place.field("docker.buildContext.dockerfilePath"))
                  .hint("give its path below " + folder));
        }
        return new DockerfileBase.Order(
            text(file), file.toString(), BuildContext.of(folder, file), platform);
      }
      var given = String.valueOf(textOrPath);
      if (isText()) {
        return new DockerfileBase.Order(
            given.replace("\r\n", "\n"), "docker.baseDockerfile", BuildContext.empty(), platform);
      }
      var file = directory.resolve(given.strip());
      return new DockerfileBase.Order(text(file), file.toString(), BuildContext.empty(), platform);
    }

    private static Path folder(DockerSection.BuildContext context, Path directory) {
      var location = context.location() == null ? "." : context.location();
      if (REMOTE.matcher(location).matches()) {
        throw new EnvironmentException(
            Problem.of(
                    EnvironmentCode.INVALID_DEFINITION,
                    "the build context `" + location + "` is not a folder of this machine")
                .at(Place.field("docker.buildContext.location"))
                .hint("fetch it, and name the folder that you fetched it to"));
      }
      return directory.resolve(location.replaceFirst("^(?i)file://", "")).normalize();
    }

    private static String text(Path file) {
      // Read as a Dockerfile first, which knows what is too large and what is no text.
      Dockerfile.read(file);
      try {
        return Files.readString(file, StandardCharsets.UTF_8).replace("\r\n", "\n");
      } catch (IOException e) {
        throw FoundationException.ofFile("the Dockerfile cannot be read", file, e);
      }
    }
  }

  /// What was asked for, else what the definition names, else the default. A name that the retired
  /// service put into every definition counts as none.
  static BaseChoice of(DefinitionImages.Wish wish, DefaultBases defaults) {
    var asked = wish.base();
    if (asked != null) {
      return new Named(asked);
    }
    var docker = wish.environment().docker();
    var dockerfile = dockerfile(docker);
    return dockerfile.isPresent()
        ? dockerfile.get()
        : named(docker, defaults).<BaseChoice>map(Named::new).orElseGet(Default::new);
  }

  /// The Dockerfile that a definition names.
  static Optional<OfDockerfile> dockerfile(DockerSection docker) {
    var text = docker.baseDockerfile();
    var context = docker.buildContext();
    return (text == null || text.isBlank()) && context == null
        ? Optional.empty()
        : Optional.of(new OfDockerfile(text, context));
  }

  private static Optional<ImageLocation> named(DockerSection docker, DefaultBases defaults) {
    var image = docker.baseImage();
    if (image == null || image.isBlank() || defaults.isRetiredDefault(image)) {
      return Optional.empty();
    }
    var address = docker.baseImageRegistry().address();
    if (address == null || address.isBlank()) {
      return Optional.of(ImageLocation.parse(image));
    }
    var host = DefinitionImages.host(address);
    return Optional.of(
        ImageLocation.parse(image.startsWith(host + "/") ? image : host + "/" + image));
  }
}

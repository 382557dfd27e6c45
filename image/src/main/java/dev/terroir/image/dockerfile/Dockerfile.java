package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A Dockerfile, read. Immutable.
///
/// Spec: Dockerfile reference.
///
/// @param directives the parser directives at its top
/// @param globals the ARGs before the first FROM
/// @param stages at least one
/// @param warnings what is allowed but likely a mistake, with the line
/// @since 0.1
public record Dockerfile(
    Directives directives, List<Step> globals, List<Stage> stages, List<String> warnings) {
  /// No Dockerfile of a person is larger; in bytes.
  private static final long MAX_BYTES = 16L << 20;

  /// The parser directives.
  ///
  /// @param syntax the frontend image that is asked for, or null
  /// @param escape the escape character, a backslash or a backtick
  /// @param check settings of build checks, or null
  public record Directives(@Nullable String syntax, char escape, @Nullable String check) {
    /// None given.
    public static final Directives DEFAULT = new Directives(null, '\\', null);
  }

  /// Copies the lists.
  public Dockerfile {
    globals = List.copyOf(globals);
    stages = List.copyOf(stages);
    warnings = List.copyOf(warnings);
  }

  /// Reads text.
  ///
  /// @param source what problems call it, usually its file
  /// @throws ImageException code `dockerfile-syntax`, with every mistake that was found
  public static Dockerfile parse(String text, String source) {
    return new DockerfileParser(text, source).parse();
  }

  /// Reads a file.
  ///
  /// @throws ImageException code `dockerfile-syntax`, with every mistake that was found
  /// @throws FoundationException if it cannot be read
  public static Dockerfile read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new ImageException(
            Problem.of(ImageCode.DOCKERFILE_SYNTAX, "the Dockerfile is larger than 16 MiB")
                .at(Place.file(file)));
      }
      return parse(Files.readString(file, StandardCharsets.UTF_8), file.toString());
    } catch (CharacterCodingException e) {
      throw new ImageException(
          Problem.of(ImageCode.DOCKERFILE_SYNTAX, "the Dockerfile is not UTF-8 text")
              .at(Place.file(file)),
          e);
    } catch (IOException e) {
      throw FoundationException.ofFile("the Dockerfile cannot be read", file, e);
    }
  }

  /// Every instruction in the order of the file.
  public List<Step> steps() {
    return Stream.concat(
            globals.stream(),
            stages.stream()
                .flatMap(
                    stage -> Stream.concat(Stream.of(stage.fromStep()), stage.steps().stream())))
        .toList();
  }

  /// Every instruction as a value, without where it stands.
  public List<Instruction> instructions() {
    return steps().stream().map(Step::instruction).toList();
  }

  /// A Dockerfile with the same directives and instructions, one line for each, without comments.
  public String print() {
    return DockerfilePrinter.print(this);
  }

  /// The first instruction that only a container engine can carry out, in the stages that the last
  /// stage needs, without looking at base images.
  ///
  /// @return empty if [Evaluation] can build it
  public Optional<EngineNeed> needsEngine() {
    return needsEngine(BuildRequest.DEFAULT, _ -> List.of());
  }

  /// The first instruction that only a container engine can carry out, in the stages that are
  /// needed.
  ///
  /// @param request what is built
  /// @param triggers the ONBUILD triggers of a base image, one line each
  /// @return empty if [Evaluation] can build it
  /// @throws ImageException code `dockerfile-syntax`, when a variable or a stage cannot be resolved
  public Optional<EngineNeed> needsEngine(
      BuildRequest request, Function<String, List<String>> triggers) {
    return new StageGraph(this, request).need(triggers);
  }
}

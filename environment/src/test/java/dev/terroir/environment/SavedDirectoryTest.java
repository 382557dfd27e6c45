package dev.terroir.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A saved environment: what is loaded, saved and loaded again is the same")
class SavedDirectoryTest {
  @TempDir Path folder;

  /// Draws definitions as the service's programs and people write them: keys in any order, left
  /// out, null, or of no meaning here.
  private record Drawn(Random random) {
    private static final List<String> TEXTS =
        List.of(
            "a", "", " ", "ä\u2028", "x: y", "- z", "#", "\"q\"", "'", "{}", "null", "1.10", "\\n");

    String text() {
      return TEXTS.get(random.nextInt(TEXTS.size()));
    }

    boolean often() {
      return random.nextInt(3) > 0;
    }

    JsonValue orNull(JsonValue value) {
      return random.nextInt(5) == 0 ? JsonValue.NULL : value;
    }

    JsonObject object(List<Runnable> members, JsonObject.Builder builder) {
      var order = new ArrayList<>(members);
      Collections.shuffle(order, random);
      for (var member : order) {
        if (often()) {
          member.run();
        }
      }
      return builder.build();
    }

    JsonObject definition(boolean isManaged) {
      var json = JsonObject.builder();
      json.put("name", "own");
      var variables = JsonObject.builder();
      for (var i = random.nextInt(4); i > 0; i--) {
        variables.put("V" + i, text());
      }
      return object(
          List.of(
              () -> json.put("version", random.nextBoolean() ? "Autosave_1" : null),
              () -> json.put("environmentVariables", orNull(variables.build())),
              () -> json.put("docker", orNull(docker())),
              () -> json.put("spark", orNull(spark())),
              () -> json.put("r", JsonValue.NULL),
              () -> json.put("inferencingStackVersion", random.nextBoolean() ? "latest" : null),
              () -> json.put("assetId", "azureml://" + text()),
              () -> json.put("autoRebuild", random.nextBoolean()),
              () -> json.put("notOurs", JsonObject.builder().put("kept", text()).build())),
          json.put("python", python(isManaged)));
    }

    private JsonObject python(boolean isManaged) {
      var json = JsonObject.builder();
      json.put("userManagedDependencies", !isManaged);
      return object(
          List.of(
              () -> json.put("interpreterPath", "python3"),
              () -> json.put("condaDependenciesFile", JsonValue.NULL),
              () -> json.put("baseCondaEnvironment", random.nextBoolean() ? "base" : null)),
          json);
    }

    private JsonObject docker() {
      var json = JsonObject.builder();
      if (random.nextBoolean()) {
        json.put("baseDockerfile", "FROM team/base:1\nENV A=" + random.nextInt(3) + "\n");
      } else {
        json.put("baseImage", "team/base:" + random.nextInt(3));
      }
      return object(
          List.of(
              () -> json.put("enabled", random.nextBoolean()),
              () -> json.put("sharedVolumes", random.nextBoolean()),
              () -> json.put("shmSize", random.nextBoolean() ? "2g" : null),
              () -> json.put("arguments", List.of("--ipc=host", text())),
              () -> json.put("gpuSupport", false),
              () ->
                  json.put(
                      "baseImageRegistry",
                      orNull(
                          JsonObject.builder()
                              .put("address", "registry.test")
                              .put("username", random.nextBoolean() ? "me" : null)
                              .put("password", (String) null)
                              .build())),
              () ->
                  json.put(
                      "platform",
                      JsonObject.builder()
                          .put("os", "Linux")
                          .put("architecture", random.nextBoolean() ? "amd64" : "arm64")
                          .build())),
          json);
    }

    private JsonObject spark() {
      var json = JsonObject.builder();
      return object(
          List.of(
              () -> json.put("repositories", List.of("https://maven.test/" + random.nextInt(3))),
              () ->
                  json.put(
                      "packages",
                      new JsonValue.JsonArray(
                          List.of(
                              JsonObject.builder()
                                  .put("group", "g")
                                  .put("artifact", "a_2.11")
                                  .put("version", "0.12")
                                  .build()))),
              () -> json.put("precachePackages", random.nextBoolean())),
          json);
    }

    String packages() {
      var text = new StringBuilder(random.nextBoolean() ? "# why\nname: own\n" : "");
      text.append("dependencies:\n- python=3.1").append(random.nextInt(4)).append('\n');
      for (var i = random.nextInt(3); i > 0; i--) {
        text.append("- conda-forge::p").append(i).append(random.nextBoolean() ? " >=1,<2\n" : "\n");
      }
      if (often()) {
        text.append(
            "- pip:\n  # for the service\n  - azureml-defaults\n  - six==1.16.0 # pinned\n");
      }
      if (random.nextBoolean()) {
        text.append("channels: [conda-forge, defaults]\n");
      }
      return text.toString();
    }
  }

  @Test
  void forEveryDefinition() {
    qt().withExamples(300)
        .forAll(integers().between(0, Integer.MAX_VALUE - 1))
        .checkAssert(seed -> {
          try {
            check(new Drawn(new Random(seed)), folder.resolve("s" + seed));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static void check(Drawn drawn, Path place) throws IOException {
    var isManaged = drawn.random().nextInt(4) > 0;
    var json = JsonWriter.indented(drawn.definition(isManaged), 4);
    Files.createDirectories(place);
    Files.writeString(place.resolve(SavedDirectory.DEFINITION), json);
    if (isManaged) {
      Files.writeString(place.resolve(SavedDirectory.PACKAGES), drawn.packages());
    }
    var loaded = SavedDirectory.load(place, _ -> {});
    var saved = place.resolve("again");
    SavedDirectory.save(loaded, saved, false);
    var again = SavedDirectory.load(saved, _ -> {});
    assertThat(again.toJson()).as(json).isEqualTo(loaded.toJson());
    assertThat(CanonicalForm.hash(again)).isEqualTo(CanonicalForm.hash(loaded));
    assertThat(again.condaDependencies()).isEqualTo(loaded.condaDependencies());
    if (isManaged) {
      assertThat(saved.resolve(SavedDirectory.PACKAGES))
          .hasSameTextualContentAs(place.resolve(SavedDirectory.PACKAGES));
    }
    // What is no section of ours stays too.
    var member = loaded.toJson().get("notOurs");
    assertThat(again.toJson().get("notOurs")).isEqualTo(member);
  }

  @Test
  void packagesMayLieInAFileThatTheDefinitionNames(@TempDir Path place) throws IOException {
    Files.writeString(
        place.resolve(SavedDirectory.DEFINITION),
        "{\"name\": \"x\", \"python\": {\"condaDependenciesFile\": \"sub/env.yml\"}}");
    assertThatThrownBy(() -> SavedDirectory.load(place, _ -> {}))
        .isInstanceOf(EnvironmentException.class);
    Files.createDirectories(place.resolve("sub"));
    Files.writeString(place.resolve("sub/env.yml"), "dependencies: [python=3.9]\n");
    assertThat(
            SavedDirectory.load(place, _ -> {}).condaDependencies().orElseThrow().condaPackages())
        .containsExactly("python=3.9");
    Files.writeString(place.resolve(SavedDirectory.PACKAGES), "dependencies: [python=3.10]\n");
    assertThat(
            SavedDirectory.load(place, _ -> {}).condaDependencies().orElseThrow().condaPackages())
        .containsExactly("python=3.10");
  }
}

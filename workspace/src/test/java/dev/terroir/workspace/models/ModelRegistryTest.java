package dev.terroir.workspace.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Registered models, on every database")
@ParameterizedClass
@EnumSource
class ModelRegistryTest {
  @Parameter TestDatabase kind;

  @TempDir Path folder;
  private Supplier<LocalWorkspace> place;
  private Path file;

  @BeforeEach
  void begin() throws Exception {
    place = kind.workspaceIn(folder);
    place.get().close();
    file = Files.writeString(folder.resolve("model.pkl"), "weights");
  }

  @Test
  void versionsHaveNoGapWhoeverRegisters() throws Exception {
    try (var one = place.get();
        var other = place.get()) {
      var pending = new ArrayList<Future<Long>>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 20; i++) {
          var models = (i % 2 == 0 ? one : other).models();
          pending.add(
              threads.submit(() -> models.register("m", file, null, Map.of(), null).version()));
        }
      }
      var versions = new ArrayList<Long>();
      for (var version : pending) {
        versions.add(version.get());
      }
      assertThat(versions)
          .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(1, 20).boxed().toList());
    }
  }

  @Test
  void theFilesLieInTheFolderAndADeletedNumberIsNotUsedAgain() throws Exception {
    try (var workspace = place.get()) {
      var models = workspace.models();
      models.register("m", file, "run-1", Map.of("k", "v"), "words");
      var second = models.register("m", file, null, Map.of(), null);
      assertThat(second.path()).startsWith(workspace.directory()).hasContent("weights");
      models.delete(second);
      assertThat(second.path()).doesNotExist();
      var third = models.register("m", file, null, Map.of(), null);
      assertThat(third.id()).isEqualTo("m:3");
      assertThat(models.list("m")).extracting(model -> model.version()).containsExactly(3L, 1L);
      assertThat(models.get("m", null).id()).isEqualTo("m:3");
      var first = models.parse("m:1");
      assertThat(first.tags()).containsExactly(Map.entry("k", "v"));
      assertThat(first.runId()).isEqualTo("run-1");
      assertThatThrownBy(() -> models.get("m", 2L)).isInstanceOf(WorkspaceException.class);
    }
  }
}

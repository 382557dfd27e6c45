package dev.terroir.workspace.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.TestDatabase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

@DisplayName("The records of runs, on every database")
@ParameterizedClass
@EnumSource
class RunRecordsTest {
  private static final String TIME = "2026-01-01T00:00:00.000Z";

  @Parameter TestDatabase kind;

  @TempDir Path folder;
  private Supplier<LocalWorkspace> place;

  @BeforeEach
  void begin() {
    place = kind.workspaceIn(folder);
    place.get().close();
  }

  @Test
  void numbersOfAnExperimentHaveNoGapWhoeverAdds() throws Exception {
    try (var one = place.get();
        var other = place.get()) {
      var pending = new ArrayList<Future<Long>>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 40; i++) {
          var id = "run-" + i;
          var runs = (i % 2 == 0 ? one : other).runs();
          pending.add(
              threads.submit(() -> runs.add(id, "x", "Queued", TIME, JsonObject.EMPTY).number()));
        }
      }
      var numbers = new ArrayList<Long>();
      for (var number : pending) {
        numbers.add(number.get());
      }
      assertThat(numbers)
          .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(1, 40).boxed().toList());
    }
  }

  @Test
  void listsHaveTheNewestFirstAndOfOneInstantTheHigherNumber() {
    try (var workspace = place.get()) {
      var runs = workspace.runs();
      runs.add("z", "x", "Completed", TIME, JsonObject.EMPTY);
      runs.add("a", "x", "Completed", TIME, JsonObject.EMPTY);
      runs.add("b", "X", "Completed", TIME, JsonObject.EMPTY);
      runs.add("new", "y", "Running", "2026-01-02T00:00:00.000Z", JsonObject.EMPTY);
      assertThat(runs.list(null)).extracting(run -> run.id()).containsExactly("new", "b", "a", "z");
      assertThat(runs.list("x")).extracting(run -> run.id()).containsExactly("a", "z");
      assertThat(runs.experiments()).containsExactly("X", "x", "y");
    }
  }

  @Test
  void aTypeIsThatOfTheRunOrWhatItsScriptRunsFor() {
    try (var workspace = place.get()) {
      var runs = workspace.runs();
      var search = JsonObject.builder().put(RunRecords.SOURCE, "hyperdrive").build();
      runs.add("script", "x", "Completed", TIME, JsonObject.EMPTY);
      runs.add(
          "search",
          "x",
          "Completed",
          TIME,
          JsonObject.builder().put("runType", RunRecords.SCRIPT).put("properties", search).build());
      assertThat(ofType(runs, "HyperDrive")).containsExactly("search");
      assertThat(ofType(runs, RunRecords.SCRIPT)).containsExactly("script");
      assertThat(ofType(runs, "azureml.StepRun")).isEmpty();
    }
  }

  private static List<String> ofType(RunRecords runs, String type) {
    var filter = new RunRecords.Filter("x", null, false, null, List.of(), List.of(), type);
    return runs.list(filter, null, 10).stream().map(run -> run.id()).toList();
  }

  @Test
  void aChangeSeesWhatIsRecorded() throws Exception {
    try (var one = place.get();
        var other = place.get()) {
      one.runs().add("r", "x", "0", TIME, JsonObject.EMPTY);
      var pending = new ArrayList<Future<?>>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 20; i++) {
          var runs = (i % 2 == 0 ? one : other).runs();
          pending.add(
              threads.submit(() ->
                  runs.update(
                      "r",
                      run ->
                          run.with(
                              String.valueOf(Integer.parseInt(run.status()) + 1),
                              JsonObject.builder().put("by", run.status()).build()))));
        }
      }
      for (var change : pending) {
        change.get();
      }
      var run = one.runs().get("r");
      assertThat(run.status()).isEqualTo("20");
      assertThat(run.document().string("by")).isEqualTo("19");
    }
  }

  @Test
  void aRunThatIsNotThereIsSaid() {
    try (var workspace = place.get()) {
      assertThatThrownBy(() -> workspace.runs().get("none"))
          .isInstanceOf(WorkspaceException.class)
          .hasMessageContaining("no run `none`");
    }
  }
}

package dev.terroir.workspace.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Environment;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.database.TestDatabase;
import dev.terroir.workspace.environments.DatabaseEnvironments.Labelled;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Registered environments, on every database")
@ParameterizedClass
@EnumSource
class EnvironmentRegistryTest {
  private static final int AT_ONCE = 10;

  @Parameter TestDatabase kind;

  @TempDir Path folder;
  private Supplier<LocalWorkspace> place;

  @BeforeEach
  void begin() {
    place = kind.workspaceIn(folder);
    place.get().close();
  }

  private static Environment of(int number) {
    return Environment.of("e").withEnvironmentVariables(Map.of("N", String.valueOf(number)));
  }

  /// Registers at the same instant.
  private static List<EnvironmentRegistry.Registered> register(
      Function<Integer, LocalWorkspace> where, Function<Integer, Environment> what)
      throws Exception {
    var barrier = new CyclicBarrier(AT_ONCE);
    var pending = new ArrayList<Future<EnvironmentRegistry.Registered>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < AT_ONCE; i++) {
        var number = i;
        pending.add(
            threads.submit(() -> {
              var registry = where.apply(number).environments();
              barrier.await();
              return registry.register(what.apply(number));
            }));
      }
    }
    var registered = new ArrayList<EnvironmentRegistry.Registered>();
    for (var one : pending) {
      registered.add(one.get());
    }
    return registered;
  }

  @Test
  void theSameDefinitionOfTenThreadsIsOneVersion() throws Exception {
    try (var workspace = place.get()) {
      var registered = register(_ -> workspace, _ -> of(1));
      assertThat(registered).extracting(item -> item.version()).containsOnly("1");
      assertThat(registered).filteredOn(item -> item.isNew()).hasSize(1);
      assertThat(workspace.environments().versions("e")).hasSize(1);
    }
  }

  @Test
  void theSameDefinitionOfTenProcessesIsOneVersion() throws Exception {
    var workspaces = IntStream.range(0, AT_ONCE).mapToObj(_ -> place.get()).toList();
    try {
      var registered = register(workspaces::get, _ -> of(1));
      assertThat(registered).extracting(item -> item.version()).containsOnly("1");
      assertThat(registered).filteredOn(item -> item.isNew()).hasSize(1);
    } finally {
      workspaces.forEach(LocalWorkspace::close);
    }
  }

  @Test
  void differentDefinitionsOfTenProcessesHaveVersionsWithoutAGap() throws Exception {
    var workspaces = IntStream.range(0, AT_ONCE).mapToObj(_ -> place.get()).toList();
    try {
      var numbers = IntStream.rangeClosed(1, AT_ONCE).mapToObj(String::valueOf).toList();
      assertThat(register(workspaces::get, EnvironmentRegistryTest::of))
          .extracting(item -> item.version())
          .containsExactlyInAnyOrderElementsOf(numbers);
      assertThat(workspaces.getFirst().environments().versions("e"))
          .extracting(item -> item.version())
          .isEqualTo(numbers);
    } finally {
      workspaces.forEach(LocalWorkspace::close);
    }
  }

  @Test
  void aPageHasTheLatestVersionsOfNamesThatBeginSo() {
    try (var workspace = place.get()) {
      var environments = workspace.environments();
      for (var name : List.of("pa_1", "pa_2", "pax", "q")) {
        environments.register(Environment.of(name));
      }
      environments.register(Environment.of("pa_2").withEnvironmentVariables(Map.of("A", "b")));
      assertThat(environments.page("pa_", "", 10))
          .extracting(item -> item.environment().name() + ":" + item.version())
          .containsExactly("pa_1:1", "pa_2:2");
      assertThat(environments.page("p", "pa_1", 2))
          .extracting(item -> item.environment().name())
          .containsExactly("pa_2", "pax");
      assertThat(environments.page("AzureML-M", "", 10)).hasSize(1);
    }
  }

  @Test
  void theListHasTheLatestVersionOfEachName() {
    try (var workspace = place.get()) {
      var environments = workspace.environments();
      environments.register(of(1));
      environments.register(of(2));
      environments.register(Environment.of("B"));
      environments.register(of(3));
      environments.archive("e", "3", true);
      environments.autosave(of(4));
      var own =
          environments.listStored().stream()
              .filter(item -> CuratedEnvironments.find(item.name()).isEmpty())
              .toList();
      assertThat(own)
          .extracting(item -> item.name() + ":" + item.version())
          .containsExactly("B:1", "e:2");
      assertThat(own.getLast().definition()).contains("\"2\"");
      assertThat(environments.list().keySet())
          .isEqualTo(
              environments.listStored().stream()
                  .map(item -> item.name())
                  .collect(java.util.stream.Collectors.toSet()));
      assertThat(workspace.listing().json()).contains("\"B\"");
    }
  }

  @Test
  void aListingSeesWhatAnotherProcessJustRegistered() {
    try (var one = place.get();
        var other = place.get()) {
      for (int i = 0; i < 5; i++) {
        one.environments().register(Environment.of("x" + i));
        assertThat(other.listing().json()).contains("\"x" + i + "\"");
      }
    }
  }

  @Test
  void aLabelPointsAtOneVersion() {
    try (var workspace = place.get()) {
      var environments = workspace.environments();
      environments.register(of(1));
      environments.register(of(2));
      environments.label("e", "1", List.of("prod", "old"));
      environments.label("e", "2", List.of("prod"));
      assertThat(environments.get("e", null, "prod").version()).isEqualTo("2");
      assertThat(environments.labels("e", "1")).containsExactly("old");
      assertThat(environments.labels("e", "2")).containsExactly("prod");
    }
  }

  @Test
  void labelsOfManyVersionsAreThoseOfEach() {
    try (var workspace = place.get()) {
      var environments = workspace.environments();
      for (var name : List.of("a", "b", "c", "z")) {
        for (int number = 0; number < 2; number++) {
          environments.register(
              Environment.of(name).withEnvironmentVariables(Map.of("N", String.valueOf(number))));
        }
      }
      environments.label("a", "1", List.of("old"));
      environments.label("a", "2", List.of("tested", "prod"));
      environments.label("c", "1", List.of("prod"));
      environments.label("z", "2", List.of("prod"));
      var asked =
          List.of(
              environments.get("c", "1", null),
              environments.get("a", "2", null),
              environments.get("b", "2", null));
      var labels = environments.labels(asked);
      assertThat(asked.stream().map(it -> labels.getOrDefault(Labelled.of(it), List.of())).toList())
          .containsExactly(List.of("prod"), List.of("prod", "tested"), List.of());
      assertThat(labels).doesNotContainKey(new Labelled("z", "2"));
      assertThat(environments.labels(List.of())).isEmpty();
    }
  }

  @Test
  void whatIsWrittenOfARegistrationIsPartOfIt() {
    try (var workspace = place.get()) {
      var environments = workspace.environments();
      var written = new ArrayList<String>();
      environments.register(of(1), made -> written.add(made.version()));
      environments.register(of(1), made -> written.add(made.version()));
      environments.register(of(2), made -> written.add(made.version()));
      assertThat(written).containsExactly("1", "2");
      assertThatThrownBy(() ->
              environments.register(
                  of(3),
                  _ -> {
                    throw new IllegalStateException("not written");
                  }))
          .hasMessage("not written");
      assertThat(environments.versions(of(1).name())).hasSize(2);
    }
  }

  @Test
  void aVersionFollowsTheHighestNumberWhateverIsLatest() {
    try (var workspace = place.get()) {
      var environments = workspace.environments();
      environments.register(of(1).withVersion("7"));
      environments.register(of(2).withVersion("x-99"));
      environments.archive(of(2).name(), "x-99", true);
      assertThat(environments.register(of(1)).version()).isEqualTo("7");
      assertThat(environments.register(of(3)).version()).isEqualTo("8");
      environments.archive(of(1).name(), null, true);
      assertThat(environments.register(of(3)).version()).isEqualTo("9");
    }
  }
}

package dev.terroir.workspace.compute;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The compute targets of a workspace: `local` and `docker`, and pools of this machine by other
/// names. Safe for any number of processes.
///
/// @since 0.1
public final class ComputeTargets {
  /// This machine.
  public static final String LOCAL = "local";

  /// This machine, in a container.
  public static final String DOCKER = "docker";

  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9-]{1,15}");

  private final Database database;
  private final Clock clock;

  /// @param database the workspace's
  public ComputeTargets(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /// A compute target.
  ///
  /// @param type such as `AmlCompute`
  /// @param maxNodes how many runs it has at once, or null for any number
  public record ComputeTarget(
      String name,
      String type,
      @Nullable String vmSize,
      @Nullable Long minNodes,
      @Nullable Long maxNodes) {
    /// As lists show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("name", name)
          .put("type", type)
          .put("provisioningState", "Succeeded")
          .put("vmSize", vmSize)
          .put("minNodes", number(minNodes))
          .put("maxNodes", number(maxNodes))
          .build();
    }

    private static JsonValue number(@Nullable Long value) {
      return value == null ? JsonValue.NULL : JsonValue.of(value);
    }
  }

  private static final List<ComputeTarget> BUILT_IN =
      List.of(
          new ComputeTarget(DOCKER, DOCKER, null, null, null),
          new ComputeTarget(LOCAL, LOCAL, null, null, null));

  /// Names a pool, or changes one.
  ///
  /// @throws WorkspaceException code `invalid-name` or `compute-target-refused`
  public ComputeTarget put(
      String name,
      String type,
      @Nullable String vmSize,
      @Nullable Long minNodes,
      @Nullable Long maxNodes) {
    if (BUILT_IN.stream().anyMatch(target -> target.name().equals(name))) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.COMPUTE_TARGET_REFUSED,
              "`" + name + "` is this machine and cannot be changed"));
    }
    if (!NAME.matcher(name).matches()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name a compute target")
              .hint("use 2 to 16 letters, digits and `-`, beginning with a letter"));
    }
    if ((minNodes != null && minNodes < 0) || (maxNodes != null && maxNodes < 0)) {
      throw refusal("maxNodes", "a compute target cannot have less than 0 nodes");
    }
    if (minNodes != null && maxNodes != null && minNodes > maxNodes) {
      throw refusal(
          "minNodes",
          "a compute target of at most " + maxNodes + " nodes cannot have at least " + minNodes);
    }
    var document =
        JsonObject.builder()
            .put("type", type)
            .put("vmSize", vmSize)
            .put("minNodes", ComputeTarget.number(minNodes))
            .put("maxNodes", ComputeTarget.number(maxNodes))
            .build();
    database.update(
        "INSERT INTO compute_target (name, created_at, document) VALUES (?, ?, ?)"
            + " ON CONFLICT (name) DO UPDATE SET document = excluded.document",
        name,
        clock.instant().toString(),
        JsonWriter.compact(document));
    return get(name);
  }

  private static WorkspaceException refusal(String field, String what) {
    return new WorkspaceException(
        Problem.of(WorkspaceCode.COMPUTE_TARGET_REFUSED, what).at(Place.field(field)));
  }

  /// A target, if it is there.
  public Optional<ComputeTarget> find(String name) {
    return list().stream().filter(target -> target.name().equals(name)).findFirst();
  }

  /// A target.
  ///
  /// @throws WorkspaceException code `compute-target-not-found`
  public ComputeTarget get(String name) {
    return find(name)
        .orElseThrow(() ->
            new WorkspaceException(
                Problem.of(
                        WorkspaceCode.COMPUTE_TARGET_NOT_FOUND,
                        "no compute target `" + name + "` is there")
                    .because(
                        "there are "
                            + String.join(
                                ", ", list().stream().map(ComputeTarget::name).toList()))));
  }

  /// All of them, by name.
  public List<ComputeTarget> list() {
    var all = new ArrayList<>(BUILT_IN);
    all.addAll(database.query("SELECT name, document FROM compute_target", ComputeTargets::read));
    all.sort(java.util.Comparator.comparing(ComputeTarget::name));
    return all;
  }

  /// Forgets a pool; runs that are there go on.
  public void delete(String name) {
    var target = get(name);
    if (BUILT_IN.contains(target)) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.COMPUTE_TARGET_REFUSED,
              "`" + name + "` is this machine and cannot be deleted"));
    }
    database.update("DELETE FROM compute_target WHERE name = ?", name);
  }

  private static ComputeTarget read(ResultSet row) throws SQLException {
    var document = JsonReader.parseObject(row.getString(2), "compute target " + row.getString(1));
    return new ComputeTarget(
        row.getString(1),
        document.string("type"),
        document.optionalString("vmSize").orElse(null),
        document.optionalLong("minNodes").orElse(null),
        document.optionalLong("maxNodes").orElse(null));
  }
}

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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The compute targets of a workspace as its database holds them. Safe for any number of processes.
///
/// @since 0.1
public final class DatabaseComputeTargets implements ComputeTargets {
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9-]{1,15}");

  private final Database database;
  private final Clock clock;

  /// @param database the workspace's
  public DatabaseComputeTargets(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  private static final List<ComputeTarget> BUILT_IN =
      List.of(
          new ComputeTarget(DOCKER, DOCKER, null, null, null),
          new ComputeTarget(LOCAL, LOCAL, null, null, null));

  @Override
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
            .put("minNodes", number(minNodes))
            .put("maxNodes", number(maxNodes))
            .build();
    database.update(
        "INSERT INTO compute_target (name, created_at, document) VALUES (?, ?, ?)"
            + " ON CONFLICT (name) DO UPDATE SET document = excluded.document",
        name,
        clock.instant().toString(),
        JsonWriter.compact(document));
    return get(name);
  }

  private static JsonValue number(@Nullable Long value) {
    return value == null ? JsonValue.NULL : JsonValue.of(value);
  }

  private static WorkspaceException refusal(String field, String what) {
    return new WorkspaceException(
        Problem.of(WorkspaceCode.COMPUTE_TARGET_REFUSED, what).at(Place.field(field)));
  }

  @Override
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

  @Override
  public List<ComputeTarget> list() {
    var all = new ArrayList<>(BUILT_IN);
    all.addAll(
        database.query("SELECT name, document FROM compute_target", DatabaseComputeTargets::read));
    all.sort(java.util.Comparator.comparing(ComputeTarget::name));
    return all;
  }

  @Override
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

package dev.terroir.server.environments;

import dev.terroir.environment.Environment;
import dev.terroir.environment.Validation;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Etags;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.environments.CuratedEnvironments;
import dev.terroir.workspace.environments.DatabaseEnvironments;
import dev.terroir.workspace.environments.DatabaseEnvironments.Labelled;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Registered environments and definitions.
///
/// @since 0.1
public final class EnvironmentResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public EnvironmentResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listEnvironments", Guarded.reader(this::list),
        "registerEnvironment", Guarded.contributor(this::register).brief(),
        "listEnvironmentVersions", Guarded.reader(this::versions),
        "getEnvironment", Guarded.reader(this::get),
        "updateEnvironment", Guarded.contributor(this::update),
        "judgeDefinition", Guarded.reader(this::judge),
        "getImageDetails", Guarded.reader(this::imageDetails));
  }

  private DatabaseEnvironments registry() {
    return context.workspace().environments();
  }

  /// A version as it is shown.
  ///
  /// @param labels that point at it
  public static JsonObject json(Registered version, List<String> labels) {
    return JsonObject.builder()
        .put("name", version.environment().name())
        .put("version", version.version())
        .put("hash", version.hash())
        .put("createdAt", version.createdAt())
        .put("definition", version.environment().toJson())
        .put("labels", labels)
        .put("isArchived", version.isArchived())
        .put("isAutosaved", version.isAutosaved())
        .put("isCurated", CuratedEnvironments.find(version.environment().name()).isPresent())
        .build();
  }

  private JsonObject json(Registered version) {
    return json(version, registry().labels(version.environment().name(), version.version()));
  }

  private Answer list(Request request) {
    return page(
        registry()
            .page(
                request.query("prefix").orElse(""),
                request.after().orElse(""),
                request.limit() + 1),
        request.limit(),
        version -> version.environment().name());
  }

  private Answer page(List<Registered> versions, int limit, Function<Registered, String> key) {
    var labels = registry().labels(versions);
    return Pages.of(
        versions,
        limit,
        version -> json(version, labels.getOrDefault(Labelled.of(version), List.of())),
        key);
  }

  private Answer register(Request request) {
    var environment = Environment.read(request.json(), _ -> {});
    // What is registered and that it was are one transaction: one wait for the disk.
    var registered =
        registry()
            .register(
                environment,
                made ->
                    context.audit(
                        request,
                        "environment.register",
                        environment.name() + ":" + made.version()));
    // No label points at a version that was not there.
    var json = registered.isNew() ? json(registered, List.of()) : json(registered);
    return new Answer.Json(registered.isNew() ? 201 : 200, json, Etags.of(json), Map.of());
  }

  private Answer versions(Request request) {
    var name = request.path("name");
    var versions = registry().versions(name);
    if (versions.isEmpty()) {
      versions = List.of(registry().get(name, null, null));
    }
    var all = versions;
    var begin =
        request
            .after()
            .map(after ->
                IntStream.range(0, all.size())
                        .filter(i -> all.get(i).version().equals(after))
                        .findFirst()
                        .orElseThrow(() ->
                            ServerException.of(
                                ServerCode.INVALID_PARAMETER,
                                "parameter `after` must be the `next` of a page"))
                    + 1)
            .orElse(0);
    var end = Math.min(all.size(), begin + request.limit() + 1);
    return page(all.subList(begin, end), request.limit(), version -> version.version());
  }

  private Registered find(Request request, @Nullable String label) {
    var version = request.path("version");
    var isLatest = version.equals("latest");
    if (label != null && !isLatest) {
      throw ServerException.of(
          ServerCode.INVALID_PARAMETER,
          "parameter `label` goes with the version `latest`, not with `" + version + "`");
    }
    return registry().get(request.path("name"), isLatest ? null : version, label);
  }

  private Answer get(Request request) {
    var json = json(find(request, request.query("label").orElse(null)));
    return Answer.json(200, json, Etags.of(json));
  }

  private Answer update(Request request) {
    var before = find(request, null);
    var name = before.environment().name();
    request.checkIfMatch(Etags.of(json(before)));
    if (CuratedEnvironments.find(name).isPresent()) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.INVALID_NAME,
              "`" + name + "` is a curated environment and cannot be changed"));
    }
    var labels = request.json().strings("labels");
    if (!labels.isEmpty()) {
      registry().label(name, before.version(), labels);
      context.audit(
          request,
          "environment.label",
          name + ":" + before.version() + " " + String.join(", ", labels));
    }
    request
        .json()
        .optionalBoolean("archived")
        .ifPresent(isArchived -> {
          registry().archive(name, before.version(), isArchived);
          context.audit(
              request,
              isArchived ? "environment.archive" : "environment.restore",
              name + ":" + before.version());
        });
    var json = json(registry().get(name, before.version(), null));
    return Answer.json(200, json, Etags.of(json));
  }

  private Answer judge(Request request) {
    var environment = Environment.read(request.json(), _ -> {});
    Validation.check(environment);
    return Answer.json(
        200,
        JsonObject.builder()
            .put("hash", CanonicalForm.hash(environment))
            .put("definition", environment.toJson())
            .build());
  }

  private Answer imageDetails(Request request) {
    var environment = EnvironmentChoice.read(request.json(), context.workspace());
    JsonValue details = context.workspace().getImageDetails(environment).toJson();
    return Answer.json(200, details);
  }
}

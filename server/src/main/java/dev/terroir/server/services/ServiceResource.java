package dev.terroir.server.services;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.environments.EnvironmentChoice;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.LogSource;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.serving.Service;
import dev.terroir.serving.Services;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import dev.terroir.workspace.jobs.JobRecords;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;

/// Scoring services.
///
/// @since 0.1
public final class ServiceResource implements Resource {
  private static final String DEPLOY = "deploy";

  private final ServerContext context;
  private final Services services;
  private final Scoring scoring = new Scoring();

  /// @param context of the server
  public ServiceResource(ServerContext context) {
    this.context = context;
    this.services = new Services(context.workspace());
    var deployments = new Deployments(context);
    context.jobs().register(new JobKind(DEPLOY, true, deployments::run));
    context
        .activity()
        .register(() -> services.list().stream().anyMatch(it -> !it.status().isOver()));
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listServices", Guarded.reader(this::list),
        "deployService", Guarded.contributor(this::deploy),
        "getService", Guarded.reader(this::get),
        "updateService", Guarded.contributor(this::update),
        "deleteService", Guarded.contributor(this::delete),
        "getServiceLog", Guarded.reader(this::log),
        "getServiceKeys", Guarded.contributor(this::keys),
        "regenerateServiceKey", Guarded.contributor(this::regenerate),
        "score", Guarded.reader(request -> scoring.score(service(request), request)));
  }

  private Service service(Request request) {
    return services.get(request.path("name"));
  }

  /// By name; those that are being made are Transitioning.
  private TreeMap<String, JsonValue> all() {
    var all = new TreeMap<String, JsonValue>();
    for (var job : new JobRecords(context.workspace().database()).open()) {
      var subject = job.subject();
      if (job.kind().equals(DEPLOY) && subject != null) {
        all.put(
            subject,
            JsonObject.builder().put("name", subject).put("state", "Transitioning").build());
      }
    }
    for (var service : services.list()) {
      all.put(service.name(), service.toJson());
    }
    return all;
  }

  private Answer list(Request request) {
    return Pages.all(java.util.List.copyOf(all().values()), service -> service);
  }

  private Answer get(Request request) {
    var found = all().get(request.path("name"));
    return Answer.json(200, found == null ? service(request).toJson() : found);
  }

  private Answer deploy(Request request) {
    var json = request.json();
    var name = json.string("name");
    Services.checkName(name);
    check(json);
    if (!json.optionalBoolean("overwrite").orElse(false) && all().containsKey(name)) {
      throw new ServingException(
          dev.terroir.foundation.problem.Problem.of(
                  ServingCode.SERVICE_EXISTS, "a service `" + name + "` exists already")
              .hint("say `overwrite` to replace it, or update it"));
    }
    return submit(request, name, json, "service.deploy");
  }

  /// What is wrong is said at once, not by the job.
  private void check(JsonObject json) {
    for (var model : json.strings("models")) {
      context.workspace().models().parse(model);
    }
    json.optionalObject("inference")
        .flatMap(inference -> inference.optionalObject("environment"))
        .ifPresent(choice -> EnvironmentChoice.read(choice, context.workspace()));
    json.optionalObject("deployment").ifPresent(Deployments::configuration);
    json.optionalObject("inference")
        .flatMap(inference -> inference.optionalString("snapshot"))
        .ifPresent(id -> {
          var manifest =
              context
                  .workspace()
                  .directory()
                  .resolve("snapshots")
                  .resolve("manifests")
                  .resolve(id.replaceFirst("^sha256:", "") + ".json");
          if (!id.matches("sha256:[0-9a-f]{64}") || !Files.isRegularFile(manifest)) {
            throw ServerException.of(ServerCode.SNAPSHOT_NOT_FOUND, "no snapshot has the id " + id);
          }
        });
  }

  private Answer submit(Request request, String name, JsonObject input, String action) {
    var job =
        context.jobs().submit(DEPLOY, name, input, request.caller().actor(), request.requestId());
    context.audit(request, action, "service " + name);
    return Answer.accepted(job);
  }

  private Answer update(Request request) {
    var service = service(request);
    check(request.json());
    return submit(
        request,
        service.name(),
        request.json().toBuilder().put("name", service.name()).put("isUpdate", true).build(),
        "service.update");
  }

  private Answer delete(Request request) {
    var service = service(request);
    services.delete(service);
    context.audit(request, "service.delete", "service " + service.name());
    return Answer.empty(204);
  }

  private Answer log(Request request) {
    var service = service(request);
    return Answer.log(
        LogSource.of(
            service.directory().resolve("logs").resolve("scoring.log"),
            () -> !Files.exists(service.directory()) || service.status().isOver(),
            () -> service.status().state()));
  }

  private Answer keys(Request request) {
    var service = service(request);
    var keys = service.keys();
    if (keys.isEmpty()) {
      throw noKeys(service);
    }
    context.audit(request, "service.keys", "service " + service.name());
    return Answer.json(
        200,
        JsonObject.builder()
            .put("primaryKey", keys.getFirst())
            .put("secondaryKey", keys.getLast())
            .build());
  }

  private static ServerException noKeys(Service service) {
    return ServerException.of(
        ServerCode.INVALID_PARAMETER,
        "service `" + service.name() + "` asks for no key",
        "deploy it with `authEnabled`");
  }

  private Answer regenerate(Request request) {
    var service = service(request);
    if (service.keys().isEmpty()) {
      throw noKeys(service);
    }
    service.regenerateKey(request.path("which").equals("primary"));
    context.audit(request, "service.key." + request.path("which"), "service " + service.name());
    return Answer.empty(204);
  }
}

package dev.terroir.server.work;

import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.LockFile;
import dev.terroir.server.RefusedRequest;
import dev.terroir.server.ServerContext;
import dev.terroir.server.environments.EnvironmentChoice;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Locks and builds. Both may be begun again when a server has died: what is done is found, and
/// what is not is done. Who asks for what is being done already gets the job that does it.
///
/// @since 0.1
public final class WorkResource implements Resource {
  private static final String LOCK = "lock";

  /// The kind of job that builds.
  public static final String BUILD = "build";

  private final ServerContext context;
  private final JobCredentials credentials;

  /// @param context of the server
  public WorkResource(ServerContext context) {
    this.context = context;
    this.credentials = new JobCredentials(context);
    context.jobs().register(new JobKind(LOCK, true, this::doLock));
    context.jobs().register(new JobKind(BUILD, true, this::doBuild));
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "lockEnvironment", Guarded.contributor(this::lock),
        "build", Guarded.contributor(this::build));
  }

  private Answer lock(Request request) {
    var json = request.json();
    var environment = EnvironmentChoice.read(json, context.workspace());
    var options = options(json);
    if (!options.update()) {
      var kept =
          context
              .workspace()
              .locks()
              .find(CanonicalForm.hash(environment), options.platform(), options.pythonVersion());
      if (kept.isPresent()) {
        return Answer.json(200, LockFile.toJson(kept.get()));
      }
    }
    var input =
        json.toBuilder()
            .remove("name")
            .remove("version")
            .remove("label")
            .put("definition", environment.toJson())
            .build();
    return submit(request, LOCK, environment, input, "environment.lock");
  }

  /// Begins it, unless the same is being done for a definition of the same hash.
  private Answer submit(
      Request request, String kind, Environment environment, JsonObject asked, String action) {
    var input = asked.toBuilder().put("hash", CanonicalForm.hash(environment)).build();
    var job =
        context
            .jobs()
            .submit(
                kind,
                subject(environment),
                input,
                request.caller().actor(),
                request.requestId(),
                other -> withoutNames(other.input()).equals(withoutNames(input)));
    context.audit(request, action, subject(environment));
    return Answer.accepted(job);
  }

  /// What the job [#BUILD] gets so that it builds an image unless there is one.
  public static JsonObject missingImage(Environment environment) {
    return ImageWish.missing(environment);
  }

  /// Whether the input of a job [#BUILD] is for the image that a pull of its definition gets.
  public static boolean isPulled(JsonObject input) {
    return input.optionalString("kind").orElse("").equals("image")
        && ImageWish.isOfDefinition(input);
  }

  /// What is asked, the definition by its hash alone.
  private static JsonObject withoutNames(JsonObject input) {
    return input.toBuilder().remove("definition").build();
  }

  /// What a job about an environment is about.
  public static String subject(Environment environment) {
    var version = environment.version();
    return environment.name() + (version == null ? "" : ":" + version);
  }

  private static Workspace.LockOptions options(JsonObject json) {
    return new Workspace.LockOptions(
        json.optionalString("platform").map(Platform::parse).orElseGet(Platform::current),
        python(json),
        json.optionalBoolean("update").orElse(false),
        Path.of("").toAbsolutePath(),
        json.strings("virtualPackages"));
  }

  private static @Nullable String python(JsonObject json) {
    var python = json.optionalString("python");
    if (python.isPresent() && !python.get().matches("[0-9]{1,2}\\.[0-9]{1,3}")) {
      throw new RefusedRequest(
          List.of(
              Problem.of(
                      FoundationCode.JSON_FIELD,
                      "field `python` must be like 3.12, not `" + python.get() + "`")
                  .at(Place.field("python"))));
    }
    return python.orElse(null);
  }

  private JsonObject doLock(JsonObject input, Progress progress) {
    try (var work = credentials.open(progress)) {
      var environment = Environment.read(input.object("definition"), progress::warn);
      var stored = work.workspace().lock(environment, options(input), progress);
      return JsonObject.builder()
          .put("digest", stored.lock().digest().prefixed())
          .put("lock", LockFile.toJson(stored.lock()))
          .build();
    }
  }

  private Answer build(Request request) {
    var json = request.json();
    var environment = EnvironmentChoice.read(json, context.workspace());
    var isDocker = json.optionalBoolean("useDocker").orElse(false);
    if (json.optionalBoolean("pushImageToWorkspaceAcr").orElse(false) && !isDocker) {
      throw new RefusedRequest(
          List.of(
              Problem.of(
                      FoundationCode.JSON_FIELD,
                      "field `pushImageToWorkspaceAcr` goes with `useDocker`")
                  .at(Place.field("pushImageToWorkspaceAcr"))
                  .hint("set `useDocker` to true, or build with the kind `image`")));
    }
    var input =
        JsonObject.builder()
            .put("definition", environment.toJson())
            .put("kind", json.optionalString("kind").orElse("image"))
            .put("useDocker", isDocker)
            .put(
                "pushImageToWorkspaceAcr",
                json.optionalBoolean("pushImageToWorkspaceAcr").orElse(false))
            .putAll(ImageWish.input(json, environment))
            .build();
    return submit(request, BUILD, environment, input, "environment.build");
  }

  private JsonObject doBuild(JsonObject input, Progress progress) {
    try (var work = credentials.open(progress)) {
      var environment = Environment.read(input.object("definition"), progress::warn);
      if (input.string("kind").equals("image")) {
        return image(ImageWish.read(input, environment), input, work.workspace(), progress);
      }
      return local(
          work.workspace()
              .buildLocal(
                  environment,
                  input.optionalBoolean("useDocker").orElse(false),
                  input.optionalBoolean("pushImageToWorkspaceAcr").orElse(false)));
    }
  }

  private static JsonObject image(
      DefinitionImages.Wish wish, JsonObject input, LocalWorkspace workspace, Progress progress) {
    var images = workspace.images();
    var isOnlyMissing = ImageWish.isOnlyMissing(input);
    var known = isOnlyMissing ? images.find(wish) : Optional.<Recorded>empty();
    // A pull wants the image that there is, as somebody may have built it meanwhile.
    var recorded =
        known.orElseGet(() ->
            (isOnlyMissing ? workspace.buildMissing(wish) : workspace.build(wish))
                .waitForCompletion(progress::line));
    return JsonObject.builder()
        .put("kind", "image")
        .putAll(recorded.toJson())
        .put("image", images.registry().name(recorded.image()))
        .put("isCached", known.isPresent())
        .build();
  }

  private static JsonObject local(Workspace.LocalBuild build) {
    return switch (build) {
      case Workspace.LocalBuild.Installed(var ready) ->
          JsonObject.builder()
              .put("kind", "local")
              .put("prefix", ready.python().prefix().map(Path::toString).orElse(null))
              .put("python", ready.python().python().toString())
              .put("hash", ready.hash())
              .build();
      case Workspace.LocalBuild.InEngine engine ->
          JsonObject.builder()
              .put("kind", "local")
              .put("engine", engine.engine().name().toLowerCase(java.util.Locale.ROOT))
              .put("image", engine.name())
              .put("isPushed", engine.isPushed())
              .build();
    };
  }
}

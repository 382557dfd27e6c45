package dev.terroir.server.registry;

import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.serve.ManifestMaker;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Caller;
import dev.terroir.server.work.WorkResource;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.jobs.Job;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/// The images of environments; one that was never built is built when it is first pulled, by a job
/// like every other build. Who pulls it meanwhile waits for the same job, at whatever server of the
/// workspace. Thread-safe.
final class EnvironmentImages implements ManifestMaker {
  /// Who pulls, in the thread that answers.
  static final ScopedValue<Asker> ASKER = ScopedValue.newInstance();

  /// Only for the moment in which it is decided who begins the build.
  private static final Duration LEASE = Duration.ofSeconds(20);

  private static final Duration LOOK = Duration.ofMillis(100);

  private final ServerContext context;
  private final EnvironmentRepositories environments;
  private volatile boolean isStopping;

  /// Who pulls, by which request.
  record Asker(Caller caller, String requestId) {}

  EnvironmentImages(ServerContext context, EnvironmentRepositories environments) {
    this.context = context;
    this.environments = environments;
  }

  /// Lets nobody wait any longer. The builds go on, or are begun again by the next server.
  void stop() {
    isStopping = true;
  }

  /// The image that a version has.
  Optional<Descriptor> find(Registered version) {
    var images = context.workspace().images();
    return images
        .records()
        .find(version.hash(), DefinitionImages.platformOf(version.environment()))
        .filter(recorded -> images.registry().holds(recorded.image()))
        .map(recorded -> recorded.image().manifest());
  }

  @Override
  public Optional<Descriptor> make(String repository, String reference) {
    if (!repository.startsWith(EnvironmentRepositories.LEAD) || !ImageReference.isTag(reference)) {
      return Optional.empty();
    }
    var version = environments.find(repository, reference);
    if (version.isEmpty()) {
      return Optional.empty();
    }
    var job = begin(version.get());
    if (job.isPresent()) {
      await(job.get(), version.get());
    }
    return find(version.get());
  }

  /// Begins the build, unless somebody has.
  ///
  /// @return empty when the image has come meanwhile
  private Optional<Job> begin(Registered version) {
    var lease = "pull/" + version.hash();
    var owner = UUID.randomUUID().toString();
    var leases = context.workspace().leases();
    while (!leases.tryAcquire(lease, owner, LEASE)) {
      pause();
    }
    try {
      // In this order: a job that ends in between has left its image.
      var open = open(version.hash());
      if (find(version).isPresent()) {
        return Optional.empty();
      }
      return Optional.of(open.orElseGet(() -> submit(version.environment())));
    } finally {
      leases.release(lease, owner);
    }
  }

  private Optional<Job> open(String hash) {
    return context.jobs().records().open().stream()
        .filter(job -> job.kind().equals(WorkResource.BUILD))
        .filter(job -> WorkResource.isPulled(job.input()))
        .filter(job ->
            CanonicalForm.hash(Environment.read(job.input().object("definition"), _ -> {}))
                .equals(hash))
        .findFirst();
  }

  private Job submit(Environment environment) {
    var asker = ASKER.get();
    var subject = WorkResource.subject(environment);
    var job =
        context
            .jobs()
            .submit(
                WorkResource.BUILD,
                subject,
                WorkResource.missingImage(environment),
                asker.caller().actor(),
                asker.requestId());
    context.audit().add(asker.caller().actor(), "environment.build", subject, asker.requestId());
    return job;
  }

  private void await(Job begun, Registered version) {
    var job = begun;
    context.jobs().expedite(job.id());
    while (!job.status().isFinal()) {
      pause();
      job = context.jobs().find(begun.id()).orElse(job);
    }
    if (job.status() == Job.Status.SUCCEEDED) {
      return;
    }
    var problem =
        Problem.of(
            ServerCode.IMAGE_NOT_BUILT,
            "the image of `" + WorkResource.subject(version.environment()) + "` was not built");
    var error = job.error();
    if (error == null) {
      throw new ServerException(problem.because("its job `" + job.id() + "` was stopped"));
    }
    var where = error.strings("where");
    problem =
        problem.because(
            error.string("title") + (where.isEmpty() ? "" : " at " + String.join(", ", where)));
    for (var cause : error.strings("because")) {
      problem = problem.because(cause);
    }
    for (var hint : error.strings("hints")) {
      problem = problem.hint(hint);
    }
    throw new ServerException(problem.hint("the log is that of the job `" + job.id() + "`"));
  }

  private void pause() {
    if (isStopping) {
      throw ServerException.of(ServerCode.SERVER_STOPPING, "the server is about to end");
    }
    try {
      Thread.sleep(LOOK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ServerException.of(ServerCode.SERVER_STOPPING, "the server is about to end");
    }
  }
}

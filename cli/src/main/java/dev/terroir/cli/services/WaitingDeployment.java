package dev.terroir.cli.services;

import dev.terroir.cli.command.Context;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.web.ServedConnections;
import dev.terroir.serving.LocalServices;
import dev.terroir.serving.ScoringServices;
import dev.terroir.serving.Service;
import dev.terroir.serving.Services;
import dev.terroir.workspace.LocalWorkspace;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// `terroir model deploy --wait`: a service that lasts as long as the command.
final class WaitingDeployment {
  private static final Duration DEPLOYMENT_TIMEOUT = Duration.ofMinutes(6);

  /// How long the end of the process waits until the service is deleted.
  private static final Duration FAREWELL = Duration.ofSeconds(15);

  private WaitingDeployment() {}

  static int run(ScoringServices.Plan plan, boolean overwrite, Context context) {
    if (!(context.workspace() instanceof LocalWorkspace workspace)) {
      return runThere(plan, overwrite, context);
    }
    var local = new LocalServices(workspace);
    var services = local.services();
    var service = services.deploy(local.deployment(plan), overwrite, context.progress());
    return serve(service, services, context);
  }

  /// Keeps a service in this process; it is deleted when the process is asked to end.
  private static int serve(Service service, Services services, Context context) {
    ServedConnections.limit();
    var stopping = new AtomicBoolean();
    var ended = new CountDownLatch(1);
    atTheEnd(() -> stopping.set(true), ended);
    var announcer =
        Thread.ofVirtual()
            .start(() -> {
              service.waitForDeployment(DEPLOYMENT_TIMEOUT);
              context.console().result(service.toJson(), "name", "state", "scoringUri");
            });
    try {
      var status = service.run(stopping::get);
      announcer.interrupt();
      if (status.state().equals("Failed")) {
        service.waitForDeployment(Duration.ZERO);
      }
      return 0;
    } finally {
      if (stopping.get()) {
        services.delete(service);
      }
      ended.countDown();
    }
  }

  /// The same with a service that a server keeps.
  private static int runThere(ScoringServices.Plan plan, boolean overwrite, Context context) {
    var services = ((RemoteWorkspace) context.workspace()).services();
    var progress = context.progress();
    var stopping = new AtomicBoolean();
    var ended = new CountDownLatch(1);
    var worker = Thread.currentThread();
    var service = services.keep(plan, overwrite, progress);
    atTheEnd(
        () -> {
          stopping.set(true);
          worker.interrupt();
        },
        ended);
    try {
      context.console().result(service.waitForDeployment(progress), "name", "state", "scoringUri");
      service.follow(progress);
      return 0;
    } catch (TerroirException e) {
      if (stopping.get()) {
        return 0;
      }
      throw e;
    } finally {
      if (stopping.get()) {
        // What is told to the server must not be interrupted again.
        Thread.interrupted();
        service.delete();
      }
      ended.countDown();
    }
  }

  /// Does something when this process is asked to end, which then waits for the work's own end.
  private static void atTheEnd(Runnable stop, CountDownLatch ended) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              stop.run();
              try {
                ended.await(FAREWELL.toSeconds(), TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
  }
}

package dev.terroir.cli.images;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.cli.environments.Environments;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.Copy;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.ImageBuild;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import dev.terroir.workspace.images.WorkspaceImages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// `terroir environment build`, `build-local` and `image`.
///
/// @since 0.1
public final class EnvironmentImages {
  private EnvironmentImages() {}

  /// The commands.
  public static List<Leaf> leaves() {
    var build = new ArrayList<>(Environments.OPTIONS);
    build.add(
        Option.flag("--if-needed", "Take the image that is there; nothing is resolved anew."));
    build.add(Option.value("--platform", "P", "linux/amd64 or linux/arm64."));
    build.add(Option.repeated("--to", "REF", "Where it goes beside the workspace's own registry."));
    build.addAll(ImageCommands.HOW);
    var local = new ArrayList<>(Environments.OPTIONS);
    local.add(Option.flag("--use-docker", "As an image in podman or Docker."));
    local.add(Option.flag("--push-image", "Keep the image in the workspace's registry too."));
    return List.of(
        new Leaf(
            "build",
            "Build an environment's image into the workspace; one that exists is resolved anew,"
                + " unless its lock was imported.",
            "terroir environment build -n demo -v 1",
            build,
            "",
            EnvironmentImages::build),
        new Leaf(
            "build-local",
            "Make an environment on this machine: a folder, or an image in a container engine.",
            "terroir environment build-local -n demo --use-docker",
            local,
            "",
            EnvironmentImages::buildLocal),
        new Leaf(
            "image",
            "Show what is known of an environment's image; nothing is built.",
            "terroir environment image -n demo -v 1",
            Environments.OPTIONS,
            "",
            EnvironmentImages::details));
  }

  private static int build(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    var wish =
        new DefinitionImages.Wish(
            environment,
            arguments
                .optional("--platform")
                .map(Platform::parse)
                .orElse(DefinitionImages.platformOf(environment)),
            null,
            false,
            false,
            arguments.path("--directory").orElse(Path.of("")).toAbsolutePath(),
            arguments.optional("--base").map(ImageLocation::parse).orElse(null),
            ImageCommands.options(arguments));
    if (!(context.workspace() instanceof LocalWorkspace workspace)) {
      return buildThere(wish, arguments, context);
    }
    var images = workspace.images();
    var known =
        arguments.has("--if-needed") ? images.find(wish) : java.util.Optional.<Recorded>empty();
    var recorded = known.orElse(null);
    if (recorded == null) {
      var build = images.build(wish, context.progress());
      recorded = await(build, () -> build.waitForCompletion(context.progress()::line));
    }
    for (var text : arguments.all("--to")) {
      send(recorded, ImageLocation.parse(text), images, context);
    }
    context
        .console()
        .result(
            recorded.toJson().toBuilder()
                .put("image", images.registry().name(recorded.image()))
                .put("isCached", known.isPresent())
                .build(),
            "repository",
            "number",
            "digest",
            "size");
    return 0;
  }

  /// Waits for a build, which is stopped when this process is asked to end.
  private static <T> T await(ImageBuild build, Supplier<T> waiting) {
    var hook = new Thread(build::cancel);
    Runtime.getRuntime().addShutdownHook(hook);
    var result = waiting.get();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already.
    }
    return result;
  }

  /// Builds at a server; what is to go elsewhere goes there from this machine.
  private static int buildThere(DefinitionImages.Wish wish, Arguments arguments, Context context) {
    var locations = arguments.all("--to").stream().map(ImageLocation::parse).toList();
    var images = ((RemoteWorkspace) context.workspace()).images();
    var build = images.build(wish, arguments.has("--if-needed"));
    var outcome = await(build, () -> build.await(context.progress()::line));
    for (var location : locations) {
      context.progress().step("sending the image to " + location);
      tell(images.copy(outcome.recorded().image(), location), context);
    }
    context
        .console()
        .result(
            outcome.recorded().toJson().toBuilder()
                .put("image", outcome.name())
                .put("isCached", outcome.isCached())
                .build(),
            "repository",
            "number",
            "digest",
            "size");
    return 0;
  }

  private static int buildLocal(Arguments arguments, Context context) {
    var inEngine = arguments.has("--use-docker");
    var isPushed = arguments.has("--push-image");
    if (isPushed && !inEngine) {
      throw CliException.usage("an image is to be pushed and none is made", "add `--use-docker`");
    }
    var built =
        context
            .workspace()
            .buildLocal(
                Environments.chosen(arguments, context),
                inEngine,
                isPushed,
                arguments.path("--directory").orElse(Path.of("")).toAbsolutePath());
    context
        .console()
        .result(
            switch (built) {
              case Workspace.LocalBuild.Installed(var ready) ->
                  JsonObject.builder()
                      .put("hash", ready.hash())
                      .put("python", ready.python().python().toString())
                      .put("isCached", ready.isCached())
                      .build();
              case Workspace.LocalBuild.InEngine(var engine, var name, var image, var pushed) ->
                  JsonObject.builder()
                      .put("hash", image.definitionHash())
                      .put("engine", engine.program())
                      .put("imageId", name)
                      .put("repository", image.repository())
                      .put("digest", image.manifest().digest().toString())
                      .put("isPushed", pushed)
                      .build();
            },
            "hash");
    return 0;
  }

  private static void send(
      Recorded recorded, ImageLocation location, WorkspaceImages images, Context context) {
    context.progress().step("sending the image to " + location);
    try (var places = new ImagePlaces(context.settings());
        var source = images.registry().source(recorded.image())) {
      var place = places.target(location);
      try (var target = place.target()) {
        tell(Copy.with(context.progress()).run(source, target, null, place.tags()), context);
      }
    }
  }

  private static void tell(Copy.Report report, Context context) {
    context.progress().line(report.sentBytes() + " of " + report.sizeBytes() + " bytes were sent");
  }

  private static int details(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    context
        .console()
        .result(context.workspace().getImageDetails(environment).toJson(), "imageExistsInRegistry");
    return 0;
  }
}

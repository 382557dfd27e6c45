package dev.terroir.cli.images;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.cli.environments.Environments;
import dev.terroir.client.ClientException;
import dev.terroir.environment.Environment;
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
import java.util.stream.Stream;

/// `terroir environment build`, `build-local` and `image`.
///
/// @since 0.1
public final class EnvironmentImages {
  /// What a build on this machine takes and a server does not.
  private static final List<String> HERE =
      Stream.concat(
              Stream.of("--platform", "--to"),
              ImageCommands.HOW.stream().map(option -> option.names().getLast()))
          .toList();

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
            "Build an environment's image into the workspace; one that exists is resolved anew.",
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
    if (!(context.workspace() instanceof LocalWorkspace workspace)) {
      return buildThere(environment, arguments, context);
    }
    var images = workspace.images();
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
    var known =
        arguments.has("--if-needed") ? images.find(wish) : java.util.Optional.<Recorded>empty();
    var recorded = known.orElse(null);
    if (recorded == null) {
      recorded = await(images.build(wish, context.progress()), context);
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
  private static Recorded await(ImageBuild build, Context context) {
    var hook = new Thread(build::cancel);
    Runtime.getRuntime().addShutdownHook(hook);
    var recorded = build.waitForCompletion(context.progress()::line);
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already.
    }
    return recorded;
  }

  /// Builds at a server, which knows a definition and nothing else that this command takes.
  private static int buildThere(Environment environment, Arguments arguments, Context context) {
    for (var option : HERE) {
      if (arguments.has(option)) {
        throw ClientException.notOverHttp(
            "`" + option + "` is not offered by a server",
            option.equals("--to")
                ? "copy the image from the server's registry with `terroir image copy`"
                : "leave it out, or build with `terroir image build` on this machine");
      }
    }
    if (arguments.has("--if-needed")) {
      var details = context.workspace().getImageDetails(environment);
      if (details.imageExists()) {
        context
            .console()
            .result(
                JsonObject.builder()
                    .put("repository", details.repository())
                    .put("digest", details.digest())
                    .put("image", details.image())
                    .put("isCached", true)
                    .build(),
                "repository",
                "digest");
        return 0;
      }
    }
    var recorded = await(context.workspace().build(environment), context);
    context
        .console()
        .result(
            recorded.toJson().toBuilder()
                .put("image", context.workspace().getImageDetails(environment).image())
                .put("isCached", false)
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
        var report = Copy.with(context.progress()).run(source, target, null, place.tags());
        context
            .progress()
            .line(report.sentBytes() + " of " + report.sizeBytes() + " bytes were sent");
      }
    }
  }

  private static int details(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    context
        .console()
        .result(context.workspace().getImageDetails(environment).toJson(), "imageExistsInRegistry");
    return 0;
  }
}

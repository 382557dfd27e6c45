package dev.terroir.cli.images;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.cli.environments.EnvironmentCommands;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.build.ImageContent;
import dev.terroir.image.layer.Compression;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.sbom.CycloneDx;
import dev.terroir.image.sbom.Provenance;
import dev.terroir.image.sbom.Spdx;
import dev.terroir.image.transfer.Destination;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.locks.LockStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `terroir image …`: images without a workspace.
///
/// @since 0.1
public final class ImageCommands {
  private static final Option PLATFORM =
      Option.value("--platform", "P", "linux/amd64 or linux/arm64.");

  private ImageCommands() {}

  /// The options that say how an image is made.
  public static final List<Option> HOW =
      List.of(
          Option.flag("--no-bytecode", "Leave compiled modules out."),
          Option.value(
              "--compression", "gzip|zstd", "How layers are compressed; wheels gzip, conda zstd."),
          Option.value("--base", "REF", "A base image instead of the definition's."));

  /// The commands.
  public static List<Leaf> leaves() {
    var build = new ArrayList<Option>();
    build.add(
        Option.value(
            "-f --file",
            "FILE",
            "environment.yml, requirements.txt, pyproject.toml or pylock.toml."));
    build.add(Option.value("-d --directory", "DIR", "A saved environment directory instead."));
    build.add(
        Option.value(
            "--group", "G", "A dependency group or extra of pyproject.toml or pylock.toml."));
    build.add(Option.flag("--no-default-groups", "Of pylock.toml, without its default groups."));
    build.add(Option.value("--python", "X.Y", "Another Python than the definition's."));
    build.add(
        Option.repeated(
            "--to",
            "REF",
            "Where it goes: docker://, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE."));
    build.add(Option.flag("--update", "Resolve anew."));
    build.add(
        Option.repeated(
            "--allow-link-scripts",
            "NAME",
            "A conda package whose link script may be run, by a container engine."));
    build.add(PLATFORM);
    build.addAll(HOW);
    return List.of(
        new Leaf(
            "build",
            "Build an image of a definition, without a workspace and without an engine.",
            "terroir image build -f requirements.txt --base python:3.12-slim --to oci:image:1",
            build,
            "",
            ImageCommands::build),
        new Leaf(
            "inspect",
            "Say what an image holds.",
            "terroir image inspect oci:image:1",
            List.of(PLATFORM),
            "REF",
            ImageCommands::inspect),
        new Leaf(
            "layers",
            "List the layers of an image with their packages.",
            "terroir image layers oci:image:1 --output table",
            List.of(PLATFORM),
            "REF",
            ImageCommands::layers),
        new Leaf(
            "diff",
            "Say which packages and layers differ between two images.",
            "terroir image diff oci:image:1 oci:image:2",
            List.of(PLATFORM),
            "A B",
            ImageCommands::diff),
        new Leaf(
            "sbom",
            "Print the bill of materials that is attached to an image.",
            "terroir image sbom oci:image:1 --format spdx",
            List.of(PLATFORM, Option.value("--format", "cyclonedx|spdx", "CycloneDX by default.")),
            "REF",
            (arguments, context) ->
                attached(
                    arguments,
                    context,
                    switch (arguments.optional("--format").orElse("cyclonedx")) {
                      case "cyclonedx" -> CycloneDx.MEDIA_TYPE;
                      case "spdx" -> Spdx.MEDIA_TYPE;
                      case String other ->
                          throw CliException.usage(
                              "`" + other + "` is no format of a bill of materials",
                              "write `--format cyclonedx` or `--format spdx`");
                    })),
        new Leaf(
            "provenance",
            "Print how an image was made, as it is attached to it.",
            "terroir image provenance oci:image:1",
            List.of(PLATFORM),
            "REF",
            (arguments, context) -> attached(arguments, context, Provenance.MEDIA_TYPE)));
  }

  /// How to build, as the options say.
  public static ImageBuilder.Options options(Arguments arguments) {
    return new ImageBuilder.Options(
        !arguments.has("--no-bytecode"),
        switch (arguments.optional("--compression").orElse("").toLowerCase(Locale.ROOT)) {
          case "" -> null;
          case "gzip" -> Compression.GZIP;
          case "zstd" -> Compression.ZSTD;
          case String other ->
              throw CliException.usage(
                  "layers cannot be compressed with `" + other + "`",
                  "write `--compression gzip` or `--compression zstd`");
        });
  }

  private static int build(Arguments arguments, Context context) {
    var file = arguments.path("--file");
    var directory = arguments.path("--directory");
    if (file.isPresent() == directory.isPresent()) {
      throw CliException.usage(
          "an image is built of one definition",
          "give a file with -f FILE, or a saved environment with -d DIR");
    }
    var destinations = arguments.all("--to").stream().map(ImageLocation::parse).toList();
    if (destinations.isEmpty()) {
      throw CliException.usage(
          "nothing says where the image goes", "give `--to`, for instance `--to oci:image:1`");
    }
    var environment =
        directory.isPresent()
            ? SavedDirectory.load(directory.get(), context.progress()::warn)
            : EnvironmentCommands.readAlone("image", file.get(), arguments, context);
    var settings = context.settings();
    var home = TerroirHome.of(settings);
    var wish =
        new DefinitionImages.Wish(
            environment,
            arguments
                .optional("--platform")
                .map(Platform::parse)
                .orElse(DefinitionImages.platformOf(environment)),
            arguments.orNull("--python"),
            file.isPresent() && leavesPythonOpen(environment, file.get()),
            arguments.has("--update"),
            file.or(() -> directory)
                .map(path -> directory.isPresent() ? path : path.toAbsolutePath().getParent())
                .orElse(Path.of(""))
                .toAbsolutePath(),
            arguments.optional("--base").map(ImageLocation::parse).orElse(null),
            options(arguments));
    try (var images =
            new DefinitionImages(
                settings,
                home,
                new LockStore(home.data().resolve("locks")),
                DefaultBases.builtIn(),
                CondaOptions.DEFAULT.withLinkScripts(arguments.all("--allow-link-scripts")),
                () -> Uv.open(settings, home, context.progress()),
                List.of(
                    "name a base with `--base`, for instance `--base oci:DIR:TAG`, or in the"
                        + " definition"));
        var places = new ImagePlaces(settings)) {
      var outcome = toAll(destinations, places, wish, images, context);
      context
          .console()
          .result(
              outcome.image().toJson().toBuilder()
                  .put("sentBytes", outcome.sentBytes())
                  .put("newLayers", outcome.newLayers())
                  .put("isCached", outcome.isCached())
                  .build(),
              "digest",
              "platform",
              "size",
              "sentBytes");
      return 0;
    }
  }

  /// requirements.txt never names a Python, pyproject.toml only a lower bound.
  private static boolean leavesPythonOpen(Environment environment, Path file) {
    var name = file.getFileName().toString();
    return !name.endsWith(".yml")
        && !name.endsWith(".yaml")
        && environment.condaDependencies().isPresent();
  }

  private static ImageBuilder.Outcome toAll(
      List<ImageLocation> destinations,
      ImagePlaces places,
      DefinitionImages.Wish wish,
      DefinitionImages images,
      Context context) {
    var opened = new ArrayList<Destination>();
    try {
      destinations.forEach(location -> opened.add(places.target(location)));
      return images.build(wish, opened, context.progress());
    } finally {
      opened.forEach(it -> it.target().close());
    }
  }

  private static Platform platform(Arguments arguments) {
    return arguments.optional("--platform").map(Platform::parse).orElse(Platform.LINUX_AMD64);
  }

  private static ImageContent content(String text, Platform platform, Context context) {
    try (var places = new ImagePlaces(context.settings());
        var source = places.source(ImageLocation.parse(text))) {
      return ImageContent.read(source, platform);
    }
  }

  private static String one(Arguments arguments) {
    if (arguments.positionals().size() != 1) {
      throw CliException.usage("one image is looked at", "give one reference");
    }
    return arguments.positionals().getFirst();
  }

  private static int inspect(Arguments arguments, Context context) {
    context
        .console()
        .result(
            content(one(arguments), platform(arguments), context).toJson(),
            "digest",
            "platform",
            "size");
    return 0;
  }

  private static int layers(Arguments arguments, Context context) {
    context
        .console()
        .result(
            new JsonValue.JsonArray(content(one(arguments), platform(arguments), context).layers()),
            "digest",
            "size",
            "packages");
    return 0;
  }

  private static int diff(Arguments arguments, Context context) {
    var words = arguments.positionals();
    if (words.size() != 2) {
      throw CliException.usage("two images are compared", "give two references");
    }
    var platform = platform(arguments);
    var before = content(words.get(0), platform, context);
    var after = content(words.get(1), platform, context);
    context.console().result(before.difference(after), "added", "removed", "changed", "newBytes");
    return 0;
  }

  private static int attached(Arguments arguments, Context context, String type) {
    var location = ImageLocation.parse(one(arguments));
    try (var places = new ImagePlaces(context.settings());
        var source = places.source(location)) {
      var subject = ImageContent.read(source, platform(arguments)).descriptor().digest();
      var found = places.referrers(location, subject, type);
      if (found.isEmpty()) {
        throw CliException.usage(
            "nothing of the type `" + type + "` is attached to " + subject,
            "ask where Terroir put the image; an archive in Docker's format cannot hold it");
      }
      var manifest =
          Manifest.read(source.manifest(found.getFirst()), found.getFirst().digest().toString());
      try (var in = source.blob(manifest.layers().getFirst())) {
        context.console().text(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      }
      return 0;
    } catch (IOException e) {
      throw dev.terroir.foundation.FoundationException.ofFile(
          "the attached document cannot be read", Path.of(location.toString()), e);
    }
  }
}

package dev.terroir.client;

import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.Credentials;
import dev.terroir.image.transfer.Copy;
import dev.terroir.image.transfer.Destination;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.Workspace.LocalBuild;
import dev.terroir.workspace.Workspace.LockOptions;
import dev.terroir.workspace.config.WorkspaceDetails;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.EngineDelivery;
import dev.terroir.workspace.images.ImageRecords;
import dev.terroir.workspace.images.WorkspaceImages;
import dev.terroir.workspace.images.WorkspaceRegistry;
import dev.terroir.workspace.locks.LockStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/// Images of a workspace on a server: built there, copied from there, or built of its locks on this
/// machine. Thread-safe.
///
/// @since 0.1
public final class RemoteImages {
  /// Any will do: the server looks at the password.
  private static final String USER = "terroir";

  private static final List<String> BASE_HINTS =
      List.of(
          "name a base in the definition as `docker.baseImage`",
          "`terroir workspace update --default-base {kind}=REF` gives the workspace another",
          "with `--push-image` the server builds the image, with the bases that it can reach");

  private final RemoteWorkspace workspace;
  private final Progress progress;
  private final Supplier<Uv> uv;

  RemoteImages(RemoteWorkspace workspace, Progress progress, Supplier<Uv> uv) {
    this.workspace = workspace;
    this.progress = progress;
    this.uv = uv;
  }

  /// Begins to build an image there.
  ///
  /// @param wish its base, if it has one, must be an image of a registry
  /// @param onlyMissing whether one that is there is taken
  /// @throws ClientException code `not-over-http` when files of this machine are needed
  public RemoteBuild build(DefinitionImages.Wish wish, boolean onlyMissing) {
    var environment = wish.environment();
    refuseFiles(environment);
    var body =
        JsonObject.builder()
            .put("definition", environment.toJson())
            .put("kind", "image")
            .put("platform", wish.platform().toString())
            .put("bytecode", wish.options().bytecode())
            .put("onlyMissing", onlyMissing);
    var compression = wish.options().compression();
    if (compression != null) {
      body.put("compression", compression.name().toLowerCase(Locale.ROOT));
    }
    var base = wish.base();
    if (base != null) {
      if (!(base instanceof ImageLocation.InRegistry)) {
        throw ClientException.notOverHttp(
            "the base `" + base + "` is on this machine, and the server builds the image",
            "name an image of a registry, such as `--base docker.io/library/python:3.12-slim`");
      }
      body.put("base", base.toString());
    }
    var client = workspace.client();
    return new RemoteBuild(
        new RemoteJob(client, client.post("/builds", body.build()).json()), progress);
  }

  /// A definition that names files means those of the caller's machine, which the server has not.
  private static void refuseFiles(Environment environment) {
    if (DefinitionImages.dependsOnFiles(environment)) {
      throw ClientException.notOverHttp(
          "the definition `" + environment.name() + "` names files of this machine",
          "name packages of an index, or give the server the wheel with `add_private_pip_wheel`");
    }
  }

  /// Copies an image from the workspace's registry to where this machine reaches.
  ///
  /// @return what was sent
  public Copy.Report copy(BuiltImage image, ImageLocation location) {
    try (var places = new ImagePlaces(workspace.settings())) {
      return copy(image, places.target(location));
    }
  }

  private Copy.Report copy(BuiltImage image, Destination destination) {
    try (var target = destination.target();
        var places = new ImagePlaces(workspace.settings(), credentials());
        var source = places.source(location(image))) {
      return Copy.with(progress).run(source, target, null, destination.tags());
    }
  }

  /// The server's registry takes a token as the password.
  private CredentialSource credentials() {
    return CredentialSource.of(
        Map.of(workspace.endpoint().host(), Credentials.of(USER, workspace.client().token())));
  }

  /// Where an image can be read: below the server's `/v2/`, or in the workspace's outside registry.
  private ImageLocation location(BuiltImage image) {
    var outside = workspace.details().registry();
    var digest = image.manifest().digest();
    return new ImageLocation.InRegistry(
        outside.isPresent()
            ? ImageReference.parse(outside.get() + "/" + image.repository()).withDigest(digest)
            : new ImageReference(workspace.endpoint().host(), image.repository(), null, digest));
  }

  /// Makes an image in the engine of this machine.
  ///
  /// @param push whether the server builds it, so that its registry has it too; else it is built
  ///   here of the server's lock, and nothing of it is remembered there
  /// @param directory what paths in the definition are relative to
  LocalBuild.InEngine buildInto(Environment environment, boolean push, Path directory) {
    var engine = Engine.forRuns(workspace.settings());
    var folder = folder();
    try {
      return push
          ? delivered(engine, environment, folder)
          : builtHere(engine, environment, directory, folder);
    } finally {
      Trees.delete(folder);
    }
  }

  private Path folder() {
    var cache = TerroirHome.of(workspace.settings()).cache().resolve("images");
    try {
      return Files.createTempDirectory(Files.createDirectories(cache), ".remote-");
    } catch (IOException e) {
      throw FoundationException.ofFile("an image cannot be made ready", cache, e);
    }
  }

  private LocalBuild.InEngine delivered(Engine engine, Environment environment, Path folder) {
    var image =
        build(DefinitionImages.Wish.of(environment, folder), false)
            .waitForCompletion(progress::line)
            .image();
    var layout = new OciLayout(folder.resolve("layout"));
    copy(image, new Destination(layout.target(), List.of()));
    var delivered =
        new EngineDelivery(new WorkspaceRegistry.Own(layout), engine).deliver(image, progress);
    return new LocalBuild.InEngine(engine.kind(), delivered.name(), image, true);
  }

  private LocalBuild.InEngine builtHere(
      Engine engine, Environment environment, Path directory, Path folder) {
    var wish = DefinitionImages.Wish.of(environment, directory);
    var details = workspace.details();
    var locks = new LockStore(folder.resolve("locks"));
    if (!environment.python().userManagedDependencies()) {
      locks.get(CanonicalForm.hash(environment), wish.platform(), null, false, () -> lock(wish));
    }
    var local = images(details, locks, folder).buildInto(engine, wish, progress);
    return new LocalBuild.InEngine(engine.kind(), local.delivered().name(), local.image(), false);
  }

  private Lock lock(DefinitionImages.Wish wish) {
    return workspace
        .lock(
            wish.environment(),
            new LockOptions(wish.platform(), null, false, wish.directory(), List.of()),
            progress)
        .lock();
  }

  private WorkspaceImages images(WorkspaceDetails details, LockStore locks, Path folder) {
    var settings = workspace.settings();
    var bases = details.bases();
    return new WorkspaceImages(
        new ImageRecords(folder.resolve("images"), Clock.systemUTC()),
        new WorkspaceRegistry.Own(new OciLayout(folder.resolve("registry"))),
        locks,
        bases,
        Clock.systemUTC(),
        details.conda().linkScripts(),
        () ->
            new DefinitionImages(
                settings, TerroirHome.of(settings), locks, bases, details.conda(), uv, BASE_HINTS));
  }
}

package dev.terroir.workspace.images;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.serve.RegistryEndpoint;
import dev.terroir.image.serve.ServedRepository;
import java.util.List;
import java.util.Optional;

/// Brings images of a workspace into a container engine: the engine pulls the layers that it lacks
/// from where the images are. The workspace's own registry is served on this machine for as long as
/// that takes; an outside one is asked by the engine itself, with the credentials that it has.
/// Immutable and thread-safe.
///
/// @since 0.1
public final class EngineDelivery {
  private final WorkspaceRegistry registry;
  private final Engine engine;

  /// @param registry the workspace's
  /// @param engine receives the images
  public EngineDelivery(WorkspaceRegistry registry, Engine engine) {
    this.registry = registry;
    this.engine = engine;
  }

  /// What an image is called in the engine.
  ///
  /// @param name an id that names these bytes and no others
  /// @param isPresent whether the engine held it already
  public record Delivered(String name, boolean isPresent) {}

  /// Brings an image, unless the engine holds it.
  ///
  /// @throws ImageException code `engine-failed`
  public Delivered deliver(BuiltImage image, Progress progress) {
    var manifest = image.manifest().digest();
    // Engines know an image by its configuration, Docker's newer store by its manifest.
    var ids = List.of(configuration(image).toString(), manifest.toString());
    var present = present(ids);
    if (present.isPresent()) {
      return new Delivered(present.get(), true);
    }
    return switch (registry) {
      case WorkspaceRegistry.Own(var layout) -> fromLayout(layout, image, ids, progress);
      case WorkspaceRegistry.Outside outside -> {
        var name = outside.reference(image).toString();
        try {
          engine.pull(name, progress);
        } catch (ImageException e) {
          throw new ImageException(
              e.problem()
                  .hint(
                      "the engine needs credentials of its own where the registry asks for them: `"
                          + engine.kind().program()
                          + " login "
                          + outside.reference(image).domain()
                          + "`"),
              e);
        }
        yield new Delivered(present(ids).orElse(name), false);
      }
    };
  }

  private Delivered fromLayout(
      OciLayout layout, BuiltImage image, List<String> ids, Progress progress) {
    var name = "localhost/" + image.repository() + ":latest";
    try (var endpoint =
        RegistryEndpoint.start(asked ->
            asked.equals(image.repository())
                ? Optional.of(new ServedRepository(layout, image.repository()))
                : Optional.empty())) {
      var pulled = endpoint.address() + "/" + image.repository() + "@" + image.manifest().digest();
      engine.pull(pulled, progress);
      // The registry's address is of this moment only.
      engine.tag(pulled, name);
      var id = present(ids).orElse(name);
      engine.remove(pulled);
      return new Delivered(id, false);
    }
  }

  private Optional<String> present(List<String> ids) {
    return ids.stream().filter(engine::exists).findFirst();
  }

  private Digest configuration(BuiltImage image) {
    try (var source = registry.source(image)) {
      var manifest = image.manifest();
      return Manifest.read(source.manifest(manifest), manifest.digest().toString())
          .config()
          .digest();
    }
  }
}

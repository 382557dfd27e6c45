package dev.terroir.workspace.images;

import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.base.GpuRule;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.transfer.Destination;
import dev.terroir.lock.Lock;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import dev.terroir.workspace.locks.LockStore;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The images of a workspace and the registry that holds them, its own or an outside one: images
/// are named `azureml/azureml_<hash>:latest` and, by the number of the build, `…:<number>`; those
/// of another platform than the definition's say it after the tag, as in `…:latest-linux-arm64`.
/// Thread-safe.
///
/// @since 0.1
public final class WorkspaceImages {
  /// In how many other repositories of an outside registry a layer is looked for.
  private static final int MOUNTED = 2;

  private final ImageRecords records;
  private final WorkspaceRegistry registry;
  private final LockStore locks;
  private final DefaultBases defaults;
  private final Clock clock;
  private final List<String> linkScripts;
  private final Supplier<DefinitionImages> builder;

  /// @param defaults bases of definitions that name none
  /// @param linkScripts names of conda packages whose link scripts are run
  /// @param builder opened only when something has to be built; closed after each build
  public WorkspaceImages(
      ImageRecords records,
      WorkspaceRegistry registry,
      LockStore locks,
      DefaultBases defaults,
      Clock clock,
      List<String> linkScripts,
      Supplier<DefinitionImages> builder) {
    this.records = records;
    this.registry = registry;
    this.locks = locks;
    this.defaults = defaults;
    this.clock = clock;
    this.linkScripts = List.copyOf(linkScripts);
    this.builder = builder;
  }

  /// What is remembered.
  public ImageRecords records() {
    return records;
  }

  /// Where the images are.
  public WorkspaceRegistry registry() {
    return registry;
  }

  /// The image that a wish asks for, if it was built and is still in the registry. One look-up.
  /// Where no base and nothing particular is asked for, however it was built will do, but for one
  /// on a default base that is the default no more; where files beside the definition count too,
  /// what they are now has to be looked at, so nothing is found. Nor is one whose link scripts ran,
  /// or did not, where the workspace decides otherwise by now.
  public Optional<Recorded> find(DefinitionImages.Wish wish) {
    if (wish.base() == null && DefinitionImages.dependsOnFiles(wish.environment())) {
      return Optional.empty();
    }
    return find(wish.environment(), wish.platform()).filter(it -> isWished(wish, it));
  }

  private boolean isWished(DefinitionImages.Wish wish, Recorded it) {
    var base = wish.base();
    return it.image().platform().equals(wish.platform())
        && (base == null
            ? !it.isOnDefaultBase() || isOnPresentDefault(wish, it.image())
            : it.image().baseReference().equals(base.toString()))
        && (wish.options().equals(ImageBuilder.Options.DEFAULT)
            || isBuiltAs(it.image(), wish.options()))
        && it.image().isBuiltWithLinkScripts(linkScripts);
  }

  /// Builds are kept by definition, so a wish is all that is not the definition.
  ///
  /// @param made what is built when nothing serves the wish
  private WorkspaceBuild.Asked asked(DefinitionImages.Wish wish, DefinitionImages.Wish made) {
    var text =
        JsonObject.builder()
            .put("platform", made.platform().toString())
            .put("python", String.valueOf(made.pythonVersion()))
            .put("pythonOfBase", made.takesPythonOfBase())
            .put("update", made.update())
            .put("directory", made.directory().toAbsolutePath().normalize().toString())
            .put("base", String.valueOf(made.base()))
            .put("options", made.options().toString())
            .put("linkScripts", linkScripts);
    return new WorkspaceBuild.Asked(
        JsonWriter.compact(text.build()), recorded -> isWished(wish, recorded));
  }

  private boolean isOnPresentDefault(DefinitionImages.Wish wish, BuiltImage image) {
    var lock = locks.find(image.definitionHash(), image.platform(), null);
    var python = lock.map(Lock::pythonVersion).orElseGet(() -> DefinitionImages.pythonOf(wish));
    return ImageLocation.parse(defaultBase(wish.environment(), lock.orElse(null), python))
        .toString()
        .equals(image.baseReference());
  }

  private String defaultBase(Environment environment, @Nullable Lock lock, String python) {
    return defaults.reference(
        DefaultBases.Kind.of(
            lock != null && GpuRule.builtIn().isNeeded(lock),
            DefinitionImages.needsPython(environment)),
        python);
  }

  private static boolean isBuiltAs(BuiltImage image, ImageBuilder.Options options) {
    var compression = options.compression();
    if (compression == null) {
      return image.bytecode() == options.bytecode();
    }
    return image.bytecode() == options.bytecode()
        && image.layers().stream()
            .allMatch(layer -> layer.blob().mediaType().equals(compression.mediaType()));
  }

  private Optional<Recorded> find(Environment environment, Platform platform) {
    return records
        .find(CanonicalForm.hash(environment), platform)
        .filter(it -> registry.holds(it.image()));
  }

  /// The image of a definition: the one that is there, else built.
  ///
  /// @param wish what to build when there is none
  public ImageBuild get(DefinitionImages.Wish wish, Progress progress) {
    return WorkspaceBuild.start(
        records,
        CanonicalForm.hash(wish.environment()),
        clock,
        progress,
        asked(wish, wish),
        logged -> find(wish).orElseGet(() -> make(wish, logged)));
  }

  /// Builds a definition's image, as `Environment.build` of the retired service: one that has an
  /// image already is resolved anew, so that its unpinned packages may move. A lock that was
  /// imported stays until somebody asks for another.
  public ImageBuild build(DefinitionImages.Wish wish, Progress progress) {
    var isThere = find(wish.environment(), wish.platform()).isPresent();
    var isImported =
        locks.isImported(
            CanonicalForm.hash(wish.environment()), wish.platform(), wish.pythonVersion());
    if (isThere && isImported) {
      progress.step(
          "taking the lock that was imported; `terroir environment lock --update` resolves anew");
    }
    var made = isThere && !isImported ? wish.updated() : wish;
    return WorkspaceBuild.start(
        records,
        CanonicalForm.hash(wish.environment()),
        clock,
        progress,
        asked(wish, made),
        logged -> make(made, logged));
  }

  /// An image that an engine got and no registry has.
  ///
  /// @param image what it is
  /// @param delivered what the engine calls it
  public record Local(BuiltImage image, EngineDelivery.Delivered delivered) {}

  /// Builds a definition's image for an engine alone; nothing of it is remembered here.
  public Local buildInto(Engine engine, DefinitionImages.Wish wish, Progress progress) {
    var hash = CanonicalForm.hash(wish.environment());
    var folder = records.directory(hash);
    AtomicFiles.sweep(folder);
    var layout = new OciLayout(AtomicFiles.temporaryBeside(folder.resolve("local")));
    try (var images = builder.get();
        var target = layout.target()) {
      var image = images.build(wish, List.of(new Destination(target, List.of())), progress).image();
      return new Local(
          image,
          new EngineDelivery(new WorkspaceRegistry.Own(layout), engine).deliver(image, progress));
    } finally {
      Trees.delete(layout.directory());
    }
  }

  private Recorded make(DefinitionImages.Wish wish, Progress progress) {
    var repository = DefinitionImages.repositoryOf(CanonicalForm.hash(wish.environment()));
    // Each platform has its own row of numbers; the definition's own needs no word in the tag.
    var suffix =
        wish.platform().equals(DefinitionImages.platformOf(wish.environment()))
            ? ""
            : "-" + wish.platform().toString().replace('/', '-');
    var latest = registry.tag(repository, "latest" + suffix);
    try (var images = builder.get();
        var target = registry.target(repository, records.recent(MOUNTED))) {
      var outcome = images.build(wish, List.of(new Destination(target, List.of(latest))), progress);
      var recorded =
          records.add(outcome.image(), BaseChoice.of(wish, defaults) instanceof BaseChoice.Default);
      var manifest = outcome.image().manifest();
      try (var source = registry.source(outcome.image())) {
        target.putManifest(
            manifest,
            source.manifest(manifest),
            List.of(latest, registry.tag(repository, recorded.number() + suffix)));
      }
      progress.line(
          "image "
              + registry.name(recorded.image())
              + ": "
              + outcome.newLayers()
              + " layers made, "
              + outcome.sentBytes()
              + " bytes written");
      return recorded;
    }
  }

  /// What is known of a definition's image; nothing is built.
  public DockerImageDetails details(Environment environment) {
    var hash = CanonicalForm.hash(environment);
    var platform = DefinitionImages.platformOf(environment);
    var found = find(environment, platform);
    var isUserManaged = environment.python().userManagedDependencies();
    var lock = locks.find(hash, platform, null).orElse(null);
    var image = found.map(Recorded::image).orElse(null);
    var base =
        image != null
            ? image.baseReference()
            : Optional.ofNullable(environment.docker().baseImage())
                .filter(name -> !defaults.isRetiredDefault(name))
                .orElseGet(() ->
                    defaultBase(environment, lock, lock == null ? "3" : lock.pythonVersion()));
    return new DockerImageDetails(
        image != null,
        registry.repository(DefinitionImages.repositoryOf(hash)),
        registry.address().orElse(null),
        image == null ? null : image.manifest().digest().toString(),
        dockerfile(
            environment,
            base,
            image == null ? null : image.baseDigest().toString(),
            isUserManaged ? null : lock),
        isUserManaged ? null : "/opt/env",
        isUserManaged ? environment.python().interpreterPath() : "/opt/env/bin/python");
  }

  /// A Dockerfile that gives an equivalent image by hand.
  private static String dockerfile(
      Environment environment, String base, @Nullable String digest, @Nullable Lock lock) {
    var text = new StringBuilder();
    var own = BaseChoice.dockerfile(environment.docker());
    if (own.isPresent()) {
      text.append(own.get().byHand());
    } else {
      var name = base.startsWith("docker://") ? base.substring(9) : base;
      text.append("FROM ")
          .append(name)
          .append(digest == null || name.contains("@") ? "" : "@" + digest)
          .append('\n');
    }
    text.append("USER root\nWORKDIR /\n");
    if (!environment.python().userManagedDependencies()) {
      if (lock == null) {
        text.append("# not locked yet: `terroir environment lock` says which packages these are\n");
      } else {
        condaByHand(lock, text);
        text.append("COPY <<'LOCK' /tmp/requirements.txt\n");
        for (var item : lock.packages()) {
          if (item.commit().isPresent()) {
            continue;
          }
          text.append(item.name())
              .append("==")
              .append(item.version())
              .append(" --hash=sha256:")
              .append(item.artifact().sha256())
              .append('\n');
        }
        text.append("LOCK\n")
            .append(
                lock.conda().python().isPresent()
                    ? "RUN \\\n"
                    : "RUN python3 -m venv /opt/env && \\\n")
            .append("    /opt/env/bin/pip install --no-cache-dir --no-deps --require-hashes")
            .append(" -r /tmp/requirements.txt\n");
        for (var item : lock.packages()) {
          if (item.commit().isPresent()) {
            text.append("RUN /opt/env/bin/pip install --no-cache-dir --no-deps '")
                .append(item.name())
                .append(" @ ")
                .append(item.url())
                .append("'\n");
          }
        }
      }
      text.append("ENV PATH=/opt/env/bin:$PATH\n")
          .append(
              lock != null && !lock.conda().packages().isEmpty()
                  ? "ENV CONDA_PREFIX=/opt/env\n"
                  : "ENV VIRTUAL_ENV=/opt/env\n")
          .append("ENV AZUREML_CONDA_ENVIRONMENT_PATH=/opt/env\n")
          .append("ENV LD_LIBRARY_PATH=/opt/env/lib:$LD_LIBRARY_PATH\n");
    }
    return text.append("ENV AZUREML_ENVIRONMENT_IMAGE=True\n").toString();
  }

  /// The conda packages, as an explicit list that conda and micromamba read.
  private static void condaByHand(Lock lock, StringBuilder text) {
    if (lock.conda().packages().isEmpty()) {
      return;
    }
    text.append("# needs `micromamba` in the base\n").append("COPY <<'LIST' /tmp/explicit.txt\n");
    text.append("@EXPLICIT\n");
    for (var item : lock.conda().packages()) {
      text.append(item.url())
          .append('#')
          .append(item.sha256() == null ? item.md5() : item.sha256());
      text.append('\n');
    }
    text.append("LIST\nRUN micromamba create --yes --prefix /opt/env --file /tmp/explicit.txt\n");
  }
}

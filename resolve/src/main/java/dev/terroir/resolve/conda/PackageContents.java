package dev.terroir.resolve.conda;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the paths inside conda packages tell: the Python distributions among them, and whether one
/// leads out of the prefix. Read from a package once, by a ranged request where the server allows
/// one, and kept by the archive's digest.
///
/// Spec: Python packaging, "Recording installed projects": `NAME-VERSION.dist-info`; setuptools'
/// `NAME-VERSION[-pyX.Y].egg-info`; conda-build, `info/paths.json`.
final class PackageContents {
  private static final Pattern METADATA =
      Pattern.compile(
          "(?:^|.*/)(?:site-packages/)"
              + "([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([^-/]+)"
              + "(?:-py[0-9.]+)?\\.(dist-info|egg-info)(?:/METADATA|/PKG-INFO)?");

  private final CondaAccess access;
  private final Rattler rattler;
  private final Path cache;

  PackageContents(CondaAccess access, Rattler rattler) {
    this.access = access;
    this.rattler = rattler;
    this.cache = access.home().cache().resolve("conda/contents");
  }

  /// @param wayOut a path that leads out of the prefix, or null
  private record Content(List<CondaPackage.Distribution> distributions, @Nullable String wayOut) {}

  /// The packages with the distributions that they bring. Where they cannot be read, their names
  /// stand for them, and that is said.
  List<CondaPackage> complete(List<CondaPackage> packages, Progress progress) {
    var asked = packages.stream().filter(PackageContents::mayBring).toList();
    Map<String, List<CondaPackage.Distribution>> found = new LinkedHashMap<>();
    try {
      of(asked, progress).forEach((url, content) -> found.put(url, content.distributions()));
    } catch (ResolveException e) {
      progress.warn(
          "what conda's packages bring is taken from their names, because a package cannot be read:"
              + " "
              + e.problem().what());
      for (var item : asked) {
        found.put(
            item.url(),
            List.of(
                new CondaPackage.Distribution(
                    DistributionName.normalized(item.name()), item.version())));
      }
    }
    return packages.stream()
        .map(item -> item.withDistributions(found.getOrDefault(item.url(), List.of())))
        .toList();
  }

  private static boolean mayBring(CondaPackage item) {
    return item.isNoarchPython()
        || item.depends().stream().anyMatch(spec -> spec.matches("python(\\s.*)?"));
  }

  /// Judges what packages want to write, before rattler links any of them: it takes
  /// `info/paths.json` at its word and would follow `..` out of the prefix.
  ///
  /// @throws ResolveException code `conda-archive` for a path that leads out of the prefix
  void check(List<CondaPackage> packages, Progress progress) {
    var contents = of(packages, progress);
    for (var item : packages) {
      var content = contents.get(item.url());
      if (content != null && content.wayOut() != null) {
        throw new ResolveException(
            refused(item.title(), item.url())
                .because(
                    "it wants to write `"
                        + content.wayOut()
                        + "`, which leads out of the environment"));
      }
    }
  }

  /// A package that is not linked.
  ///
  /// @param name how it is called in the message
  /// @param url without credentials
  static Problem refused(String name, String url) {
    return Problem.of(ResolveCode.CONDA_ARCHIVE, "the conda package " + name + " is refused")
        .at(Place.of(url))
        .hint("nothing was installed; tell whoever looks after the channel");
  }

  /// The contents by URL.
  private Map<String, Content> of(List<CondaPackage> packages, Progress progress) {
    var found = new LinkedHashMap<String, Content>();
    var unknown = new ArrayList<CondaPackage>();
    for (var item : packages) {
      kept(item)
          .ifPresentOrElse(content -> found.put(item.url(), content), () -> unknown.add(item));
    }
    if (unknown.isEmpty()) {
      return found;
    }
    progress.step(
        "reading what "
            + unknown.size()
            + (unknown.size() == 1 ? " conda package holds" : " conda packages hold"));
    var paths =
        rattler
            .call(
                access
                    .fetching(unknown.stream().map(CondaPackage::channel).distinct().toList())
                    .toBuilder()
                    .put("operation", "contents")
                    .put("urls", unknown.stream().map(CondaPackage::url).toList())
                    .build(),
                "conda packages cannot be read",
                List.of(),
                progress)
            .optionalObject("paths")
            .orElse(JsonObject.EMPTY);
    for (var item : unknown) {
      var all = paths.strings(item.url());
      var wayOut = all.stream().filter(PackageContents::leadsOut).findFirst().orElse(null);
      var content = new Content(distributions(all), wayOut);
      keep(item, content);
      found.put(item.url(), content);
    }
    return found;
  }

  /// The distributions that paths of a package tell of.
  private static List<CondaPackage.Distribution> distributions(List<String> paths) {
    var found = new TreeMap<String, String>();
    for (var path : paths) {
      var matcher = METADATA.matcher(path);
      if (matcher.matches()) {
        found.put(DistributionName.normalized(matcher.group(1)), matcher.group(2));
      }
    }
    return found.entrySet().stream()
        .map(entry -> new CondaPackage.Distribution(entry.getKey(), entry.getValue()))
        .toList();
  }

  /// Whether a path is absolute or has a part that leads up.
  private static boolean leadsOut(String path) {
    return path.startsWith("/")
        || path.contains("\\")
        || path.indexOf('\0') >= 0
        || Arrays.asList(path.split("/")).contains("..");
  }

  private Path file(CondaPackage item) {
    return cache.resolve(item.digest().replace(':', '-') + ".json");
  }

  private Optional<Content> kept(CondaPackage item) {
    if (!Files.isRegularFile(file(item))) {
      return Optional.empty();
    }
    try {
      var json = JsonReader.readObject(file(item));
      return Optional.of(
          new Content(
              json.objects("distributions").stream()
                  .map(one ->
                      new CondaPackage.Distribution(one.string("name"), one.string("version")))
                  .toList(),
              json.optionalString("wayOut").orElse(null)));
    } catch (FoundationException e) {
      // Damaged; read from the package again.
      return Optional.empty();
    }
  }

  private void keep(CondaPackage item, Content content) {
    AtomicFiles.writeCached(
        file(item),
        JsonWriter.compact(
            JsonObject.builder()
                .put(
                    "distributions",
                    new JsonValue.JsonArray(
                        content.distributions().stream()
                            .<JsonValue>map(one ->
                                JsonObject.builder()
                                    .put("name", one.name())
                                    .put("version", one.version())
                                    .build())
                            .toList()))
                .put("wayOut", content.wayOut())
                .build()));
  }
}

package dev.terroir.resolve.conda;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.resolve.ResolveException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The Python distributions inside conda packages, told by the metadata folders among their paths.
/// What was found is kept by the archive's digest.
///
/// Spec: Python packaging, "Recording installed projects": `NAME-VERSION.dist-info`; setuptools'
/// `NAME-VERSION[-pyX.Y].egg-info`.
final class Distributions {
  private static final Pattern METADATA =
      Pattern.compile(
          "(?:^|.*/)(?:site-packages/)"
              + "([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([^-/]+)"
              + "(?:-py[0-9.]+)?\\.(dist-info|egg-info)(?:/METADATA|/PKG-INFO)?");

  private final Path cache;
  private final Rattler rattler;

  Distributions(TerroirHome home, Rattler rattler) {
    this.cache = home.cache().resolve("conda/distributions");
    this.rattler = rattler;
  }

  /// The packages with what they bring, where they can bring some.
  ///
  /// @param access the request's part that says how to fetch
  List<CondaPackage> complete(List<CondaPackage> packages, JsonObject access, Progress progress) {
    var found = new LinkedHashMap<String, List<CondaPackage.Distribution>>();
    var asked = new ArrayList<String>();
    for (var item : packages) {
      if (mayBring(item)) {
        var known = cached(item);
        if (known == null) {
          asked.add(item.url());
        } else {
          found.put(item.url(), known);
        }
      }
    }
    if (!asked.isEmpty()) {
      progress.step("reading which Python distributions " + asked.size() + " conda packages bring");
      found.putAll(ask(asked, access, packages, progress));
    }
    return packages.stream()
        .map(item -> item.withDistributions(found.getOrDefault(item.url(), List.of())))
        .toList();
  }

  private static boolean mayBring(CondaPackage item) {
    return item.isNoarchPython()
        || item.depends().stream().anyMatch(spec -> spec.matches("python(\\s.*)?"));
  }

  private Map<String, List<CondaPackage.Distribution>> ask(
      List<String> urls, JsonObject access, List<CondaPackage> packages, Progress progress) {
    var found = new LinkedHashMap<String, List<CondaPackage.Distribution>>();
    JsonObject paths;
    try {
      paths =
          rattler
              .call(
                  access.toBuilder().put("operation", "contents").put("urls", urls).build(),
                  "conda packages cannot be read",
                  List.of(),
                  progress)
              .optionalObject("paths")
              .orElse(JsonObject.EMPTY);
    } catch (ResolveException e) {
      progress.warn(
          "what conda's packages bring is taken from their names, because a package cannot be read:"
              + " "
              + e.problem().what());
      for (var item : packages) {
        if (urls.contains(item.url())) {
          found.put(
              item.url(),
              List.of(
                  new CondaPackage.Distribution(
                      DistributionName.normalized(item.name()), item.version())));
        }
      }
      return found;
    }
    for (var item : packages) {
      if (urls.contains(item.url())) {
        var bring = in(paths.strings(item.url()));
        keep(item, bring);
        found.put(item.url(), bring);
      }
    }
    return found;
  }

  /// The distributions that paths of a package tell of.
  static List<CondaPackage.Distribution> in(List<String> paths) {
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

  private Path file(CondaPackage item) {
    return cache.resolve(item.digest().replace(':', '-') + ".json");
  }

  private @Nullable List<CondaPackage.Distribution> cached(CondaPackage item) {
    if (!Files.isRegularFile(file(item))) {
      return null;
    }
    try {
      return JsonReader.readObject(file(item)).objects("distributions").stream()
          .map(one -> new CondaPackage.Distribution(one.string("name"), one.string("version")))
          .toList();
    } catch (FoundationException e) {
      // Damaged; read from the package again.
      return null;
    }
  }

  private void keep(CondaPackage item, List<CondaPackage.Distribution> bring) {
    AtomicFiles.writeCached(
        file(item),
        JsonWriter.compact(
            JsonObject.builder()
                .put(
                    "distributions",
                    new JsonValue.JsonArray(
                        bring.stream()
                            .<JsonValue>map(one ->
                                JsonObject.builder()
                                    .put("name", one.name())
                                    .put("version", one.version())
                                    .build())
                            .toList()))
                .build()));
  }
}

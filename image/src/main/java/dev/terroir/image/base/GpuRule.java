package dev.terroir.image.base;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.Locked;
import dev.terroir.lock.LockedPackage;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which locked packages call for a GPU. Immutable; kept as data.
///
/// @param patterns any of which a package may match
/// @since 0.1
public record GpuRule(List<PackagePattern> patterns) {

  /// Conda packages that programs for a GPU run on.
  private static final Set<String> CUDA =
      Set.of(
          "cudatoolkit", "cuda-cudart", "cuda-runtime", "cudnn", "pytorch-cuda", "tensorflow-gpu");

  /// A pattern of packages; `*` is any text, `?` one character.
  ///
  /// @param name of the normalised project name
  /// @param localVersion of what follows `+` in the version; `*` for any version, with or without
  public record PackagePattern(String name, String localVersion) {
    boolean matches(LockedPackage item) {
      var plus = item.version().indexOf('+');
      return Glob.matches(name, item.name())
          && (localVersion.equals("*")
              || (plus >= 0 && Glob.matches(localVersion, item.version().substring(plus + 1))));
    }
  }

  /// Copies the list.
  public GpuRule {
    patterns = List.copyOf(patterns);
  }

  /// The rule that Terroir comes with.
  public static GpuRule builtIn() {
    return parse(DefaultBases.resource("gpu-rule.json"));
  }

  /// Reads it from JSON.
  ///
  /// @throws dev.terroir.foundation.FoundationException when a field is missing
  public static GpuRule parse(JsonObject json) {
    return new GpuRule(
        json.objects("packages").stream()
            .map(entry ->
                new PackagePattern(
                    entry.string("name"), entry.optionalString("localVersion").orElse("*")))
            .toList());
  }

  /// The first package that calls for a GPU, to say why: one of the index that the patterns name,
  /// or one of conda that asks for a driver, or is a part of CUDA.
  public Optional<Locked> find(Lock lock) {
    return lock.everything().stream()
        .filter(item ->
            switch (item) {
              case LockedPackage wheel ->
                  patterns.stream().anyMatch(pattern -> pattern.matches(wheel));
              case CondaPackage conda -> needsDriver(conda);
            })
        .findFirst();
  }

  private static boolean needsDriver(CondaPackage item) {
    return CUDA.contains(item.name())
        || item.depends().stream().anyMatch(spec -> spec.strip().startsWith("__cuda"));
  }

  /// Whether the packages call for a GPU.
  public boolean isNeeded(Lock lock) {
    return find(lock).isPresent();
  }
}

package dev.terroir.image.base;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.util.List;
import java.util.Optional;

/// Which locked packages call for a GPU. Immutable; kept as data.
///
/// @param patterns any of which a package may match
/// @since 0.1
public record GpuRule(List<PackagePattern> patterns) {

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

  /// The first package that calls for a GPU, to say why.
  public Optional<LockedPackage> find(Lock lock) {
    return lock.packages().stream()
        .filter(item -> patterns.stream().anyMatch(pattern -> pattern.matches(item)))
        .findFirst();
  }

  /// Whether the packages call for a GPU.
  public boolean isNeeded(Lock lock) {
    return find(lock).isPresent();
  }
}

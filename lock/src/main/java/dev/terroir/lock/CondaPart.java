package dev.terroir.lock;

import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The conda side of a lock. Immutable; packages are sorted by name.
///
/// @param specs match specs that were asked for, in order
/// @param channels URLs of the channels, without credentials, highest priority first
/// @param channelPriority `strict`, `flexible` or `disabled`
/// @param virtualPackages what the machine was taken to offer, as `__glibc=2.36=0`, sorted
/// @param packages what is installed
/// @param fromIndex conda names that were taken from the Python index instead, each with the
///   project that stands for it there; empty unless the workspace's `conda.source` is `pypi`
/// @since 0.1
public record CondaPart(
    List<String> specs,
    List<String> channels,
    String channelPriority,
    List<String> virtualPackages,
    List<CondaPackage> packages,
    Map<String, String> fromIndex) {
  /// That of a lock without conda packages.
  public static final CondaPart NONE =
      new CondaPart(List.of(), List.of(), "strict", List.of(), List.of(), Map.of());

  /// Sorts and copies.
  public CondaPart {
    specs = List.copyOf(specs);
    channels = List.copyOf(channels);
    virtualPackages = virtualPackages.stream().sorted().toList();
    packages = packages.stream().sorted((a, b) -> a.name().compareTo(b.name())).toList();
    fromIndex = java.util.Collections.unmodifiableMap(new TreeMap<>(fromIndex));
  }

  /// That of a lock whose conda names were taken from the Python index.
  ///
  /// @param specs match specs that were asked for
  /// @param projects conda names with the projects that stand for them
  public static CondaPart fromIndex(List<String> specs, Map<String, String> projects) {
    return new CondaPart(specs, List.of(), "strict", List.of(), List.of(), projects);
  }

  /// Whether the lock has no conda package and no conda name that the index stands for.
  public boolean isEmpty() {
    return packages.isEmpty() && fromIndex.isEmpty();
  }

  /// The package of a name.
  public Optional<CondaPackage> find(String name) {
    return packages.stream().filter(item -> item.name().equals(name)).findFirst();
  }

  /// The interpreter, when conda brings it.
  public Optional<CondaPackage> python() {
    return find("python");
  }

  /// The text of `conda-meta/history`: what was asked for and what was linked. It bears the date
  /// that everything in a layer has, so that the same lock gives the same text.
  ///
  /// Spec: conda, `History`.
  ///
  /// @param command what is said to have made it
  public String history(String command) {
    var text = new StringBuilder("==> 1980-01-02 00:00:00 <==\n# cmd: " + command + "\n");
    for (var item : packages) {
      text.append('+')
          .append(item.channel().substring(item.channel().lastIndexOf('/') + 1))
          .append('/')
          .append(item.subdir())
          .append("::")
          .append(item.stem())
          .append('\n');
    }
    if (!specs.isEmpty()) {
      text.append("# update specs: ")
          .append(JsonWriter.compact(JsonValue.JsonArray.ofStrings(specs)))
          .append('\n');
    }
    return text.toString();
  }
}

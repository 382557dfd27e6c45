package dev.terroir.lock.exchange;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The content of another tool's lock, with all its environments and platforms. Immutable; equality
/// does not count where things stood in the file.
///
/// @param format what it was read from
/// @param version the format's version, 1 for formats without
/// @param platforms what it was made for, in order
/// @param environments in order, at least one
/// @param unused packages that the file describes and no environment uses
/// @param more what else the format says, as read
/// @since 0.1
public record LockDocument(
    Format format,
    long version,
    List<PlatformEntry> platforms,
    List<EnvironmentEntry> environments,
    List<LockEntry> unused,
    JsonObject more) {
  /// The environment of a file that names none, and the first one of others.
  public static final String DEFAULT = "default";

  /// The category of conda-lock that every environment has.
  public static final String MAIN = "main";

  /// The formats.
  public enum Format {
    /// An `@EXPLICIT` list.
    EXPLICIT("conda-explicit", "an explicit list of conda packages"),
    /// `conda-lock.yml`, and rattler's lock up to version 3.
    CONDA_LOCK("conda-lock", "a lock of conda-lock"),
    /// `pixi.lock`, rattler's lock from version 4 on.
    PIXI("pixi", "a lock of pixi"),
    /// The JSON lock of mambajs.
    MAMBAJS("mambajs", "a lock of mambajs");

    private final String id;
    private final String title;

    Format(String id, String title) {
      this.id = id;
      this.title = title;
    }

    /// What it is called on the command line.
    public String id() {
      return id;
    }

    /// What a person is told that a file is.
    public String title() {
      return title;
    }
  }

  /// A platform.
  ///
  /// @param name what environments call it, the subdir in most files
  /// @param subdir such as `linux-64`
  /// @param virtualPackages what its machines offer
  /// @param more what else the format says
  public record PlatformEntry(
      String name, String subdir, List<String> virtualPackages, JsonObject more) {
    /// Copies the list.
    public PlatformEntry {
      virtualPackages = List.copyOf(virtualPackages);
    }

    static PlatformEntry of(String subdir) {
      return new PlatformEntry(subdir, subdir, List.of(), JsonObject.EMPTY);
    }
  }

  /// A channel.
  ///
  /// @param url its URL or name, without credentials
  /// @param more what else the format says
  public record Channel(String url, JsonObject more) {}

  /// An environment.
  ///
  /// @param name its name; of conda-lock, the category
  /// @param channels highest priority first
  /// @param indexes URLs of Python indexes
  /// @param packages by name of the platform, in the file's order
  /// @param more what else the format says
  public record EnvironmentEntry(
      String name,
      List<Channel> channels,
      List<String> indexes,
      Map<String, List<Use>> packages,
      JsonObject more) {
    /// Copies the collections.
    public EnvironmentEntry {
      channels = List.copyOf(channels);
      indexes = List.copyOf(indexes);
      var copy = new LinkedHashMap<String, List<Use>>();
      packages.forEach((platform, uses) -> copy.put(platform, List.copyOf(uses)));
      packages = Collections.unmodifiableMap(copy);
    }
  }

  /// A package that an environment has.
  ///
  /// @param entry the package
  /// @param more what the environment says of it, such as its extras
  /// @param place where it stands, which does not count in comparisons
  public record Use(LockEntry entry, JsonObject more, Place place) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Use use && entry.equals(use.entry) && more.equals(use.more);
    }

    @Override
    public int hashCode() {
      return entry.hashCode();
    }
  }

  /// Copies the lists.
  public LockDocument {
    platforms = List.copyOf(platforms);
    environments = List.copyOf(environments);
    unused = List.copyOf(unused);
  }

  /// The environment of a name.
  public Optional<EnvironmentEntry> environment(String name) {
    return environments.stream().filter(item -> item.name().equals(name)).findFirst();
  }

  /// The platform of a name.
  public Optional<PlatformEntry> platform(String name) {
    return platforms.stream().filter(item -> item.name().equals(name)).findFirst();
  }

  /// All that an environment installs on a platform: a category of conda-lock comes on top of
  /// `main`.
  public List<Use> uses(String environment, String platform) {
    var uses = new ArrayList<Use>();
    if (format == Format.CONDA_LOCK && !environment.equals(MAIN)) {
      environment(MAIN).ifPresent(main -> add(main, platform, uses));
    }
    environment(environment).ifPresent(chosen -> add(chosen, platform, uses));
    return List.copyOf(uses);
  }

  private static void add(EnvironmentEntry environment, String platform, List<Use> uses) {
    for (var use : environment.packages().getOrDefault(platform, List.of())) {
      if (!uses.contains(use)) {
        uses.add(use);
      }
    }
  }

  /// How many packages its environments have, each counted once for every platform.
  public int size() {
    return environments.stream()
        .flatMap(environment -> environment.packages().values().stream())
        .mapToInt(List::size)
        .sum();
  }
}

package dev.terroir.image.base;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The base images of definitions that choose none, by kind. Immutable; kept as data, and a
/// workspace may have its own.
///
/// @since 0.1
public final class DefaultBases {
  /// Stands in a reference for the Python version of the environment.
  public static final String PYTHON = "{python}";

  private final Map<Kind, Base> bases;
  private final List<String> retired;

  private DefaultBases(Map<Kind, Base> bases, List<String> retired) {
    this.bases = new EnumMap<>(bases);
    this.retired = List.copyOf(retired);
  }

  /// What a base is for.
  public enum Kind {
    /// Programs for the processor, no Python.
    CPU,
    /// Python on the processor.
    CPU_PYTHON,
    /// Programs that need the CUDA runtime, no Python.
    GPU,
    /// Python whose packages bring the CUDA runtime.
    GPU_PYTHON;

    /// The kind for what is needed.
    public static Kind of(boolean gpu, boolean python) {
      return gpu ? (python ? GPU_PYTHON : GPU) : (python ? CPU_PYTHON : CPU);
    }

    /// Its name in settings, such as `cpu-python`.
    public String id() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /// A default base.
  ///
  /// @param reference with [#PYTHON] where the version goes
  /// @param environment variables that its containers need, such as those that ask an engine for
  ///   the GPU's driver
  public record Base(String reference, Map<String, String> environment) {
    /// Copies the map in its order.
    public Base {
      environment =
          java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(environment));
    }
  }

  /// Those that Terroir comes with.
  public static DefaultBases builtIn() {
    return parse(resource("default-bases.json"));
  }

  static JsonObject resource(String name) {
    try (var in = DefaultBases.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + name + " is missing");
      }
      return JsonReader.parseObject(new String(in.readAllBytes(), StandardCharsets.UTF_8), name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Reads them from JSON; every kind must be there.
  ///
  /// @throws dev.terroir.foundation.FoundationException when a field is missing
  public static DefaultBases parse(JsonObject json) {
    var bases = new EnumMap<Kind, Base>(Kind.class);
    var object = json.object("bases");
    for (var kind : Kind.values()) {
      var base = object.object(kind.id());
      bases.put(kind, new Base(base.string("reference"), base.stringMap("environment")));
    }
    return new DefaultBases(bases, json.strings("retiredDefaults"));
  }

  /// The same with another reference for a kind, as a workspace's settings say.
  public DefaultBases with(Kind kind, String reference) {
    var changed = new EnumMap<>(bases);
    changed.put(kind, new Base(reference, get(kind).environment()));
    return new DefaultBases(changed, retired);
  }

  /// The base of a kind.
  public Base get(Kind kind) {
    var base = bases.get(kind);
    if (base == null) {
      throw new IllegalStateException("no base for " + kind);
    }
    return base;
  }

  /// Its reference for a Python.
  ///
  /// @param pythonVersion `major.minor`
  public String reference(Kind kind, String pythonVersion) {
    return get(kind).reference().replace(PYTHON, pythonVersion);
  }

  /// Whether the base image of a definition is one that the retired service put there by itself, at
  /// any time, so that nobody chose it. Every other name is honoured as it is.
  public boolean isRetiredDefault(String baseImage) {
    return retired.stream().anyMatch(pattern -> Glob.matches(pattern, baseImage));
  }
}

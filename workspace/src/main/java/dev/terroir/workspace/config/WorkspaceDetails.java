package dev.terroir.workspace.config;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.workspace.database.PostgresAddress;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a workspace is told to be: the settings in its `workspace.json`. Immutable.
///
/// @param name its name
/// @param containerRegistry `docker://HOST[:PORT][/PATH]` below which its images lie, or null for
///   the workspace's own registry
/// @param defaultBases bases of definitions that name none, where they are not those that Terroir
///   comes with
/// @param conda what is decided about conda packages
/// @param database where its records lie, or null for SQLite in its folder
/// @since 0.1
public record WorkspaceDetails(
    String name,
    @Nullable String containerRegistry,
    Map<DefaultBases.Kind, String> defaultBases,
    CondaOptions conda,
    @Nullable PostgresAddress database) {
  /// The format's tag.
  public static final String FORMAT = "terroir-workspace/1";

  private static final String TRANSPORT = "docker://";

  /// Copies the map.
  public WorkspaceDetails {
    var copy = new EnumMap<DefaultBases.Kind, String>(DefaultBases.Kind.class);
    copy.putAll(defaultBases);
    defaultBases = Collections.unmodifiableMap(copy);
  }

  /// A new workspace.
  public static WorkspaceDetails of(String name) {
    return new WorkspaceDetails(name, null, Map.of(), CondaOptions.DEFAULT, null);
  }

  /// Reads what [#write] writes; unknown kinds of bases are those of a later version.
  public static WorkspaceDetails read(JsonObject json) {
    var bases = new EnumMap<DefaultBases.Kind, String>(DefaultBases.Kind.class);
    var written = json.optionalObject("defaultBases").orElse(JsonObject.EMPTY);
    for (var kind : DefaultBases.Kind.values()) {
      written.optionalString(kind.id()).ifPresent(reference -> bases.put(kind, reference));
    }
    return new WorkspaceDetails(
        json.string("name"),
        json.optionalString("containerRegistry").orElse(null),
        bases,
        CondaDetails.read(json.optionalObject("conda").orElse(JsonObject.EMPTY)),
        json.optionalString("database").map(PostgresAddress::parse).orElse(null));
  }

  /// As it is stored, in place of what is there; members that are not known here stay.
  public JsonObject write(JsonObject former) {
    var bases = JsonObject.builder();
    defaultBases.forEach((kind, reference) -> bases.put(kind.id(), reference));
    var text =
        former.toBuilder()
            .put("format", FORMAT)
            .put("name", name)
            .put("containerRegistry", containerRegistry)
            .put("defaultBases", bases.build())
            .put("conda", CondaDetails.write(conda));
    return (database == null ? text.remove("database") : text.put("database", database.url()))
        .build();
  }

  /// The same with its records in another place, for one that is to be made.
  ///
  /// @param address or null for SQLite in its folder
  public WorkspaceDetails withDatabase(@Nullable PostgresAddress address) {
    return new WorkspaceDetails(name, containerRegistry, defaultBases, conda, address);
  }

  /// The same with other decisions about conda.
  public WorkspaceDetails withConda(CondaOptions options) {
    return new WorkspaceDetails(name, containerRegistry, defaultBases, options, database);
  }

  /// The decisions about conda with some of them changed.
  ///
  /// @param changes by their names in `workspace.json`: one value for `source`,
  ///   `restrictedChannels` and `channelPriority`, all values for the lists
  /// @throws dev.terroir.foundation.FoundationException code `bad-setting`
  public WorkspaceDetails withConda(Map<String, List<String>> changes) {
    var json = CondaDetails.write(conda).toBuilder();
    changes.forEach((field, values) -> {
      if (List.of("source", "restrictedChannels", "channelPriority").contains(field)) {
        json.put(field, values.getFirst());
      } else {
        json.put(field, values.stream().filter(value -> !value.isBlank()).toList());
      }
    });
    var priority = changes.getOrDefault("channelPriority", List.of("")).getFirst();
    if (!List.of("", "strict", "flexible", "disabled").contains(priority)) {
      throw CondaDetails.unknown(
          priority, "channelPriority", List.of("strict", "flexible", "disabled"));
    }
    return withConda(CondaDetails.read(json.build()));
  }

  /// The same with an outside registry for its images.
  ///
  /// @param text `docker://HOST[:PORT][/PATH]`, also without the transport
  /// @throws ImageException code `invalid-image-reference`
  public WorkspaceDetails withContainerRegistry(String text) {
    return new WorkspaceDetails(name, TRANSPORT + registry(text), defaultBases, conda, database);
  }

  /// The same with its own registry.
  public WorkspaceDetails withOwnRegistry() {
    return new WorkspaceDetails(name, null, defaultBases, conda, database);
  }

  /// The repository below which the images lie in an outside registry, if there is one; it may have
  /// an empty path, which is why it is no reference.
  public Optional<String> registry() {
    return Optional.ofNullable(containerRegistry).map(WorkspaceDetails::registry);
  }

  private static String registry(String text) {
    var name = text.startsWith(TRANSPORT) ? text.substring(TRANSPORT.length()) : text;
    name = name.replaceFirst("/+$", "");
    if (name.contains("@")) {
      // What stands before an `@` may be a password: it is not repeated.
      throw notRegistry("a workspace's registry is named by more than host and path")
          .hint(
              "leave users, passwords and digests away; `docker login` or `podman login` keeps"
                  + " credentials");
    }
    for (var transport : ImageLocation.TRANSPORTS) {
      if (name.startsWith(transport)) {
        throw notRegistry("`" + text + "` is no registry")
            .hint("write `docker://HOST[:PORT][/PATH]`");
      }
    }
    var host = name.replaceFirst("/.*", "");
    if (!host.contains(".") && !host.contains(":") && !host.equals("localhost")) {
      throw notRegistry("`" + text + "` names no registry")
          .hint("write `docker://HOST[:PORT][/PATH]`, for instance `docker://docker.io/team`");
    }
    ImageReference.parse(name + "/azureml/azureml_0");
    return name;
  }

  /// A problem that can still be given hints.
  private record Refused(Problem problem) {
    ImageException hint(String hint) {
      return new ImageException(problem.hint(hint));
    }
  }

  private static Refused notRegistry(String what) {
    return new Refused(
        Problem.of(ImageCode.INVALID_IMAGE_REFERENCE, what).at(Place.of("containerRegistry")));
  }

  /// The same with a default base of its own.
  ///
  /// @param reference as `--base` takes it, with [DefaultBases#PYTHON] where the version of Python
  ///   goes
  /// @param directory what relative paths in it are relative to
  /// @throws ImageException code `invalid-image-reference`
  public WorkspaceDetails withDefaultBase(
      DefaultBases.Kind kind, String reference, Path directory) {
    var text = absolute(reference, directory);
    ImageLocation.parse(text.replace(DefaultBases.PYTHON, "3.12"));
    var changed = new EnumMap<DefaultBases.Kind, String>(DefaultBases.Kind.class);
    changed.putAll(defaultBases);
    changed.put(kind, text);
    return new WorkspaceDetails(name, containerRegistry, changed, conda, database);
  }

  /// The same with the base of a kind that Terroir comes with.
  public WorkspaceDetails withoutDefaultBase(DefaultBases.Kind kind) {
    var changed = new EnumMap<DefaultBases.Kind, String>(DefaultBases.Kind.class);
    changed.putAll(defaultBases);
    changed.remove(kind);
    return new WorkspaceDetails(name, containerRegistry, changed, conda, database);
  }

  private static String absolute(String reference, Path directory) {
    for (var transport : List.of("oci:", "oci-archive:", "docker-archive:")) {
      var rest = reference.substring(Math.min(transport.length(), reference.length()));
      if (reference.startsWith(transport) && !rest.isEmpty() && !rest.startsWith("/")) {
        return transport + directory.toAbsolutePath().normalize() + "/" + rest;
      }
    }
    return reference;
  }

  /// The default bases of the workspace, of every kind.
  public DefaultBases bases() {
    var bases = DefaultBases.builtIn();
    for (var entry : defaultBases.entrySet()) {
      bases = bases.with(entry.getKey(), entry.getValue());
    }
    return bases;
  }

  /// As `get_details` shows it: every kind with the base that serves.
  public JsonObject toJson() {
    var all = JsonObject.builder();
    for (var kind : DefaultBases.Kind.values()) {
      all.put(kind.id(), bases().get(kind).reference());
    }
    return JsonObject.builder()
        .put("name", name)
        .put("database", database == null ? "sqlite" : database.url())
        .put(
            "containerRegistry",
            containerRegistry == null
                ? JsonValue.NULL
                : new JsonValue.JsonString(containerRegistry))
        .put("defaultBases", all.build())
        .put("conda", CondaDetails.write(conda))
        .build();
  }
}

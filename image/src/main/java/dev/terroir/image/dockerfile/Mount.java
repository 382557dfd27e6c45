package dev.terroir.image.dockerfile;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What `RUN --mount` brings into one command. Immutable.
///
/// Spec: Dockerfile reference, "RUN --mount".
///
/// @param type `bind`, `cache`, `tmpfs`, `secret` or `ssh`
/// @param options the other options as written, in order; one without a value has the value `true`
/// @since 0.1
public record Mount(String type, Map<String, String> options) {
  static final Set<String> TYPES =
      Collections.unmodifiableSet(
          new java.util.LinkedHashSet<>(
              java.util.List.of("bind", "cache", "tmpfs", "secret", "ssh")));
  static final Set<String> OPTIONS =
      Collections.unmodifiableSet(
          new java.util.LinkedHashSet<>(
              java.util.List.of(
                  "target",
                  "dst",
                  "destination",
                  "source",
                  "src",
                  "from",
                  "rw",
                  "readwrite",
                  "ro",
                  "readonly",
                  "id",
                  "sharing",
                  "mode",
                  "uid",
                  "gid",
                  "size",
                  "required",
                  "env",
                  "z",
                  "Z",
                  "relabel")));

  /// Copies the options in their order.
  public Mount {
    options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
  }

  /// The stage or image that the files of a bind or cache mount come from.
  public Optional<String> from() {
    return Optional.ofNullable(options.get("from"));
  }

  /// The value of the flag, as `--mount=` takes it.
  @Override
  public String toString() {
    var text = new StringBuilder("type=").append(type);
    options.forEach((key, value) -> {
      var field = key + "=" + value;
      text.append(',')
          .append(
              field.contains(",") || field.contains("\"")
                  ? "\"" + field.replace("\"", "\"\"") + "\""
                  : field);
    });
    return text.toString();
  }
}

package dev.terroir.compute;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A run that is asked for.
///
/// @param experiment its experiment's name
/// @param runId the id that it shall have, or null
/// @param parent the run that it is a child of, or null
/// @param snapshot the id of its source directory's snapshot, or null for an interactive run
/// @param configuration the run configuration
/// @param environment what it runs in, or null for what the configuration says
/// @since 0.1
public record RunRequest(
    String experiment,
    @Nullable String runId,
    @Nullable String parent,
    @Nullable String displayName,
    Map<String, String> tags,
    Map<String, String> properties,
    @Nullable String snapshot,
    JsonObject configuration,
    @Nullable Environment environment) {
  /// Copies the maps.
  public RunRequest {
    tags = Collections.unmodifiableMap(new TreeMap<>(tags));
    properties = Collections.unmodifiableMap(new TreeMap<>(properties));
  }
}

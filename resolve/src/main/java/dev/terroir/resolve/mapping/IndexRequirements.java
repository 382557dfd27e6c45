package dev.terroir.resolve.mapping;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What stands for conda packages on the Python index. Immutable.
///
/// @param lines PEP 508 requirements, in the order of the definition
/// @param projects each conda name with the project that stands for it, in the same order; `-` for
///   those left out
/// @param notes what was not taken over, a sentence each
/// @since 0.1
public record IndexRequirements(
    List<String> lines, Map<String, String> projects, List<String> notes) {
  /// Copies.
  public IndexRequirements {
    lines = List.copyOf(lines);
    projects = Collections.unmodifiableMap(new LinkedHashMap<>(projects));
    notes = List.copyOf(notes);
  }
}

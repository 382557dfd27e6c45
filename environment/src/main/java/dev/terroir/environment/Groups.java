package dev.terroir.environment;

import org.jspecify.annotations.Nullable;

/// Which groups of a project or a lock are taken. Immutable.
///
/// Spec: PEP 751, `default-groups`, which stand for what is installed unless somebody says else.
///
/// @param added a dependency group or extra to take, or null for none
/// @param withDefaults whether the default groups of a lock are taken too
/// @since 0.1
public record Groups(@Nullable String added, boolean withDefaults) {
  /// The default groups and perhaps one more.
  ///
  /// @param added a dependency group or extra, or null
  public static Groups of(@Nullable String added) {
    return new Groups(added, true);
  }
}

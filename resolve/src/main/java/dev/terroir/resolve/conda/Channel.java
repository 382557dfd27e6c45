package dev.terroir.resolve.conda;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A channel, or several under one name that share one priority. Immutable.
///
/// @param name of several, such as `defaults`, or null
/// @param urls without credentials, without a subdir, and without `/` at the end
/// @since 0.1
public record Channel(@Nullable String name, List<String> urls) {
  /// Copies the list.
  public Channel {
    urls = List.copyOf(urls);
  }
}

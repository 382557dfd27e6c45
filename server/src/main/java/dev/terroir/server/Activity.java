package dev.terroir.server;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;

/// What keeps a server that was started on demand from ending. Thread-safe.
///
/// @since 0.1
public final class Activity {
  private final List<BooleanSupplier> sources = new CopyOnWriteArrayList<>();

  /// Adds something that may be alive, such as runs.
  ///
  /// @param isAlive asked about once a second while nobody calls
  public void register(BooleanSupplier isAlive) {
    sources.add(isAlive);
  }

  /// Whether anything is.
  public boolean isAlive() {
    return sources.stream().anyMatch(BooleanSupplier::getAsBoolean);
  }
}

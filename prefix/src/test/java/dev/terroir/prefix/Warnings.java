package dev.terroir.prefix;

import dev.terroir.foundation.progress.Progress;
import java.util.List;

/// Keeps the warnings of what goes on.
record Warnings(List<String> kept) implements Progress {
  static Progress to(List<String> kept) {
    return new Warnings(kept);
  }

  @Override
  public void step(String what) {}

  @Override
  public void line(String text) {}

  @Override
  public void warn(String text) {
    kept.add(text);
  }

  @Override
  public void advance(long done, long total, Unit unit) {}
}

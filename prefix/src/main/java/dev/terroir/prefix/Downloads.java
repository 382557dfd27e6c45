package dev.terroir.prefix;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// Reads from uv's lines how much is downloaded: `Downloading NAME (SIZE)` when a large one begins,
/// `Downloaded NAME` when it has ended. Thread-safe.
final class Downloads implements Progress {
  private static final Pattern LINE = Pattern.compile("\\s*(Downloading|Downloaded) (\\S+).*");

  private final Map<String, Long> sizes = new LinkedHashMap<>();
  private final Progress progress;
  private long begun;
  private long done;

  Downloads(Lock lock, Progress progress) {
    this.progress = progress;
    for (LockedPackage item : lock.packages()) {
      sizes.put(item.name(), Math.max(0, item.artifact().sizeBytes()));
    }
  }

  @Override
  public void step(String what) {
    progress.step(what);
  }

  @Override
  public synchronized void line(String text) {
    progress.line(text);
    var line = LINE.matcher(text);
    if (line.matches()) {
      var size = sizes.getOrDefault(line.group(2), 0L);
      if (line.group(1).equals("Downloading")) {
        begun += size;
      } else {
        done += size;
      }
      if (begun > 0) {
        progress.advance(done, begun, Unit.BYTES);
      }
    }
  }

  @Override
  public void warn(String what) {
    progress.warn(what);
  }
}

package dev.terroir.cli.console;

import dev.terroir.foundation.progress.Progress;
import java.io.PrintStream;

/// Shows progress on standard error: on a terminal the present step with a bar and its time,
/// elsewhere a line a step.
///
/// @since 0.1
public final class ConsoleProgress implements Progress, AutoCloseable {
  private static final String CLEAR = "\r\u001b[2K";
  private static final int BAR_WIDTH = 24;

  private final PrintStream err;
  private final boolean isTerminal;
  private final boolean isVerbose;
  private final boolean isQuiet;
  private String step = "";
  private String bar = "";
  private long since;

  /// @param isVerbose whether lines of detail are shown
  /// @param isQuiet whether only warnings are shown
  public ConsoleProgress(PrintStream err, boolean isTerminal, boolean isVerbose, boolean isQuiet) {
    this.err = err;
    this.isTerminal = isTerminal;
    this.isVerbose = isVerbose;
    this.isQuiet = isQuiet;
  }

  @Override
  public synchronized void step(String what) {
    if (isQuiet) {
      return;
    }
    finish();
    step = what;
    bar = "";
    since = System.nanoTime();
    if (isTerminal) {
      err.print("  … " + what);
      err.flush();
    } else {
      err.println("  " + what);
    }
  }

  private void finish() {
    if (isTerminal && !step.isEmpty()) {
      var seconds = (System.nanoTime() - since) / 1e9;
      err.print(CLEAR);
      err.println("  ✓ " + step + String.format(java.util.Locale.ROOT, "  %.1f s", seconds));
    }
    step = "";
  }

  @Override
  public synchronized void advance(long done, long total, Unit unit) {
    if (!isTerminal || isQuiet || step.isEmpty() || total < 1) {
      return;
    }
    var part = Math.clamp(done, 0, total);
    var filled = (int) (BAR_WIDTH * part / total);
    var text =
        "  ["
            + "█".repeat(filled)
            + "░".repeat(BAR_WIDTH - filled)
            + "] "
            + count(part, total, unit);
    if (!text.equals(bar)) {
      bar = text;
      err.print(CLEAR + "  … " + step + bar);
      err.flush();
    }
  }

  private static String count(long done, long total, Unit unit) {
    return switch (unit) {
      case ITEMS -> done + "/" + total;
      case BYTES -> String.format(java.util.Locale.ROOT, "%.1f/%.1f MB", done / 1e6, total / 1e6);
    };
  }

  @Override
  public synchronized void line(String text) {
    if (isVerbose) {
      between(text);
    }
  }

  @Override
  public synchronized void warn(String text) {
    between("warning: " + text);
  }

  private void between(String text) {
    if (isTerminal && !step.isEmpty()) {
      err.print(CLEAR);
      err.println(text);
      err.print("  … " + step + bar);
      err.flush();
    } else {
      err.println(text);
    }
  }

  /// The last step has ended.
  public synchronized void end() {
    finish();
  }

  @Override
  public void close() {
    end();
  }
}

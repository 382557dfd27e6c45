package dev.terroir.cli.console;

import dev.terroir.foundation.progress.Progress;
import java.io.PrintStream;

/// Shows progress on standard error: on a terminal the present step with its time, elsewhere a line
/// a step.
///
/// @since 0.1
public final class ConsoleProgress implements Progress, AutoCloseable {
  private static final String CLEAR = "\r\u001b[2K";

  private final PrintStream err;
  private final boolean isTerminal;
  private final boolean isVerbose;
  private final boolean isQuiet;
  private String step = "";
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
      err.print("  … " + step);
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

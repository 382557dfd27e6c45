package dev.terroir.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Progress on standard error")
class ConsoleProgressTest {
  private static String shown(boolean isTerminal, boolean isVerbose, boolean isQuiet) {
    var bytes = new ByteArrayOutputStream();
    var err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    try (var progress = new ConsoleProgress(err, isTerminal, isVerbose, isQuiet)) {
      progress.step("installing 4 packages");
      progress.advance(1_500_000, 6_000_000, Progress.Unit.BYTES);
      progress.advance(2, 4, Progress.Unit.ITEMS);
      progress.line("a detail");
      progress.warn("take care");
      progress.advance(9, 4, Progress.Unit.ITEMS);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aTerminalGetsABarWithCountsAndTheTimeAtTheEnd() {
    assertThat(shown(true, false, false))
        .contains(
            "installing 4 packages  [██████░░░░░░░░░░░░░░░░░░] 1.5/6.0 MB",
            "installing 4 packages  [████████████░░░░░░░░░░░░] 2/4",
            "warning: take care\n",
            "[████████████████████████] 4/4")
        .doesNotContain("a detail")
        .containsPattern("✓ installing 4 packages  [0-9.]+ s\\n$");
  }

  @Test
  void elsewhereEachStepIsAPlainLine() {
    assertThat(shown(false, false, false))
        .isEqualTo("  installing 4 packages\nwarning: take care\n");
    assertThat(shown(false, true, false))
        .isEqualTo("  installing 4 packages\na detail\nwarning: take care\n");
  }

  @Test
  void quietKeepsWarningsOnly() {
    assertThat(shown(true, false, true)).isEqualTo("warning: take care\n");
    assertThat(shown(false, false, true)).isEqualTo("warning: take care\n");
  }
}

package dev.terroir.foundation.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// Processes that carry a variable in their environment, by which they are found when the one that
/// started them is gone.
///
/// @since 0.1
public final class MarkedProcesses {
  private static final Duration GRACE = Duration.ofSeconds(5);

  private MarkedProcesses() {}

  /// Ends every other process of this user that has a variable in its environment, with its
  /// children.
  ///
  /// @param name the variable
  /// @param value its value
  /// @return how many there were
  public static int end(String name, String value) {
    var marker = "\0" + name + "=" + value + "\0";
    var ended = 0;
    for (var process : ProcessHandle.allProcesses().toList()) {
      if (process.pid() == ProcessHandle.current().pid()) {
        continue;
      }
      try {
        var environment =
            Files.readAllBytes(Path.of("/proc", String.valueOf(process.pid()), "environ"));
        if (("\0" + new String(environment, StandardCharsets.UTF_8)).contains(marker)) {
          ended++;
          ProcessTree.end(process, GRACE);
        }
      } catch (IOException e) {
        // Another user's process, or one that has just ended.
      }
    }
    return ended;
  }
}

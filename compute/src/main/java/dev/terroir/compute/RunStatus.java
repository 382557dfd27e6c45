package dev.terroir.compute;

import java.util.Arrays;
import java.util.List;

/// The status words of the retired service, which scripts compare as they are.
///
/// @since 0.1
public enum RunStatus {
  /// Recorded; the environment is made ready.
  PREPARING("Preparing"),
  /// Waits for its script to start.
  QUEUED("Queued"),
  /// The script runs.
  RUNNING("Running"),
  /// The script has ended; its outputs are collected.
  FINALIZING("Finalizing"),
  /// The script ended with exit code 0.
  COMPLETED("Completed"),
  /// It did not; the record says why.
  FAILED("Failed"),
  /// It is being ended on request.
  CANCEL_REQUESTED("CancelRequested"),
  /// It was ended on request.
  CANCELED("Canceled");

  private final String word;

  RunStatus(String word) {
    this.word = word;
  }

  /// The word, as written in records and output.
  public String word() {
    return word;
  }

  /// Whether nothing more will happen.
  public boolean isFinal() {
    return switch (this) {
      case COMPLETED, FAILED, CANCELED -> true;
      case PREPARING, QUEUED, RUNNING, FINALIZING, CANCEL_REQUESTED -> false;
    };
  }

  /// The words of those after which nothing happens.
  public static List<String> over() {
    return Arrays.stream(values()).filter(RunStatus::isFinal).map(RunStatus::word).toList();
  }

  /// The status of a word.
  public static RunStatus of(String word) {
    for (var status : values()) {
      if (status.word.equals(word)) {
        return status;
      }
    }
    throw new IllegalArgumentException("no status is called " + word);
  }
}

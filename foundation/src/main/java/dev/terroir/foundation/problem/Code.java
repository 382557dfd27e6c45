package dev.terroir.foundation.problem;

/// The stable name of a kind of failure. Every module keeps its codes in one enum.
///
/// @since 0.1
public interface Code {
  /// Kebab-case, stable, documented at `docs/errors/<id>.md`.
  String id();

  /// Who can mend it; decides the exit code of a command.
  Kind kind();

  /// The sorts of failure.
  enum Kind {
    /// What was asked for is malformed, contradictory or not there. Exit code 2.
    REQUEST(2),
    /// No set of packages satisfies the request. Exit code 3.
    UNSOLVABLE(3),
    /// Network, disk, permissions, a missing tool. Exit code 4.
    SURROUNDINGS(4),
    /// A script, build or service that was started on request did not succeed. Exit code 1.
    FAILED(1),
    /// The caller stopped it. Exit code 130.
    CANCELED(130),
    /// A mistake of Terroir's own; the only kind that shows a stack trace. Exit code 70.
    BUG(70);

    private final int exitCode;

    Kind(int exitCode) {
      this.exitCode = exitCode;
    }

    /// The exit status of a command that ends with this kind of failure.
    public int exitCode() {
      return exitCode;
    }
  }
}

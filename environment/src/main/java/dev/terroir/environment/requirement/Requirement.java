package dev.terroir.environment.requirement;

import dev.terroir.environment.distribution.DistributionName;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A dependency specifier. Immutable.
///
/// Spec: Python packaging, "Dependency specifiers" (PEP 508).
///
/// @param name the project's name as written
/// @param extras in the order written
/// @param specifiers version specifiers such as `>=1.0` in the order written, empty for any version
/// @param url of an archive, or null
/// @param marker the environment marker in normal spacing, or null
/// @since 0.1
public record Requirement(
    String name,
    List<String> extras,
    List<String> specifiers,
    @Nullable String url,
    @Nullable String marker) {

  /// Copies the lists.
  public Requirement {
    extras = List.copyOf(extras);
    specifiers = List.copyOf(specifiers);
  }

  /// Why and where a text is no requirement.
  public static final class SyntaxException extends Exception {
    private final int offset;

    SyntaxException(String message, int offset) {
      super(message);
      this.offset = offset;
    }

    /// 0-based offset in the text.
    public int offset() {
      return offset;
    }

    /// What is wrong.
    public String what() {
      return String.valueOf(getMessage());
    }
  }

  /// Reads a requirement.
  ///
  /// @throws SyntaxException with the offset of the first character that fits nothing
  public static Requirement parse(String text) throws SyntaxException {
    return new RequirementParser(text).requirement();
  }

  /// The name in lower case with runs of `-`, `_` and `.` folded to one `-`.
  public String normalizedName() {
    return DistributionName.normalized(name);
  }

  /// The marker, if any.
  public Optional<String> optionalMarker() {
    return Optional.ofNullable(marker);
  }

  /// The requirement in normal form, which reads as an equal one: extras and specifiers sorted.
  @Override
  public String toString() {
    var out = new StringBuilder(name);
    if (!extras.isEmpty()) {
      out.append('[').append(String.join(",", new TreeSet<>(extras))).append(']');
    }
    out.append(String.join(",", new TreeSet<>(specifiers)));
    if (url != null) {
      out.append(" @ ").append(url);
    }
    if (marker != null) {
      out.append(url != null ? " ; " : "; ").append(marker);
    }
    return out.toString();
  }
}

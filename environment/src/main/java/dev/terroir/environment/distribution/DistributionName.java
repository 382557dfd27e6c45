package dev.terroir.environment.distribution;

import java.util.Locale;
import java.util.regex.Pattern;

/// A project's name and its normal form: lower case, runs of `-`, `_` and `.` folded to one `-`.
///
/// Spec: Python packaging, "Names and normalization".
///
/// @since 0.1
public final class DistributionName {
  private static final Pattern VALID = Pattern.compile("(?i)[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]");
  private static final Pattern NORMALIZED = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");
  private static final Pattern RUN = Pattern.compile("[-_.]+");

  private DistributionName() {}

  /// The normal form of a name in any spelling, valid or not.
  public static String normalized(String name) {
    return RUN.matcher(name).replaceAll("-").toLowerCase(Locale.ROOT);
  }

  /// Whether a project may be called so.
  public static boolean isValid(String name) {
    return VALID.matcher(name).matches();
  }

  /// Whether a name is valid and in its normal form.
  public static boolean isNormalized(String name) {
    return NORMALIZED.matcher(name).matches();
  }
}

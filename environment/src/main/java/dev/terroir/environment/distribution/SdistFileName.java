package dev.terroir.environment.distribution;

import java.util.Optional;
import java.util.regex.Pattern;

/// The name of a source distribution's file: `{name}-{version}.tar.gz`, or `.zip` of old ones.
/// Immutable.
///
/// Spec: Python packaging, "Source distribution format", "Source distribution file name".
///
/// @param name the project's normalized name
/// @param version as written
/// @since 0.1
public record SdistFileName(String name, String version) {
  private static final Pattern FORM = Pattern.compile("(.+)-([^-]+)\\.(?:tar\\.gz|zip)");

  /// Takes a name apart; empty when it is none of a source distribution.
  public static Optional<SdistFileName> parse(String fileName) {
    var matcher = FORM.matcher(fileName);
    return matcher.matches() && DistributionVersion.isValid(matcher.group(2))
        ? Optional.of(
            new SdistFileName(DistributionName.normalized(matcher.group(1)), matcher.group(2)))
        : Optional.empty();
  }
}

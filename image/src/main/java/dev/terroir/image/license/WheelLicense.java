package dev.terroir.image.license;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Finds the licence in the metadata of a distribution: `License-Expression`, else `License` where
/// it is a name and no text, else the classifiers.
///
/// @since 0.1
public final class WheelLicense {
  /// Letters of a licence's name; what is longer is its text.
  private static final int MAX_NAME = 100;

  private static final Set<String> NOTHING =
      Set.of("", "unknown", "none", "n/a", "see license", "license", "file: license");
  private static final String CLASSIFIER = "License :: ";

  private WheelLicense() {}

  /// The licence that a metadata file tells; empty when it tells none.
  ///
  /// @param metadata text of `METADATA` or `PKG-INFO`
  public static Optional<String> of(String metadata) {
    var expression = "";
    var license = "";
    var hasText = false;
    var classifiers = new LinkedHashSet<String>();
    var last = "";
    for (var line : metadata.lines().toList()) {
      if (line.isEmpty()) {
        break;
      }
      if (Character.isWhitespace(line.charAt(0))) {
        hasText |= last.equals("license") && !line.isBlank();
        continue;
      }
      var colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      last = line.substring(0, colon).toLowerCase(Locale.ROOT);
      var value = line.substring(colon + 1).strip();
      switch (last) {
        case "license-expression" -> expression = value;
        case "license" -> license = value;
        case "classifier" -> {
          if (value.startsWith(CLASSIFIER)) {
            classifier(value).ifPresent(classifiers::add);
          }
        }
        default -> {}
      }
    }
    if (!NOTHING.contains(expression.toLowerCase(Locale.ROOT))) {
      return Optional.of(expression);
    }
    var isName = !hasText && license.length() <= MAX_NAME;
    var isTold = !NOTHING.contains(license.toLowerCase(Locale.ROOT));
    if (isTold && isName) {
      return Optional.of(license);
    }
    if (!classifiers.isEmpty()) {
      return Optional.of(String.join(" AND ", classifiers));
    }
    // The first line of a licence's text is its title.
    return isTold
        ? Optional.of(license.substring(0, Math.min(MAX_NAME, license.length())))
        : Optional.empty();
  }

  private static Optional<String> classifier(String value) {
    List<String> parts = new ArrayList<>(List.of(value.split(" :: ")));
    var name = parts.getLast().strip();
    return parts.size() < 2 || name.equals("OSI Approved") ? Optional.empty() : Optional.of(name);
  }
}

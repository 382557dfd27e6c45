package dev.terroir.image.dockerfile;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How often and how long `HEALTHCHECK` asks.
///
/// Spec: Dockerfile reference, "HEALTHCHECK".
final class HealthcheckTimes {
  private static final Pattern DURATION_PART =
      Pattern.compile("(\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)");

  private HealthcheckTimes() {}

  static @Nullable Integer retries(FlagReader flags) throws Mistake {
    var text = flags.one("retries");
    if (text == null) {
      return null;
    }
    if (!text.matches("[0-9]{1,9}")) {
      throw new Mistake(
          flags.offset("retries"), "`--retries` takes a whole number, not `" + text + "`");
    }
    return Integer.valueOf(text);
  }

  /// Numbers with units, such as `1m30s`.
  static @Nullable Duration duration(FlagReader flags, String name) throws Mistake {
    var text = flags.one(name);
    if (text == null) {
      return null;
    }
    var nanos = BigDecimal.ZERO;
    var part = DURATION_PART.matcher(text);
    var end = 0;
    while (part.find() && part.start() == end) {
      var unit =
          switch (part.group(2)) {
            case "ns" -> 1L;
            case "us", "µs", "μs" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
          };
      nanos = nanos.add(new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(unit)));
      end = part.end();
    }
    var isZero = text.equals("0");
    if (!isZero
        && (end != text.length()
            || text.isEmpty()
            || nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0
            || (nanos.signum() > 0 && nanos.longValue() < 1_000_000L))) {
      throw new Mistake(
          flags.offset(name),
          "`--"
              + name
              + "` takes a duration of at least 1ms such as `30s` or `1m30s`, not `"
              + text
              + "`");
    }
    return Duration.ofNanos(nanos.longValue());
  }
}

package dev.terroir.cli.server;

import dev.terroir.cli.CliException;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;

/// Times and sizes as options write them.
final class Amounts {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,12})([A-Za-z]*)");
  private static final Map<String, Long> SECONDS =
      Map.of("s", 1L, "m", 60L, "h", 3600L, "d", 86_400L);
  private static final Map<String, Long> BYTES =
      Map.of("", 1L, "k", 1L << 10, "m", 1L << 20, "g", 1L << 30, "t", 1L << 40);

  private Amounts() {}

  /// A time such as `30d` or `10m`.
  static Duration time(String option, String text) {
    return Duration.ofSeconds(
        amount(option, text, SECONDS, "a time such as `90s`, `10m`, `12h` or `30d`"));
  }

  /// A size such as `10g`.
  static long bytes(String option, String text) {
    return amount(option, text, BYTES, "a size such as `500m` or `10g`");
  }

  private static long amount(String option, String text, Map<String, Long> units, String expected) {
    var matcher = FORM.matcher(text);
    var unit =
        matcher.matches() ? units.get(matcher.group(2).toLowerCase(java.util.Locale.ROOT)) : null;
    if (unit == null || matcher.group(1).matches("0+")) {
      throw CliException.usage(
          "`" + text + "` is no value of `" + option + "`", "write " + expected);
    }
    return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit.longValue());
  }
}

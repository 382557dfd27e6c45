package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Flags of one instruction; each taken once.
final class FlagReader {
  private final String instruction;
  private final List<Words.Flag> flags;
  private final int base;
  private final Set<String> known = new LinkedHashSet<>();

  FlagReader(String instruction, List<Words.Flag> flags, int base) {
    this.instruction = instruction;
    this.flags = flags;
    this.base = base;
  }

  private static String nameOf(Words.Flag flag) {
    var equals = flag.text().indexOf('=');
    return equals < 0 ? flag.text() : flag.text().substring(0, equals);
  }

  /// All values of a flag.
  List<String> all(String name) throws Mistake {
    known.add(name);
    var values = new ArrayList<String>();
    for (var flag : flags) {
      if (nameOf(flag).equals(name)) {
        if (!flag.text().contains("=")) {
          throw new Mistake(base + flag.start(), "the flag `--" + name + "` needs a value");
        }
        values.add(flag.text().substring(name.length() + 1));
      }
    }
    return values;
  }

  /// The value of a flag that is given at most once.
  @Nullable String one(String name) throws Mistake {
    var values = all(name);
    if (values.size() > 1) {
      throw new Mistake(offset(name), "the flag `--" + name + "` is given twice");
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  /// The value of a flag that is true or false.
  @Nullable Boolean flag(String name) throws Mistake {
    known.add(name);
    @Nullable Boolean value = null;
    for (var flag : flags) {
      if (nameOf(flag).equals(name)) {
        var text = flag.text().contains("=") ? flag.text().substring(name.length() + 1) : "true";
        value =
            switch (text.toLowerCase(Locale.ROOT)) {
              case "true", "1", "t" -> Boolean.TRUE;
              case "false", "0", "f" -> Boolean.FALSE;
              default ->
                  throw new Mistake(
                      base + flag.start(),
                      "the flag `--" + name + "` takes `true` or `false`, not `" + text + "`");
            };
      }
    }
    return value;
  }

  boolean isEmpty() {
    return flags.isEmpty();
  }

  /// Where a flag begins in the logical line.
  int offset(String name) {
    var at = 0;
    for (var flag : flags) {
      if (nameOf(flag).equals(name)) {
        at = flag.start();
      }
    }
    return base + at;
  }

  /// Refuses flags that nobody asked for.
  void end() throws Mistake {
    for (var flag : flags) {
      var name = nameOf(flag);
      if (!known.contains(name)) {
        throw new Mistake(
            base + flag.start(),
            known.isEmpty()
                ? "`" + instruction + "` takes no flags, but `--" + name + "` is given"
                : "`"
                    + instruction
                    + "` has no flag `--"
                    + name
                    + "`; it has `--"
                    + String.join("`, `--", known)
                    + "`",
            Nearest.to(name, known).map(good -> "did you mean `--" + good + "`?").orElse(null));
      }
    }
  }
}

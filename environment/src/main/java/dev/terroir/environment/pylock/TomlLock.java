package dev.terroir.environment.pylock;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which tool wrote a lock in TOML.
///
/// @since 0.1
public enum TomlLock {
  /// Python's own format.
  ///
  /// Spec: PEP 751; its `lock-version` stands before the first table.
  PYLOCK("Python's own", ""),
  /// `poetry.lock`.
  POETRY("Poetry", "`poetry export`"),
  /// `pdm.lock`.
  PDM("PDM", "`pdm export`"),
  /// `uv.lock`.
  UV("uv", "`uv export --format requirements-txt`"),
  /// Some other tool's.
  OTHER("another tool", "that tool");

  private static final Pattern NAME = Pattern.compile("pylock\\.([^.]+\\.)?toml");
  private static final Pattern TABLE =
      Pattern.compile("\\[{1,2}\\s*([\\w\"'][\\w.\"' -]*?)\\s*]{1,2}(?:\\s*#.*)?");
  private static final Pattern KEY = Pattern.compile("([\\w-]+)\\s*=.*");

  private final String tool;
  private final String export;

  TomlLock(String tool, String export) {
    this.tool = tool;
    this.export = export;
  }

  /// A lock.
  ///
  /// @param kind whose it is
  /// @param line where it shows, 1-based
  public record Found(TomlLock kind, int line) {}

  /// The tool, for people.
  public String tool() {
    return tool;
  }

  /// What writes a requirements.txt of it, for people.
  public String export() {
    return export;
  }

  /// Whether a file's name says that it is of Python's own format.
  ///
  /// Spec: PEP 751, "File Name".
  public static boolean isPylockName(String name) {
    return NAME.matcher(name).matches();
  }

  /// The lock that some lines are, if they are one.
  ///
  /// @param name of the file
  public static Optional<Found> in(List<String> lines, String name) {
    var firstTable = lineOf(lines, TABLE, null);
    var lockVersion = lineOf(lines, KEY, "lock-version");
    if (lockVersion > 0 && (firstTable == 0 || lockVersion < firstTable)) {
      return Optional.of(new Found(PYLOCK, lockVersion));
    }
    var locked = lineOf(lines, TABLE, "package");
    // A manifest of pixi has such a table, too.
    if (locked == 0 || lineOf(lines, TABLE, "workspace") > 0) {
      return Optional.empty();
    }
    var lower = name.toLowerCase(Locale.ROOT);
    if (lockVersion > 0 || lower.startsWith("poetry")) {
      return Optional.of(new Found(POETRY, locked));
    }
    if (lineOf(lines, KEY, "lock_version") > 0 || lower.startsWith("pdm")) {
      return Optional.of(new Found(PDM, locked));
    }
    var python = lineOf(lines, KEY, "requires-python");
    if ((python > 0 && python < firstTable) || lower.startsWith("uv")) {
      return Optional.of(new Found(UV, locked));
    }
    return lines.get(locked - 1).strip().startsWith("[[")
        ? Optional.of(new Found(OTHER, locked))
        : Optional.empty();
  }

  /// The first line that has a pattern, with this name in it or any.
  private static int lineOf(List<String> lines, Pattern pattern, @Nullable String wanted) {
    for (int i = 0; i < lines.size(); i++) {
      var matcher = pattern.matcher(lines.get(i).strip());
      if (matcher.matches() && (wanted == null || matcher.group(1).equals(wanted))) {
        return i + 1;
      }
    }
    return 0;
  }
}

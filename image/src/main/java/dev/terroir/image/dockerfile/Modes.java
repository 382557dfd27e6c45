package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.regex.Pattern;

/// What `--chmod` does to permissions: an octal number, or clauses such as `u=rwX,go=rX`.
final class Modes {
  private static final Pattern OCTAL = Pattern.compile("0?[0-7]{1,4}");
  private static final Pattern CLAUSE = Pattern.compile("([ugoa]*)((?:[-+=][rwxXst]*)+)");
  private static final Pattern ACTION = Pattern.compile("([-+=])([rwxXst]*)");

  private Modes() {}

  static int apply(String text, int mode, boolean isDirectory, Step step) {
    if (OCTAL.matcher(text).matches()) {
      return Integer.parseInt(text, 8);
    }
    var result = mode;
    for (var clause : text.split(",", -1)) {
      var match = CLAUSE.matcher(clause);
      if (!match.matches()) {
        throw new ImageException(
            Problem.of(ImageCode.DOCKERFILE_SYNTAX, "`--chmod` cannot use `" + text + "`")
                .at(step.place())
                .hint("use octal digits such as `755`, or clauses such as `u=rwX,go=rX`"));
      }
      var who = match.group(1).isEmpty() || match.group(1).contains("a") ? "ugo" : match.group(1);
      var actions = ACTION.matcher(match.group(2));
      while (actions.find()) {
        result = apply(who, actions.group(1), actions.group(2), result, isDirectory);
      }
    }
    return result;
  }

  private static int apply(String who, String action, String what, int mode, boolean directory) {
    var bits = 0;
    var clear = 0;
    for (var c : who.toCharArray()) {
      var shift = c == 'u' ? 6 : c == 'g' ? 3 : 0;
      clear |= 7 << shift | (c == 'u' ? 04000 : c == 'g' ? 02000 : 01000);
      for (var permission : what.toCharArray()) {
        bits |=
            switch (permission) {
              case 'r' -> 4 << shift;
              case 'w' -> 2 << shift;
              case 'x' -> 1 << shift;
              case 'X' -> directory || (mode & 0111) != 0 ? 1 << shift : 0;
              case 's' -> c == 'u' ? 04000 : c == 'g' ? 02000 : 0;
              default -> 01000;
            };
      }
    }
    return switch (action) {
      case "+" -> mode | bits;
      case "-" -> mode & ~bits;
      default -> (mode & ~clear) | bits;
    };
  }
}

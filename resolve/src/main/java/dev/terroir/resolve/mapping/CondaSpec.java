package dev.terroir.resolve.mapping;

import dev.terroir.environment.distribution.DistributionVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// A match spec, as far as the Python index can understand it.
///
/// Spec: conda's `MatchSpec`: `channel::name version build`, `name=version=build`, `name[key=value,
/// ...]`.
///
/// @param name lower case
/// @param channel with its subdir, or empty
/// @param version as written, or empty
/// @param build as written, or empty
/// @param unused keys in brackets that say nothing to the index
record CondaSpec(String name, String channel, String version, String build, List<String> unused) {
  private static final Pattern FORM =
      Pattern.compile(
          "(?:(?<channel>[^\\s=<>!~]*?)::?)?(?<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\\s*(?<rest>.*)");
  private static final Pattern BRACKETS = Pattern.compile("\\[([^\\]]*)\\]");
  private static final Pattern MEMBER =
      Pattern.compile("\\s*([a-z0-9_]+)\\s*=\\s*(?:\"([^\"]*)\"|'([^']*)'|([^,\\s]*))\\s*,?");
  private static final Pattern LETTERED = Pattern.compile("([0-9]{4})([a-z])");
  private static final Pattern WITH_BUILD =
      Pattern.compile("((?:[=<>!~]=?)[^=<>!~\\s]+)=([^=\\s]+)");
  private static final Pattern COMPARISON =
      Pattern.compile("(==|>=|<=|!=|~=|=|<|>)?\\s*([A-Za-z0-9._!+-]+?)(\\.?\\*)?");

  /// What cannot be said to the index; the message completes "the spec ...".
  static final class Untranslatable extends Exception {
    Untranslatable(String message) {
      super(message);
    }
  }

  static CondaSpec parse(String spec) throws Untranslatable {
    var text = spec.replaceAll("\\s+#.*", "").strip();
    if (text.contains("://") || text.endsWith(".conda") || text.endsWith(".tar.bz2")) {
      throw new Untranslatable("names an archive of conda");
    }
    var version = "";
    var build = "";
    var channel = "";
    var unused = new ArrayList<String>();
    var brackets = BRACKETS.matcher(text);
    while (brackets.find()) {
      var member = MEMBER.matcher(brackets.group(1));
      var end = 0;
      while (end < brackets.group(1).length() && member.find(end) && member.start() == end) {
        var value = member.group(2) != null ? member.group(2) : member.group(3);
        value = value != null ? value : member.group(4);
        switch (member.group(1)) {
          case "version" -> version = value;
          case "build" -> build = value;
          case "channel" -> channel = value;
          default -> unused.add(member.group(1));
        }
        end = member.end();
      }
      if (end < brackets.group(1).length()) {
        throw new Untranslatable("has `[" + brackets.group(1) + "]`, which is no list of keys");
      }
    }
    text = BRACKETS.matcher(text).replaceAll("").strip();
    var form = FORM.matcher(text);
    if (!form.matches()) {
      throw new Untranslatable("is no match spec");
    }
    channel = form.group("channel") != null ? form.group("channel") : channel;
    var rest = form.group("rest").strip();
    if (!rest.isEmpty()) {
      // `=1.2=build`, `>=1.2=build` and `1.2 build` have a build string.
      var joined = WITH_BUILD.matcher(rest);
      var parts =
          joined.matches()
              ? new String[] {joined.group(1).replaceAll("^=(?!=)", "=="), joined.group(2)}
              : rest.replaceAll("([=<>!~,|])\\s+", "$1")
                  .replaceAll("\\s+([,|])", "$1")
                  .split("\\s+");
      if (parts.length > 2) {
        throw new Untranslatable("has more than a version and a build");
      }
      version = parts[0];
      build = parts.length == 2 ? parts[1] : build;
    }
    return new CondaSpec(
        form.group("name").toLowerCase(Locale.ROOT), channel, version, build, List.copyOf(unused));
  }

  /// The version as a specifier of PEP 440, empty for any.
  ///
  /// `=1.17` is any 1.17; three numbers and more are that release, as people mean them, except
  /// where another project stands for the package, whose releases may have a further number.
  ///
  /// @param isOtherProject whether the project has another name
  String specifier(boolean isOtherProject) throws Untranslatable {
    if (version.isEmpty() || version.equals("*") || version.equals("=*")) {
      return "";
    }
    if (version.contains("|")) {
      throw new Untranslatable("says `or`, which requirements have no word for");
    }
    if (version.startsWith("^") || version.contains("(")) {
      throw new Untranslatable("has a pattern or brackets, which requirements have not");
    }
    var clauses = new ArrayList<String>();
    for (var clause : asIndexed(version).split(",")) {
      clauses.add(clause(clause.strip(), isOtherProject));
    }
    return String.join(",", clauses);
  }

  /// The time zone data is numbered by letters in conda, `2022f`, and by numbers on the index.
  private String asIndexed(String version) {
    return name.equals("tzdata")
        ? LETTERED
            .matcher(version)
            .replaceAll(found -> found.group(1) + "." + (found.group(2).charAt(0) - 'a' + 1))
        : version;
  }

  private static String clause(String clause, boolean isOtherProject) throws Untranslatable {
    var matcher = COMPARISON.matcher(clause);
    if (!matcher.matches()) {
      throw new Untranslatable("has the version `" + clause + "`, which is none of Python's");
    }
    var operator = matcher.group(1) == null ? "==" : matcher.group(1);
    var release = matcher.group(2).replaceAll("(?<=\\d)[._](?=post|dev|a|b|rc)", ".");
    var hasStar = matcher.group(3) != null;
    if (!DistributionVersion.isValid(release)) {
      throw new Untranslatable("has the version `" + release + "`, which is none of Python's");
    }
    var isPlain = release.matches("[0-9]+(\\.[0-9]+)*");
    if (operator.equals("=") && !hasStar) {
      var isExact = release.split("\\.").length > 2 && !isOtherProject;
      return "==" + release + (isExact || !isPlain ? "" : ".*");
    }
    if (hasStar) {
      return switch (operator) {
        case "=", "==" -> "==" + release + (isPlain ? ".*" : "");
        case "!=" -> "!=" + release + (isPlain ? ".*" : "");
        // Conda reads `>=1.2.*` as `>=1.2`.
        default -> operator + release;
      };
    }
    if (operator.equals("~=") && !release.contains(".")) {
      return "==" + release + ".*";
    }
    return operator + release;
  }
}

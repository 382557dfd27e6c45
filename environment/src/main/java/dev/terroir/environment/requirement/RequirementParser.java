package dev.terroir.environment.requirement;

import dev.terroir.environment.distribution.DistributionVersion;
import dev.terroir.environment.requirement.Requirement.SyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The grammar of dependency specifiers, one method per rule. For one thread.
final class RequirementParser {
  private static final Pattern NAME = Pattern.compile("(?i)[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?");
  private static final Pattern WORD = Pattern.compile("(?i)[A-Z0-9._-]+");

  private static final Pattern SPECIFIER =
      Pattern.compile(
          "(?i)(===)\\s*([^\\s;)]+)"
              + "|(==|!=)\\s*(v?(?:[0-9]+!)?[0-9]+(?:\\.[0-9]+)*\\.\\*|"
              + DistributionVersion.PUBLIC
              + DistributionVersion.LOCAL
              + ")"
              + "|(~=)\\s*(v?(?:[0-9]+!)?[0-9]+(?:\\.[0-9]+)+"
              + "(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"
              + "(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"
              + "(?:[-_.]?dev[-_.]?[0-9]*)?)"
              + "|(<=|>=|<|>)\\s*("
              + DistributionVersion.PUBLIC
              + ")");
  private static final Set<String> VARIABLES =
      Set.of(
          "python_version",
          "python_full_version",
          "os_name",
          "os.name",
          "sys_platform",
          "sys.platform",
          "platform_release",
          "platform_system",
          "platform_version",
          "platform.version",
          "platform_machine",
          "platform.machine",
          "platform_python_implementation",
          "platform.python_implementation",
          "python_implementation",
          "implementation_name",
          "implementation_version",
          "extra",
          "extras",
          "dependency_groups");
  private static final List<String> OPERATORS =
      List.of("===", "~=", "==", "!=", "<=", ">=", "<", ">");

  private final String text;
  private int at;

  RequirementParser(String text) {
    this.text = text;
  }

  // name_req / url_req = name wsp* extras? wsp* (versionspec | '@' wsp* URI) wsp* (';' marker)?
  Requirement requirement() throws SyntaxException {
    blank();
    var name = match(NAME, "a requirement begins with the name of a project");
    blank();
    var extras = at('[') ? extras() : List.<String>of();
    blank();
    @Nullable String url = null;
    List<String> specifiers = List.of();
    if (at('@')) {
      at++;
      blank();
      url = url();
    } else {
      specifiers = versions();
    }
    var spaced = at < text.length() && Character.isWhitespace(text.charAt(at));
    blank();
    @Nullable String marker = null;
    if (at(';')) {
      if (url != null && !spaced) {
        throw error("a space must stand between a URL and `;`");
      }
      at++;
      blank();
      marker = or().alone();
      blank();
    }
    if (at < text.length()) {
      throw error(
          url == null && specifiers.isEmpty() && marker == null
              ? "a version is written with an operator such as `==` or `>=`"
              : "`" + text.substring(at) + "` fits nothing here");
    }
    return new Requirement(name, extras, specifiers, url, marker);
  }

  // extras = '[' wsp* (identifier (wsp* ',' wsp* identifier)*)? wsp* ']'
  private List<String> extras() throws SyntaxException {
    at++;
    var extras = new ArrayList<String>();
    blank();
    while (!at(']')) {
      if (!extras.isEmpty()) {
        expect(',', "extras are separated by `,` and closed by `]`");
        blank();
      }
      extras.add(match(NAME, "an extra is a name"));
      blank();
    }
    at++;
    return extras;
  }

  // versionspec = '(' version_many ')' | version_many
  private List<String> versions() throws SyntaxException {
    var parenthesised = at('(');
    if (parenthesised) {
      at++;
      blank();
    }
    var specifiers = new ArrayList<String>();
    while (at < text.length() && "=<>!~".indexOf(text.charAt(at)) >= 0) {
      specifiers.add(specifier());
      blank();
      if (!at(',')) {
        break;
      }
      at++;
      blank();
    }
    if (parenthesised) {
      expect(')', "the parenthesis is not closed");
    }
    return specifiers;
  }

  private String specifier() throws SyntaxException {
    var matcher = SPECIFIER.matcher(text).region(at, text.length());
    if (matcher.lookingAt()) {
      for (int group = 1; group <= matcher.groupCount(); group += 2) {
        if (matcher.group(group) != null) {
          var end = matcher.end();
          var next = end < text.length() ? text.charAt(end) : ' ';
          if (Character.isWhitespace(next) || ",;)".indexOf(next) >= 0) {
            at = end;
            return matcher.group(group) + matcher.group(group + 1);
          }
        }
      }
    }
    throw error("this is no version specifier");
  }

  private String url() throws SyntaxException {
    var start = at;
    while (at < text.length() && !Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    if (start == at) {
      throw error("a URL must follow `@`");
    }
    return text.substring(start, at);
  }

  /// A part of a marker: as it stands among others, and as it stands alone.
  private record Part(String text, String alone, boolean isCompound) {
    static Part simple(String text) {
      return new Part(text, text, false);
    }
  }

  // marker_or = marker_and wsp* 'or' marker_or | marker_and
  private Part or() throws SyntaxException {
    return joined("or", this::and);
  }

  private Part and() throws SyntaxException {
    return joined("and", this::expression);
  }

  private interface Rule {
    Part read() throws SyntaxException;
  }

  private Part joined(String keyword, Rule rule) throws SyntaxException {
    var first = rule.read();
    blank();
    if (!keyword(keyword)) {
      return first;
    }
    var out = new StringBuilder(first.text());
    do {
      blank();
      out.append(' ').append(keyword).append(' ').append(rule.read().text());
      blank();
    } while (keyword(keyword));
    return new Part(out.toString(), out.toString(), true);
  }

  // marker_expr = marker_var marker_op marker_var | '(' marker ')'
  private Part expression() throws SyntaxException {
    blank();
    if (at('(')) {
      at++;
      var inner = or();
      blank();
      expect(')', "the parenthesis is not closed");
      // Parentheses around a single comparison, or around others, say nothing.
      return inner.isCompound() ? new Part("(" + inner.alone() + ")", inner.alone(), false) : inner;
    }
    var left = value();
    blank();
    var operator = operator();
    blank();
    var right = value();
    if (isString(left) && isString(right)) {
      throw error("a marker compares a variable with a string, not two strings");
    }
    return Part.simple(left + " " + operator + " " + right);
  }

  private static boolean isString(String value) {
    return value.startsWith("\"") || value.startsWith("'");
  }

  private String operator() throws SyntaxException {
    for (var operator : OPERATORS) {
      if (text.startsWith(operator, at)) {
        at += operator.length();
        return operator;
      }
    }
    if (keyword("in")) {
      return "in";
    }
    if (keyword("not")) {
      blank();
      if (keyword("in")) {
        return "not in";
      }
    }
    throw error("a marker needs one of ===, ==, !=, <=, >=, <, >, ~=, in, not in");
  }

  private String value() throws SyntaxException {
    if (at('"') || at('\'')) {
      var quote = text.charAt(at);
      var end = text.indexOf(quote, at + 1);
      if (end < 0) {
        throw error("the string is not closed");
      }
      var content = text.substring(at + 1, end);
      if (content.indexOf('\\') >= 0) {
        throw error("a string in a marker holds no backslash");
      }
      at = end + 1;
      return content.indexOf('"') >= 0 ? "'" + content + "'" : "\"" + content + "\"";
    }
    var start = at;
    var word = match(WORD, "a marker compares a variable with a string");
    if (!VARIABLES.contains(word)) {
      at = start;
      throw error("`" + word + "` is no marker variable");
    }
    return word.equals("python_implementation")
        ? "platform_python_implementation"
        : word.replace('.', '_');
  }

  private boolean keyword(String word) {
    if (!text.startsWith(word, at)) {
      return false;
    }
    var end = at + word.length();
    if (end < text.length()
        && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
      return false;
    }
    at = end;
    return true;
  }

  private String match(Pattern pattern, String otherwise) throws SyntaxException {
    var matcher = pattern.matcher(text).region(at, text.length());
    if (!matcher.lookingAt()) {
      throw error(otherwise);
    }
    at = matcher.end();
    return matcher.group();
  }

  private void expect(char c, String otherwise) throws SyntaxException {
    if (!at(c)) {
      throw error(otherwise);
    }
    at++;
  }

  private boolean at(char c) {
    return at < text.length() && text.charAt(at) == c;
  }

  private void blank() {
    while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
      at++;
    }
  }

  private SyntaxException error(String what) {
    return new SyntaxException(what, at);
  }
}

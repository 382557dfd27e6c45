package dev.terroir.resolve.index;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One of pip's configuration files, read as pip reads it: an option goes on in lines that are
/// indented deeper than it is, and what pip refuses is refused, for a setting that is overlooked
/// lets packages come from elsewhere.
///
/// Spec: pip, "Configuration Files"; Python, `configparser`, "Supported INI File Structure".
final class PipConfiguration {
  private static final Pattern SECTION = Pattern.compile("\\[(.+)].*");
  private static final Pattern OPTION = Pattern.compile("(.*?)\\s*[=:]\\s*(.*)");
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final Path file;
  private final Map<String, Map<String, String>> sections = new LinkedHashMap<>();

  private PipConfiguration(Path file) {
    this.file = file;
  }

  /// The options of each section, names as pip compares them; nothing of a file that may not be
  /// read, as by pip.
  ///
  /// @throws ResolveException code `bad-setting`, with file and line
  static Map<String, Map<String, String>> read(Path file) {
    var configuration = new PipConfiguration(file);
    try {
      var text = Files.readString(file);
      // Which editors of Windows write.
      configuration.lines(
          (text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text).lines().toList());
    } catch (CharacterCodingException e) {
      throw configuration.problem("it is not text in UTF-8", 1, "save it as UTF-8");
    } catch (IOException e) {
      return Map.of();
    }
    return configuration.sections;
  }

  private void lines(List<String> lines) {
    String section = null;
    String option = null;
    var indent = 0;
    for (int i = 0; i < lines.size(); i++) {
      var text = lines.get(i).strip();
      if (text.isEmpty() || text.startsWith("#") || text.startsWith(";")) {
        continue;
      }
      var here = lines.get(i).indexOf(text);
      if (section != null && option != null && here > indent) {
        options(section).merge(option, text, (before, more) -> (before + "\n" + more).strip());
        continue;
      }
      indent = here;
      var header = SECTION.matcher(text);
      if (header.matches()) {
        section = header.group(1);
        option = null;
        if (sections.put(section, new LinkedHashMap<>()) != null) {
          throw problem(
              "the section `" + section + "` is there already", i + 1, "make one section of both");
        }
      } else {
        option = option(text, section, i + 1);
      }
    }
  }

  private String option(String text, @Nullable String section, int line) {
    if (section == null) {
      throw problem("it begins without a section", line, "write `[global]` above the first option");
    }
    var matcher = OPTION.matcher(text);
    if (!matcher.matches() || matcher.group(1).isEmpty()) {
      throw problem("the line is no `NAME = VALUE`", line, "give the option a value");
    }
    var name = matcher.group(1).toLowerCase(Locale.ROOT).replace('_', '-').replaceFirst("^--", "");
    if (options(section).put(name, matcher.group(2)) != null) {
      throw problem(
          "the option `" + name + "` is in the section already",
          line,
          "write one option, with each further value in an indented line of its own");
    }
    return name;
  }

  private Map<String, String> options(String section) {
    return sections.getOrDefault(section, Map.of());
  }

  /// Without the line itself, which may hold a password.
  private ResolveException problem(String why, int line, String hint) {
    return new ResolveException(
        Problem.of(FoundationCode.BAD_SETTING, "pip's configuration cannot be read")
            .at(Place.position(file.toString(), line, 0))
            .because(why + ", and pip refuses such a file")
            .hint(hint + "; `pip config list` shows what pip makes of it"));
  }

  /// What `pip install` takes of several files: its own section wins over `global`, wherever they
  /// stand, and in a section the later file wins.
  static Map<String, String> merged(List<Path> files) {
    var read = new ArrayList<Map<String, Map<String, String>>>();
    files.forEach(file -> read.add(read(file)));
    var all = new LinkedHashMap<String, String>();
    for (var section : List.of("global", "install")) {
      var own = new LinkedHashMap<String, String>();
      read.forEach(sections -> own.putAll(sections.getOrDefault(section, Map.of())));
      own.values().removeIf(String::isBlank);
      all.putAll(own);
    }
    return all;
  }
}

package dev.terroir.image.archive;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The scripts that a distribution's `entry_points.txt` asks for. Immutable. Entry points of other
/// groups are data of the packages that look for them, and are not kept.
///
/// Spec: Python packaging, "Entry points"; the file is what Python's `configparser` reads with `=`
/// as the only delimiter and case kept.
///
/// @param scripts in the order of the file
/// @since 0.1
public record EntryPoints(List<Script> scripts) {
  // Deprecated extras may follow the object reference: name = module:attribute [extra, extra]
  private static final Pattern EXTRAS = Pattern.compile("\\s*\\[[^\\]]*\\]\\s*$");

  /// A script.
  ///
  /// @param name the file's name; one path component
  /// @param module dotted name of the module
  /// @param attribute dotted name of the function in it
  /// @param isGui whether it stands among the `gui_scripts`
  public record Script(String name, String module, String attribute, boolean isGui) {}

  /// Copies the list.
  public EntryPoints {
    scripts = List.copyOf(scripts);
  }

  /// Reads the file.
  ///
  /// @param source how messages name the archive
  /// @throws dev.terroir.image.ImageException code `invalid-archive`, also for a name that is no
  ///   file name, or a reference that is not made of identifiers
  public static EntryPoints parse(String source, String text) {
    var scripts = new ArrayList<Script>();
    var names = new HashSet<String>();
    var group = "";
    var lines = text.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      var line = lines.get(i).strip();
      if (i == 0 && line.startsWith("\ufeff")) {
        line = line.substring(1);
      }
      if (line.isEmpty() || line.startsWith("#") || line.startsWith(";")) {
        continue;
      }
      if (line.startsWith("[") && line.endsWith("]") && !line.contains("=")) {
        group = line.substring(1, line.length() - 1).strip();
        continue;
      }
      if (!group.equals("console_scripts") && !group.equals("gui_scripts")) {
        continue;
      }
      var script = script(source, line, group.equals("gui_scripts"));
      if (!names.add(script.name())) {
        throw invalid(source, "the script `" + script.name() + "` is defined twice");
      }
      scripts.add(script);
    }
    return new EntryPoints(scripts);
  }

  private static Script script(String source, String line, boolean isGui) {
    int equals = line.indexOf('=');
    if (equals < 0) {
      throw invalid(source, "`" + line + "` is no `name = module:attribute`");
    }
    var name = line.substring(0, equals).strip();
    fileName(name)
        .ifPresent(why -> {
          throw invalid(source, "the script name `" + name + "` " + why);
        });
    var reference = EXTRAS.matcher(line.substring(equals + 1).strip()).replaceFirst("");
    int colon = reference.indexOf(':');
    var module = (colon < 0 ? reference : reference.substring(0, colon)).strip();
    var attribute = colon < 0 ? "" : reference.substring(colon + 1).strip();
    if (!isDotted(module) || !isDotted(attribute)) {
      throw invalid(
          source,
          "`"
              + reference
              + "` of the script `"
              + name
              + "` is no `module:attribute` of identifiers");
    }
    return new Script(name, module, attribute, isGui);
  }

  private static Optional<String> fileName(String name) {
    if (name.contains("/") || name.contains("\\") || ArchivePath.problem(name).isPresent()) {
      return Optional.of("is no name of a file");
    }
    return Optional.empty();
  }

  /// Whether a text is one component of a path, and so can name a script.
  public static boolean isFileName(String name) {
    return fileName(name).isEmpty();
  }

  /// Whether a text is Python identifiers with dots between them.
  public static boolean isDotted(String text) {
    for (var part : text.split("\\.", -1)) {
      if (part.isEmpty()) {
        return false;
      }
      boolean isIdentifier =
          part.codePoints().skip(1).allMatch(EntryPoints::isIdentifierPart)
              && isIdentifierStart(part.codePointAt(0));
      if (!isIdentifier) {
        return false;
      }
    }
    return true;
  }

  private static boolean isIdentifierStart(int point) {
    return point == '_' || Character.isUnicodeIdentifierStart(point);
  }

  private static boolean isIdentifierPart(int point) {
    return isIdentifierStart(point)
        || (Character.isUnicodeIdentifierPart(point) && !Character.isIdentifierIgnorable(point));
  }

  private static RuntimeException invalid(String source, String why) {
    return ArchiveRefusal.of(source, "entry_points.txt", why);
  }
}

package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Reads the value of `RUN --mount`.
///
/// Spec: Dockerfile reference, "RUN --mount".
final class MountReader {
  private MountReader() {}

  /// Comma-separated `key=value` fields, each of which may be quoted as in CSV.
  static Mount mount(String text, int offset) throws Mistake {
    var options = new LinkedHashMap<String, String>();
    for (var field : fields(text)) {
      var equals = field.indexOf('=');
      var key = equals < 0 ? field : field.substring(0, equals);
      key = key.equals("Z") ? key : key.toLowerCase(Locale.ROOT);
      if (!key.equals("type") && !Mount.OPTIONS.contains(key)) {
        throw new Mistake(
            offset,
            "`--mount` has no option `" + key + "`",
            Nearest.to(key, Mount.OPTIONS)
                .map(good -> "did you mean `" + good + "`?")
                .orElse(null));
      }
      if (equals < 0
          && !Set.of("rw", "readwrite", "ro", "readonly", "required", "z", "Z").contains(key)) {
        throw new Mistake(offset, "the option `" + key + "` of `--mount` needs a value");
      }
      options.put(key, equals < 0 ? "true" : field.substring(equals + 1));
    }
    var type = options.remove("type");
    if (type == null) {
      type = "bind";
    }
    if (!type.contains("$") && !Mount.TYPES.contains(type)) {
      throw new Mistake(
          offset,
          "`--mount` has no type `" + type + "`; it has `" + String.join("`, `", Mount.TYPES) + "`",
          Nearest.to(type, Mount.TYPES).map(good -> "did you mean `" + good + "`?").orElse(null));
    }
    return new Mount(type, options);
  }

  private static List<String> fields(String text) {
    var fields = new ArrayList<String>();
    var field = new StringBuilder();
    var inQuotes = false;
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (c == '"') {
        if (inQuotes && i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          inQuotes = !inQuotes;
        }
      } else if (c == ',' && !inQuotes) {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return fields;
  }
}

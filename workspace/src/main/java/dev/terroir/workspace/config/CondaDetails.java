package dev.terroir.workspace.config;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.resolve.conda.CondaOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// What a workspace decides about conda, as its `workspace.json` holds it.
final class CondaDetails {
  private CondaDetails() {}

  static CondaOptions read(JsonObject json) {
    return new CondaOptions(
        one(CondaOptions.Source.class, json.optionalString("source").orElse("channels"), "source"),
        one(
            CondaOptions.Restricted.class,
            json.optionalString("restrictedChannels").orElse("warn"),
            "restrictedChannels"),
        json.optionalString("channelPriority").orElse(""),
        json.strings("virtualPackages"),
        json.strings("linkScripts"),
        json.strings("names"));
  }

  static JsonObject write(CondaOptions options) {
    return JsonObject.builder()
        .put("source", id(options.source()))
        .put("restrictedChannels", id(options.restricted()))
        .put("channelPriority", options.channelPriority())
        .put("virtualPackages", options.virtualPackages())
        .put("linkScripts", options.linkScripts())
        .put("names", options.names())
        .build();
  }

  private static String id(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /// The value of a name.
  ///
  /// @throws FoundationException code `bad-setting`
  static <E extends Enum<E>> E one(Class<E> type, String name, String field) {
    return Arrays.stream(type.getEnumConstants())
        .filter(value -> id(value).equals(name))
        .findFirst()
        .orElseThrow(() ->
            unknown(
                name,
                field,
                Arrays.stream(type.getEnumConstants()).map(CondaDetails::id).toList()));
  }

  static FoundationException unknown(String name, String field, List<String> known) {
    return new FoundationException(
        Problem.of(FoundationCode.BAD_SETTING, "`" + name + "` is no value of `" + field + "`")
            .at(Place.field(field))
            .hint(
                "use one of "
                    + known.stream().map(it -> "`" + it + "`").collect(Collectors.joining(", "))));
  }
}

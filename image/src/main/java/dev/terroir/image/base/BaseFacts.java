package dev.terroir.image.base;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a base image holds, as far as an environment needs to know. Immutable.
///
/// @param pythons its interpreters, those on its PATH first
/// @param libc `glibc`, `musl`, or null when it has neither
/// @param glibcVersion such as `2.36`, or null
/// @param distribution `ID` of its os-release, such as `debian`, or null
/// @param distributionVersion `VERSION_ID`, or null
/// @param distributionName `PRETTY_NAME`, or null
/// @param hasShell whether `/bin/sh` is a program
/// @param cudaVersion of the CUDA runtime, or null
/// @param condaVersion of conda, or null
/// @since 0.1
public record BaseFacts(
    List<BasePython> pythons,
    @Nullable String libc,
    @Nullable String glibcVersion,
    @Nullable String distribution,
    @Nullable String distributionVersion,
    @Nullable String distributionName,
    boolean hasShell,
    @Nullable String cudaVersion,
    @Nullable String condaVersion) {
  /// Another one is looked for anew.
  private static final String FORMAT = "terroir-base-facts/1";

  /// Copies the list.
  public BaseFacts {
    pythons = List.copyOf(pythons);
  }

  /// Its file.
  public JsonObject toJson() {
    var list = new ArrayList<JsonValue>();
    for (var python : pythons) {
      list.add(
          JsonObject.builder()
              .put("executable", python.executable())
              .put("version", python.version())
              .put("fullVersion", python.fullVersion())
              .put("standardLibrary", python.standardLibrary())
              .put("isComplete", python.isComplete())
              .put("library", python.library())
              .put("architecture", python.architecture())
              .build());
    }
    return JsonObject.builder()
        .put("format", FORMAT)
        .put("pythons", new JsonValue.JsonArray(list))
        .put("libc", libc)
        .put("glibcVersion", glibcVersion)
        .put("distribution", distribution)
        .put("distributionVersion", distributionVersion)
        .put("distributionName", distributionName)
        .put("hasShell", hasShell)
        .put("cudaVersion", cudaVersion)
        .put("condaVersion", condaVersion)
        .build();
  }

  /// Reads its file; empty when it is of another format.
  static Optional<BaseFacts> parse(JsonObject json) {
    if (!json.optionalString("format").orElse("").equals(FORMAT)) {
      return Optional.empty();
    }
    var pythons = new ArrayList<BasePython>();
    for (var python : json.objects("pythons")) {
      pythons.add(
          new BasePython(
              python.string("executable"),
              python.string("version"),
              python.string("fullVersion"),
              python.optionalString("standardLibrary").orElse(null),
              python.optionalBoolean("isComplete").orElse(false),
              python.optionalString("library").orElse(null),
              python.optionalString("architecture").orElse(null)));
    }
    return Optional.of(
        new BaseFacts(
            pythons,
            json.optionalString("libc").orElse(null),
            json.optionalString("glibcVersion").orElse(null),
            json.optionalString("distribution").orElse(null),
            json.optionalString("distributionVersion").orElse(null),
            json.optionalString("distributionName").orElse(null),
            json.optionalBoolean("hasShell").orElse(false),
            json.optionalString("cudaVersion").orElse(null),
            json.optionalString("condaVersion").orElse(null)));
  }
}

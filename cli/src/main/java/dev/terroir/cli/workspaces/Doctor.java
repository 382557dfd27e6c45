package dev.terroir.cli.workspaces;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.process.Command;
import dev.terroir.resolve.conda.Channels;
import dev.terroir.resolve.conda.CondaSettings;
import dev.terroir.resolve.conda.Rattler;
import dev.terroir.resolve.index.IndexSettings;
import dev.terroir.resolve.tool.UvProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `terroir doctor`: what was found and what is missing.
///
/// @since 0.1
public final class Doctor {
  private static final String NONE = "none";
  private static final String DOES_NOT_RUN = "does not run: ";

  private Doctor() {}

  /// The command.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "",
            "Say what was found (interpreters, uv, indexes, engines) and what is missing.",
            "terroir doctor --output table",
            List.of(),
            "",
            Doctor::run));
  }

  private static int run(Arguments arguments, Context context) {
    var settings = context.settings();
    var home = TerroirHome.of(settings);
    var missing = new ArrayList<String>();
    var found = JsonObject.builder();
    found.put(
        "java",
        JsonObject.builder()
            .put("version", System.getProperty("java.version"))
            .put("home", System.getProperty("java.home"))
            .build());
    found.put("platform", Platform.current().toString());
    found.put(
        "home",
        JsonObject.builder()
            .put("data", home.data().toString())
            .put("cache", home.cache().toString())
            .put("writable", isWritable(home.data()))
            .build());
    if (!isWritable(home.data())) {
      missing.add("a writable " + home.data() + ": set TERROIR_HOME to another directory");
    }
    var python = UvProgram.python(settings);
    found.put("python", python.map(path -> program(path, settings, "--version")).orElse(NONE));
    if (python.isEmpty()) {
      missing.add("Python on PATH: install python3, or set TERROIR_PYTHON");
    }
    var uv = uv(settings, home, missing);
    found.put("uv", uv);
    found.put("interpreters", interpreters(uv, settings));
    var index = IndexSettings.read(settings, python);
    found.put(
        "indexes",
        JsonObject.builder()
            .put("pipConfiguration", index.files().stream().map(Path::toString).toList())
            .put("pipSettings", index.names())
            .put(
                "uvVariables",
                index.uvVariables().keySet().stream()
                    .filter(name -> name.startsWith("UV_"))
                    .toList())
            .build());
    found.put("conda", conda(settings));
    var engines = JsonObject.builder();
    for (var engine : List.of("podman", "docker", "buildah")) {
      engines.put(
          engine,
          UvProgram.onPath(settings, engine)
              .map(path -> program(path, settings, "--version"))
              .orElse(NONE));
    }
    found.put("engines", engines.build());
    found.put("missing", missing);
    var all = found.build();
    if (context.console().isTable()) {
      context.console().result(new JsonValue.JsonArray(rows("", all)), "check", "result", "detail");
    } else {
      context.console().result(all);
    }
    missing.forEach(what -> context.console().note("missing: " + what));
    return missing.isEmpty() ? 0 : 4;
  }

  /// A row for each thing that was looked for, under its names in the JSON.
  private static List<JsonValue> rows(String check, JsonValue value) {
    return switch (value) {
      case JsonObject object -> {
        var rows = new ArrayList<JsonValue>();
        object
            .members()
            .forEach((name, member) ->
                rows.addAll(rows(check.isEmpty() ? name : check + "." + name, member)));
        yield rows;
      }
      case JsonValue.JsonArray(var elements) when elements.isEmpty() ->
          List.of(row(check, NONE, ""));
      case JsonValue.JsonArray(var elements) ->
          elements.stream().flatMap(element -> rows(check, element).stream()).toList();
      case JsonValue.JsonString(var text) -> row(check, text);
      case JsonValue.JsonNumber(var text) -> List.of(row(check, "found", text));
      case JsonValue.JsonBoolean(var flag) -> List.of(row(check, flag ? "yes" : "no", ""));
      case JsonValue.JsonNull _ -> List.of(row(check, NONE, ""));
    };
  }

  private static List<JsonValue> row(String check, String text) {
    var isFailure = check.endsWith("problem") || text.startsWith(DOES_NOT_RUN);
    return List.of(
        check.equals("missing")
            ? row(check, "missing", text)
            : text.equals(NONE) || text.startsWith(NONE + "; ")
                ? row(check, NONE, text.substring(Math.min(text.length(), NONE.length() + 2)))
                : row(check, isFailure ? "failed" : "found", text));
  }

  private static JsonValue row(String check, String result, String detail) {
    return JsonObject.builder()
        .put("check", check)
        .put("result", result)
        .put("detail", detail)
        .build();
  }

  private static JsonObject conda(Settings settings) {
    try {
      var conda = CondaSettings.read(settings);
      return JsonObject.builder()
          .put("configuration", conda.files().stream().map(Path::toString).toList())
          .put(
              "channels",
              new Channels(conda, Path.of("").toAbsolutePath())
                  .of(List.of()).stream().flatMap(channel -> channel.urls().stream()).toList())
          .put("channelPriority", conda.channelPriority())
          .put("offline", conda.isOffline())
          .put("rattler", Rattler.VERSION)
          .build();
    } catch (TerroirException e) {
      return JsonObject.builder().put("problem", e.problem().what()).build();
    }
  }

  private static String uv(Settings settings, TerroirHome home, List<String> missing) {
    try {
      var program = UvProgram.findWithoutFetching(settings, home);
      if (program.isPresent()) {
        return UvProgram.version(program.get(), settings).orElse("?") + " at " + program.get();
      }
      return NONE + "; version " + UvProgram.VERSION + " is fetched when it is needed first";
    } catch (TerroirException e) {
      missing.add(e.problem().what());
      return NONE;
    }
  }

  private static JsonValue interpreters(String uv, Settings settings) {
    if (!uv.contains(" at ")) {
      return new JsonValue.JsonArray(List.of());
    }
    try {
      var result =
          new Command(
                  List.of(
                      uv.substring(uv.indexOf(" at ") + 4),
                      "python",
                      "list",
                      "--only-installed",
                      "--no-python-downloads"),
                  settings.with("NO_COLOR", "1").variables(),
                  null,
                  Duration.ofSeconds(60))
              .run();
      return JsonValue.JsonArray.ofStrings(
          result.output().lines().map(line -> line.strip().replaceAll("\\s+", " ")).toList());
    } catch (TerroirException e) {
      return new JsonValue.JsonArray(List.of());
    }
  }

  private static String program(Path program, Settings settings, String argument) {
    try {
      Map<String, String> variables = settings.variables();
      var result =
          new Command(
                  List.of(program.toString(), argument), variables, null, Duration.ofSeconds(20))
              .run();
      return result.output().strip() + " at " + program;
    } catch (TerroirException e) {
      return DOES_NOT_RUN + program;
    }
  }

  private static boolean isWritable(Path directory) {
    for (var place = directory; place != null; place = place.getParent()) {
      if (Files.exists(place)) {
        return Files.isWritable(place);
      }
    }
    return false;
  }
}

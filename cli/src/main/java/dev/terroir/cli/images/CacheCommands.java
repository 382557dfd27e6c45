package dev.terroir.cli.images;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.build.ImageCache;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// `terroir cache …`: what is kept to make the next image fast.
///
/// @since 0.1
public final class CacheCommands {
  private static final long DEFAULT_DAYS = 30;

  private CacheCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "list",
            "Say how large the parts of the cache are.",
            "terroir cache list --output table",
            List.of(),
            "",
            CacheCommands::list),
        new Leaf(
            "verify",
            "Read everything that is kept and take away what is damaged.",
            "terroir cache verify",
            List.of(),
            "",
            CacheCommands::verify),
        new Leaf(
            "prune",
            "Take away what was kept long ago; it is made or fetched again when it is needed.",
            "terroir cache prune --older-than 7",
            List.of(
                Option.value("--older-than", "DAYS", "How long ago; 30 days when left out."),
                Option.flag("--all", "Everything but the small catalog of layers.")),
            "",
            CacheCommands::prune));
  }

  private static ImageCache cache(Context context) {
    return new ImageCache(TerroirHome.of(context.settings()));
  }

  private static int list(Arguments arguments, Context context) {
    var parts = new ArrayList<JsonValue>();
    for (var part : cache(context).list()) {
      parts.add(
          JsonObject.builder()
              .put("name", part.name())
              .put("files", part.files())
              .put("size", part.sizeBytes())
              .put("directory", part.directory().toString())
              .build());
    }
    context.console().result(new JsonValue.JsonArray(parts), "name", "files", "size", "directory");
    return 0;
  }

  private static int verify(Arguments arguments, Context context) {
    var damaged = cache(context).verify();
    damaged.forEach(file -> context.progress().warn("damaged, taken away: " + file));
    context
        .console()
        .result(
            JsonObject.builder()
                .put("damaged", damaged.stream().map(String::valueOf).toList())
                .build(),
            "damaged");
    return 0;
  }

  private static int prune(Arguments arguments, Context context) {
    var days = arguments.optional("--older-than").map(CacheCommands::days).orElse(DEFAULT_DAYS);
    var now = Instant.now();
    var pruned =
        cache(context)
            .prune(
                arguments.has("--all")
                    ? now.plus(Duration.ofDays(1))
                    : now.minus(Duration.ofDays(days)));
    context
        .console()
        .result(
            JsonObject.builder()
                .put("files", pruned.files())
                .put("size", pruned.sizeBytes())
                .build(),
            "files",
            "size");
    return 0;
  }

  private static long days(String text) {
    if (!text.matches("[0-9]{1,6}")) {
      throw CliException.usage("`" + text + "` is no number of days", "write a whole number");
    }
    return Long.parseLong(text);
  }
}

package dev.terroir.environment.conda;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.yaml.YamlNode;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Nearest;
import dev.terroir.foundation.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Takes the text of a conda environment file apart. For one thread.
final class CondaReader {
  // Those of conda, mamba and conda-lock.
  private static final Set<String> KEYS =
      Set.of(
          "name",
          "channels",
          "dependencies",
          "prefix",
          "variables",
          "platforms",
          "platform",
          "category",
          "allow-pypi-requests",
          "pip-repositories");

  private static final Pattern SELECTOR = Pattern.compile("sel\\(\\s*([a-z]+)\\s*\\)");

  /// A scalar of a list and where it stands.
  record Item(String text, YamlNode.Mark mark) {}

  /// A list of the document and its items, as far as they are scalars.
  record Block(YamlNode.Sequence node, List<Item> items) {}

  private final List<Problem> problems = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<CondaDependency> dependencies = new ArrayList<>();
  private final List<String> channels = new ArrayList<>();
  private final List<Block> pipBlocks = new ArrayList<>();
  private final JsonObject.Builder json = JsonObject.builder();
  private @Nullable Block dependencyBlock;
  private @Nullable Block channelBlock;
  private @Nullable String name;

  private final boolean isStrict;

  private CondaReader(boolean isStrict) {
    this.isStrict = isStrict;
  }

  /// @param isStrict whether what conda would lose without a word is refused; false for what was
  ///   taken into a definition before
  /// @throws EnvironmentException with all problems of the document
  static CondaReader read(String text, String source, boolean isStrict) {
    var reader = new CondaReader(isStrict);
    var root = YamlReader.parse(text, source);
    switch (root.orElse(null)) {
      case null -> {}
      case YamlNode.Mapping mapping -> reader.root(mapping);
      case YamlNode.Scalar scalar when scalar.isNull() -> {}
      case YamlNode node ->
          reader.problem(
              "a conda environment file must be a mapping with `dependencies`", node.mark());
    }
    if (!reader.problems.isEmpty()) {
      throw new EnvironmentException(reader.problems);
    }
    return reader;
  }

  JsonObject json() {
    return json.build();
  }

  @Nullable String name() {
    return name;
  }

  List<CondaDependency> dependencies() {
    return List.copyOf(dependencies);
  }

  List<String> channels() {
    return List.copyOf(channels);
  }

  List<String> warnings() {
    return List.copyOf(warnings);
  }

  @Nullable Block dependencyBlock() {
    return dependencyBlock;
  }

  @Nullable Block channelBlock() {
    return channelBlock;
  }

  /// The pip section that new lines go into: the last one.
  @Nullable Block pipBlock() {
    return pipBlocks.isEmpty() ? null : pipBlocks.getLast();
  }

  List<Block> pipBlocks() {
    return List.copyOf(pipBlocks);
  }

  private void root(YamlNode.Mapping mapping) {
    var seen = new ArrayList<String>();
    for (var entry : mapping.entries()) {
      if (seen.contains(entry.key())) {
        warnings.add(
            entry.keyMark().place().text()
                + ": `"
                + entry.key()
                + "` stands here a second time; the last one counts, as it does for conda");
      }
      seen.add(entry.key());
      switch (entry.key()) {
        case "name" -> name = name(entry.value());
        case "channels" -> channels(entry.value());
        case "dependencies" -> dependencies(entry.value());
        default -> {
          unknown(entry);
          json.put(entry.key(), plain(entry.value()));
        }
      }
      switch (entry.key()) {
        case "name" -> json.put("name", name);
        case "channels" -> json.put("channels", channels);
        case "dependencies" -> json.put("dependencies", dependencyJson(dependencies));
        default -> {}
      }
    }
  }

  private @Nullable String name(YamlNode node) {
    var text = scalar(node, "`name`");
    if (isStrict && text != null && (text.contains("/") || text.contains("\\"))) {
      problems.add(
          Problem.of(EnvironmentCode.CONDA_SPECIFICATION, "`" + text + "` is a path, not a name")
              .at(node.mark().place())
              .because("conda takes `name` for a folder among its environments")
              .hint("write a name without `/`, or `prefix: " + text + "`"));
    }
    return text;
  }

  private void unknown(YamlNode.Entry entry) {
    if (!isStrict || KEYS.contains(entry.key())) {
      return;
    }
    var meant =
        KEYS.stream().filter(key -> isNear(entry.key(), key)).sorted().findFirst().orElse(null);
    if (meant == null) {
      warnings.add(
          entry.keyMark().place().text()
              + ": `"
              + entry.key()
              + "` is no key of a conda environment file; it is kept, and nothing is done with it");
      return;
    }
    problems.add(
        Problem.of(
                EnvironmentCode.CONDA_SPECIFICATION,
                "`" + entry.key() + "` is no key of a conda environment file")
            .at(entry.keyMark().place())
            .hint("write `" + meant + "`"));
  }

  /// Whether a word is a slip of another: other case, the beginning of it, or at most two letters
  /// wrong in a long one.
  private static boolean isNear(String word, String key) {
    var lower = word.toLowerCase(Locale.ROOT).replace('_', '-');
    return lower.equals(key)
        || (key.equals("dependencies") && lower.startsWith("depend"))
        || Nearest.distance(lower, key) <= (key.length() < 6 ? 1 : 2);
  }

  static JsonValue dependencyJson(List<CondaDependency> dependencies) {
    var elements = new ArrayList<JsonValue>();
    for (var dependency : dependencies) {
      elements.add(
          switch (dependency) {
            case CondaDependency.Conda(var spec) -> JsonValue.of(spec);
            case CondaDependency.Pip(var lines) -> JsonObject.builder().put("pip", lines).build();
            case CondaDependency.Selected(var selector, var specs) ->
                specs.size() == 1
                    ? JsonObject.builder().put("sel(" + selector + ")", specs.getFirst()).build()
                    : JsonObject.builder().put("sel(" + selector + ")", specs).build();
          });
    }
    return new JsonValue.JsonArray(elements);
  }

  private void channels(YamlNode node) {
    channels.clear();
    switch (node) {
      case YamlNode.Scalar scalar when scalar.isNull() -> {}
      case YamlNode.Scalar scalar -> channels.add(scalar.text());
      case YamlNode.Sequence sequence -> {
        channelBlock = block(sequence, "a channel");
        for (var item : channelBlock.items()) {
          channels.add(item.text());
        }
      }
      case YamlNode.Mapping mapping ->
          problem("`channels` must be a list of channel names", mapping.mark());
    }
  }

  private void dependencies(YamlNode node) {
    dependencies.clear();
    pipBlocks.clear();
    switch (node) {
      case YamlNode.Scalar scalar when scalar.isNull() -> {}
      case YamlNode.Sequence sequence -> {
        var items = new ArrayList<Item>();
        for (var item : sequence.items()) {
          dependency(item, items);
        }
        dependencyBlock = new Block(sequence, items);
      }
      case YamlNode other -> problem("`dependencies` must be a list of packages", other.mark());
    }
  }

  private void dependency(YamlNode node, List<Item> items) {
    switch (node) {
      case YamlNode.Scalar scalar when scalar.isNull() ->
          warnings.add(node.mark().place().text() + ": this entry is empty and is left out");
      case YamlNode.Scalar scalar -> {
        items.add(new Item(scalar.text(), scalar.mark()));
        dependencies.add(new CondaDependency.Conda(scalar.text().strip()));
      }
      case YamlNode.Sequence sequence ->
          problem("a package must be written as text, not as a list", sequence.mark());
      case YamlNode.Mapping mapping -> {
        for (var entry : mapping.entries()) {
          mappingEntry(entry);
        }
      }
    }
  }

  private void mappingEntry(YamlNode.Entry entry) {
    var selector = SELECTOR.matcher(entry.key());
    if (entry.key().equals("pip")) {
      pip(entry.value());
    } else if (selector.matches()) {
      var specs =
          switch (entry.value()) {
            case YamlNode.Scalar scalar -> List.of(scalar.text());
            case YamlNode.Sequence sequence ->
                block(sequence, "a package").items().stream().map(Item::text).toList();
            case YamlNode.Mapping mapping -> {
              problem("`" + entry.key() + "` must hold packages", mapping.mark());
              yield List.<String>of();
            }
          };
      dependencies.add(new CondaDependency.Selected(selector.group(1), specs));
    } else {
      problems.add(
          Problem.of(
                  EnvironmentCode.CONDA_SPECIFICATION,
                  "`" + entry.key() + "` is no section of `dependencies`")
              .at(entry.keyMark().place())
              .because("besides package specs, conda reads one `pip:` section, mamba `sel(…):`")
              .hint(
                  entry.value() instanceof YamlNode.Scalar scalar
                      ? "write the package as one word: `" + entry.key() + "=" + scalar.text() + "`"
                      : entry.key().equals("conda")
                          ? "put its packages straight under `dependencies`"
                          : "write `- pip:` above the packages that pip installs"));
    }
  }

  private void pip(YamlNode node) {
    switch (node) {
      case YamlNode.Scalar scalar when scalar.isNull() ->
          dependencies.add(new CondaDependency.Pip(List.of()));
      case YamlNode.Sequence sequence -> {
        var block = block(sequence, "a line for pip");
        if (!pipBlocks.isEmpty()) {
          second(node);
        }
        pipBlocks.add(block);
        dependencies.add(
            new CondaDependency.Pip(
                block.items().stream().map(item -> item.text().strip()).toList()));
      }
      case YamlNode other ->
          problems.add(
              Problem.of(
                      EnvironmentCode.CONDA_SPECIFICATION,
                      "`pip` must hold a list, each line of it a requirement")
                  .at(other.mark().place())
                  .hint("write each requirement into a line of its own below `pip:`, after `- `"));
    }
  }

  // mamba installs the lines of both, conda those of the last: none may be lost without a word.
  private void second(YamlNode node) {
    warnings.add(
        node.mark().place().text()
            + ": a second pip section, after that of line "
            + pipBlocks.getLast().node().mark().line()
            + "; the lines of both are installed, as by mamba, while conda leaves out all but the"
            + " last section");
  }

  private Block block(YamlNode.Sequence sequence, String what) {
    var items = new ArrayList<Item>();
    for (var item : sequence.items()) {
      switch (item) {
        case YamlNode.Scalar scalar when scalar.isNull() ->
            warnings.add(item.mark().place().text() + ": this entry is empty and is left out");
        case YamlNode.Scalar scalar -> items.add(new Item(scalar.text(), scalar.mark()));
        case YamlNode other ->
            problems.add(
                Problem.of(
                        EnvironmentCode.CONDA_SPECIFICATION,
                        what + " must be written as text, not as a list or mapping")
                    .at(other.mark().place())
                    .because("YAML takes `: ` within a line, or `:` at its end, for a mapping")
                    .hint("put the line into quotes"));
      }
    }
    return new Block(sequence, items);
  }

  private @Nullable String scalar(YamlNode node, String what) {
    if (node instanceof YamlNode.Scalar scalar) {
      return scalar.isNull() ? null : scalar.text();
    }
    problem(what + " must be text", node.mark());
    return null;
  }

  private static JsonValue plain(YamlNode node) {
    return switch (node) {
      case YamlNode.Scalar scalar ->
          scalar.isNull() ? new JsonValue.JsonNull() : JsonValue.of(scalar.text());
      case YamlNode.Sequence sequence ->
          new JsonValue.JsonArray(sequence.items().stream().map(CondaReader::plain).toList());
      case YamlNode.Mapping mapping -> {
        var object = JsonObject.builder();
        for (var entry : mapping.entries()) {
          object.put(entry.key(), plain(entry.value()));
        }
        yield object.build();
      }
    };
  }

  private void problem(String what, YamlNode.Mark mark) {
    problems.add(Problem.of(EnvironmentCode.CONDA_SPECIFICATION, what).at(mark.place()));
  }
}

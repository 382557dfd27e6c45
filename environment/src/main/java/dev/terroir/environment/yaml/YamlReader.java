package dev.terroir.environment.yaml;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/// Reads YAML into nodes with positions, or into the tree that JSON is read into.
///
/// Refused: tags that ask for objects, recursive aliases, aliases that expand beyond [#MAX_NODES],
/// documents over [#MAX_BYTES].
///
/// @since 0.1
public final class YamlReader {
  /// Size of a document, in bytes; the largest real environment file known has 60 kB.
  public static final int MAX_BYTES = 4 << 20;

  /// Nodes after aliases are expanded; keeps a "billion laughs" from filling the memory.
  private static final int MAX_NODES = 200_000;

  /// Size of a lock of another tool, in bytes; the largest known has 5 MB.
  public static final int MAX_LOCK_BYTES = 64 << 20;

  private static final int MAX_LOCK_NODES = 10_000_000;

  private static final int MAX_DEPTH = 64;
  private static final Pattern INTEGER = Pattern.compile("[-+]?(0|[1-9][0-9]*)");
  private static final Pattern FLOAT =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]*)?([eE][-+]?[0-9]+)?");

  private static final Pattern TEMPLATE = Pattern.compile("\\{[%{][^\n]*[%}]}");
  private static final Pattern CONFLICT = Pattern.compile("(?m)^(<{7}|>{7}) ");

  private final String source;
  private final int maxNodes;
  private int nodes;

  private YamlReader(String source, int maxNodes) {
    this.source = source;
    this.maxNodes = maxNodes;
  }

  /// The text of a file: UTF-8, or UTF-16 when a byte order mark says so.
  public static String text(Path file) {
    return text(file, MAX_BYTES);
  }

  /// The same for the lock of another tool, which may be larger.
  public static String lockText(Path file) {
    return text(file, MAX_LOCK_BYTES);
  }

  private static String text(Path file, int maxBytes) {
    try {
      if (Files.size(file) > maxBytes) {
        throw syntax("the file is larger than " + maxBytes + " bytes", Place.file(file));
      }
      var bytes = Files.readAllBytes(file);
      return decode(bytes, file);
    } catch (IOException e) {
      throw FoundationException.ofFile(file.getFileName() + " cannot be read", file, e);
    }
  }

  private static String decode(byte[] bytes, Path file) {
    Charset charset = StandardCharsets.UTF_8;
    var skip = 0;
    if (bytes.length >= 2 && (bytes[0] & 0xff) == 0xff && (bytes[1] & 0xff) == 0xfe) {
      charset = StandardCharsets.UTF_16LE;
      skip = 2;
    } else if (bytes.length >= 2 && (bytes[0] & 0xff) == 0xfe && (bytes[1] & 0xff) == 0xff) {
      charset = StandardCharsets.UTF_16BE;
      skip = 2;
    } else if (bytes.length >= 3
        && (bytes[0] & 0xff) == 0xef
        && (bytes[1] & 0xff) == 0xbb
        && (bytes[2] & 0xff) == 0xbf) {
      skip = 3;
    }
    try {
      return charset
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, skip, bytes.length - skip))
          .toString();
    } catch (CharacterCodingException e) {
      throw new EnvironmentException(
          Problem.of(EnvironmentCode.YAML_SYNTAX, "the file is not " + charset + " text")
              .at(Place.file(file))
              .hint("save it as UTF-8"),
          e);
    }
  }

  /// The root node of the only document in a text; nothing when the text has none.
  ///
  /// @param source file name or other name of the text, for messages
  /// @throws EnvironmentException code `yaml-syntax`, with line and column
  public static Optional<YamlNode> parse(String text, String source) {
    return parse(text, source, MAX_BYTES, MAX_NODES);
  }

  private static Optional<YamlNode> parse(String text, String source, int maxBytes, int maxNodes) {
    var settings =
        LoadSettings.builder()
            .setLabel(source)
            .setAllowDuplicateKeys(true)
            .setMaxAliasesForCollections(100)
            .setCodePointLimit(maxBytes)
            .build();
    try {
      var reader = new YamlReader(source, maxNodes);
      return new Compose(settings).composeString(text).map(node -> reader.node(node, 0));
    } catch (MarkedYamlEngineException e) {
      var mark = e.getProblemMark().or(e::getContextMark);
      var place =
          mark.map(at ->
                  Place.position(
                      source,
                      at.getLine() + 1,
                      at.getColumn() + 1,
                      text.lines().skip(at.getLine()).findFirst().orElse("")))
              .orElse(Place.of(source));
      var why = (e.getContext() == null ? "" : e.getContext() + ": ") + e.getProblem();
      var problem =
          Problem.of(EnvironmentCode.YAML_SYNTAX, "the text is not valid YAML")
              .at(place)
              .because(why);
      throw new EnvironmentException(hint(why, text).map(problem::hint).orElse(problem), e);
    } catch (YamlEngineException e) {
      throw new EnvironmentException(
          Problem.of(EnvironmentCode.YAML_SYNTAX, "the text is not valid YAML")
              .at(Place.of(source))
              .because(String.valueOf(e.getMessage())),
          e);
    }
  }

  /// A document whose root is a mapping, as the tree that JSON is read into, with positions. Plain
  /// scalars mean numbers, booleans and null as in YAML's core schema.
  public static JsonObject readObject(Path file) {
    return parseObject(text(file), file.toString());
  }

  /// The same for a text.
  public static JsonObject parseObject(String text, String source) {
    return object(parse(text, source), source);
  }

  /// The same for the text of another tool's lock, which may be larger, and in which a key that
  /// stands twice is refused, as a program wrote it.
  public static JsonObject parseLock(String text, String source) {
    var root = parse(text, source, MAX_LOCK_BYTES, MAX_LOCK_NODES);
    root.ifPresent(YamlReader::checkKeys);
    return object(root, source);
  }

  private static void checkKeys(YamlNode node) {
    switch (node) {
      case YamlNode.Scalar _ -> {}
      case YamlNode.Sequence sequence -> sequence.items().forEach(YamlReader::checkKeys);
      case YamlNode.Mapping mapping -> {
        var seen = new HashMap<String, Integer>();
        for (var entry : mapping.entries()) {
          var before = seen.put(entry.key(), entry.keyMark().line());
          if (before != null) {
            throw new EnvironmentException(
                Problem.of(
                        EnvironmentCode.YAML_SYNTAX, "the key `" + entry.key() + "` stands twice")
                    .at(entry.keyMark().place())
                    .because("it stands in line " + before + " already"));
          }
          checkKeys(entry.value());
        }
      }
    }
  }

  private static JsonObject object(Optional<YamlNode> root, String source) {
    if (root.isPresent() && root.get() instanceof YamlNode.Mapping mapping) {
      return object(mapping, source, "");
    }
    throw new EnvironmentException(
        Problem.of(EnvironmentCode.YAML_SYNTAX, "the document must be a mapping of keys to values")
            .at(root.map(node -> node.mark().place()).orElse(Place.of(source))));
  }

  private static JsonObject object(YamlNode.Mapping mapping, String source, String path) {
    var builder = JsonObject.builder().readFrom(source, path);
    for (var entry : mapping.entries()) {
      var below = path.isEmpty() ? entry.key() : path + "." + entry.key();
      builder.put(entry.key(), value(entry.value(), source, below));
      var mark = entry.value().mark();
      builder.position(entry.key(), mark.line(), mark.column());
    }
    return builder.build();
  }

  private static JsonValue value(YamlNode node, String source, String path) {
    return switch (node) {
      case YamlNode.Mapping mapping -> object(mapping, source, path);
      case YamlNode.Sequence sequence -> {
        var elements = new ArrayList<JsonValue>();
        for (var item : sequence.items()) {
          elements.add(value(item, source, path + "[" + elements.size() + "]"));
        }
        yield new JsonValue.JsonArray(elements);
      }
      case YamlNode.Scalar scalar -> plain(scalar);
    };
  }

  private static JsonValue plain(YamlNode.Scalar scalar) {
    if (!scalar.isPlain()) {
      return JsonValue.of(scalar.text());
    }
    if (scalar.isNull()) {
      return new JsonValue.JsonNull();
    }
    return switch (scalar.text()) {
      case "true", "True", "TRUE" -> JsonValue.of(true);
      case "false", "False", "FALSE" -> JsonValue.of(false);
      default -> {
        var text = scalar.text();
        if (INTEGER.matcher(text).matches()) {
          yield new JsonValue.JsonNumber(text.startsWith("+") ? text.substring(1) : text);
        }
        if (FLOAT.matcher(text).matches() && !text.endsWith(".")) {
          yield new JsonValue.JsonNumber(text);
        }
        yield JsonValue.of(text);
      }
    };
  }

  private YamlNode node(Node node, int depth) {
    if (++nodes > maxNodes) {
      throw syntax(
          "the document has more than " + maxNodes + " nodes once its aliases are expanded",
          place(node));
    }
    if (depth > MAX_DEPTH || node.isRecursive()) {
      throw syntax("the document is nested too deeply or contains itself", place(node));
    }
    return switch (node) {
      case ScalarNode scalar -> {
        allow(scalar, Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL);
        yield new YamlNode.Scalar(
            scalar.getValue(), scalar.getScalarStyle() == ScalarStyle.PLAIN, mark(node));
      }
      case SequenceNode sequence -> {
        allow(sequence, Tag.SEQ);
        var items = new ArrayList<YamlNode>();
        for (var item : sequence.getValue()) {
          items.add(node(item, depth + 1));
        }
        yield new YamlNode.Sequence(items, sequence.getFlowStyle() == FlowStyle.FLOW, mark(node));
      }
      case MappingNode mapping -> {
        allow(mapping, Tag.MAP);
        var entries = new ArrayList<YamlNode.Entry>();
        for (var tuple : mapping.getValue()) {
          if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            throw syntax("a key must be a word, not a list or mapping", place(tuple.getKeyNode()));
          }
          entries.add(
              new YamlNode.Entry(key.getValue(), mark(key), node(tuple.getValueNode(), depth + 1)));
        }
        yield new YamlNode.Mapping(entries, mapping.getFlowStyle() == FlowStyle.FLOW, mark(node));
      }
      default -> throw syntax("the document holds a node of an unknown kind", place(node));
    };
  }

  private void allow(Node node, Tag... tags) {
    for (var tag : tags) {
      if (node.getTag().equals(tag)) {
        return;
      }
    }
    throw new EnvironmentException(
        Problem.of(
                EnvironmentCode.YAML_SYNTAX,
                "the tag `" + node.getTag().getValue() + "` asks for an object to be made")
            .at(place(node))
            .because("definitions are data; only strings, numbers, lists and mappings are read")
            .hint("write the value without a tag"));
  }

  private YamlNode.Mark mark(Node node) {
    var start = node.getStartMark();
    var end = node.getEndMark();
    var line = start.map(mark -> mark.getLine() + 1).orElse(1);
    var endLine = end.map(mark -> mark.getColumn() == 0 ? mark.getLine() : mark.getLine() + 1);
    return new YamlNode.Mark(
        source,
        line,
        start.map(mark -> mark.getColumn() + 1).orElse(1),
        Math.max(line, endLine.orElse(line)),
        end.map(mark -> mark.getColumn() + 1).orElse(1));
  }

  private Place place(Node node) {
    return mark(node).place();
  }

  /// What to do about what people often leave in such a file.
  private static Optional<String> hint(String why, String text) {
    if (TEMPLATE.matcher(text).find()) {
      return Optional.of("the file is a template: give what the program that fills it in writes");
    }
    if (CONFLICT.matcher(text).find()) {
      return Optional.of("settle the merge conflict whose marks stand in the file");
    }
    if (why.contains("TAB")) {
      return Optional.of("indent with spaces, which is all that YAML allows");
    }
    return why.contains("another document")
        ? Optional.of("keep one document and take what follows the `---` into a file of its own")
        : Optional.empty();
  }

  private static EnvironmentException syntax(String what, Place place) {
    return new EnvironmentException(Problem.of(EnvironmentCode.YAML_SYNTAX, what).at(place));
  }
}

package dev.terroir.compute.data;

import dev.terroir.compute.ComputeCode;
import dev.terroir.compute.ComputeException;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.data.DataFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The sections `dataReferences`, `data` and `outputData` of a run configuration.
///
/// @since 0.1
public final class RunData {
  private static final String VARIABLE = "AZUREML_DATAREFERENCE_";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]{1,255}");

  private RunData() {}

  /// What is done with data.
  public enum Mode {
    /// The script sees the folder itself.
    MOUNT,
    /// The script has a copy.
    DOWNLOAD,
    /// What the script leaves is taken to a datastore.
    UPLOAD
  }

  /// A file or folder of a datastore.
  ///
  /// @param path with `/`; may have `*` and `**`
  /// @param below the path that a file chosen from a folder has among the others, or null
  public record Source(DataFolder store, String path, @Nullable String below) {
    /// A file or folder as it is.
    Source(DataFolder store, String path) {
      this(store, path, null);
    }

    boolean isPattern() {
      return path.contains("*") || path.contains("?");
    }
  }

  /// Data by its name in the configuration.
  ///
  /// @param sources one of a reference, any number of a dataset
  /// @param pathOnCompute where it is wanted, or null
  /// @param variable one more variable that names its place, or null
  /// @param isReadOnly whether a script in a container may not change what is mounted
  /// @param isMade whether the folder of an output is there when the script begins; where it is
  ///   not, the script may make it, or write a file there
  /// @param dataset the id of a registered dataset, or null
  public record Item(
      String name,
      Mode mode,
      List<Source> sources,
      @Nullable String pathOnCompute,
      @Nullable String variable,
      boolean isOverwriting,
      boolean isReadOnly,
      boolean isMade,
      @Nullable String dataset) {
    /// Copies the list.
    public Item {
      sources = List.copyOf(sources);
    }
  }

  /// A folder or file of this machine that a container sees.
  public record Bind(Path folder, String inside, boolean isReadOnly) {}

  /// Data that is there.
  ///
  /// @param places by name, as the script sees them
  /// @param uploads what is taken to datastores at the end
  public record Ready(
      Map<String, String> places,
      Map<String, String> variables,
      List<Bind> binds,
      List<JsonObject> uploads) {
    /// Arguments with the places in them.
    public List<String> replace(List<String> arguments) {
      return arguments.stream().map(argument -> replaced(argument, (_, place) -> place)).toList();
    }

    /// A line of a shell with the places in it, each one word as where it stands.
    public String replaceInLine(String line) {
      return replaced(line, ShellQuotes::quoted);
    }

    /// @param written how a place is written after a text
    private String replaced(String text, BinaryOperator<String> written) {
      // Longer names first: one may begin with another.
      var names = new ArrayList<>(places.keySet());
      names.sort(Comparator.comparingInt(String::length).reversed());
      if (names.isEmpty()) {
        return text;
      }
      var token =
          Pattern.compile(
              "(?:\\$"
                  + VARIABLE
                  + "|DatasetConsumptionConfig:|DatasetOutputConfig:)("
                  + names.stream().map(Pattern::quote).collect(Collectors.joining("|"))
                  + ")");
      return token
          .matcher(text)
          .replaceAll(found ->
              Matcher.quoteReplacement(
                  written.apply(
                      text.substring(0, found.start()), places.getOrDefault(found.group(1), ""))));
    }
  }

  /// Reads the sections and finds what they name.
  ///
  /// @throws ComputeException code `run-configuration`
  public static List<Item> read(JsonObject definition, LocalWorkspace workspace) {
    var items = new ArrayList<Item>();
    var references = definition.optionalObject("dataReferences").orElse(JsonObject.EMPTY);
    for (var name : references.members().keySet()) {
      var json = references.object(name);
      var store = store(workspace, json.optionalString("dataStoreName").orElse(null));
      items.add(
          new Item(
              check(name),
              mode(json, "mode"),
              List.of(new Source(store, json.optionalString("pathOnDataStore").orElse(""))),
              json.optionalString("pathOnCompute").orElse(null),
              null,
              json.optionalBoolean("overwrite").orElse(false),
              false,
              json.optionalBoolean("makeFolder").orElse(true),
              null));
    }
    var data = definition.optionalObject("data").orElse(JsonObject.EMPTY);
    for (var name : data.members().keySet()) {
      items.add(input(check(name), data.object(name), workspace));
    }
    var outputs = definition.optionalObject("outputData").orElse(JsonObject.EMPTY);
    for (var name : outputs.members().keySet()) {
      var path =
          outputs
              .object(name)
              .optionalObject("outputLocation")
              .flatMap(location -> location.optionalObject("dataPath"))
              .orElse(JsonObject.EMPTY);
      items.add(
          new Item(
              check(name),
              Mode.UPLOAD,
              List.of(
                  new Source(
                      store(workspace, path.optionalString("datastoreName").orElse(null)),
                      path.optionalString("relativePath").orElse("dataset/" + name))),
              null,
              name,
              true,
              false,
              true,
              null));
    }
    for (var item : items) {
      for (var source : item.sources()) {
        source.store().resolve(source.path());
      }
    }
    return items;
  }

  private static String check(String name) {
    if (!NAME.matcher(name).matches()) {
      throw refusal("`" + name + "` cannot name data of a run", "use letters, digits and `_`");
    }
    return name;
  }

  static ComputeException refusal(String what, String hint) {
    return new ComputeException(
        Problem.of(ComputeCode.RUN_CONFIGURATION, what).at(Place.field("data")).hint(hint));
  }

  private static DataFolder store(LocalWorkspace workspace, @Nullable String name) {
    return workspace.datastores().folder(name);
  }

  private static Mode mode(JsonObject json, String field) {
    var word = json.optionalString(field).orElse("mount").toLowerCase(Locale.ROOT);
    return switch (word) {
      case "mount", "direct" -> Mode.MOUNT;
      case "download" -> Mode.DOWNLOAD;
      case "upload" -> Mode.UPLOAD;
      default ->
          throw refusal(
              "`" + word + "` is no way for a run to have data",
              "write `mount`, `download` or `upload`");
    };
  }

  private static Item input(String name, JsonObject json, LocalWorkspace workspace) {
    var location = json.optionalObject("dataLocation").orElse(JsonObject.EMPTY);
    var sources = new ArrayList<Source>();
    String id = null;
    var path = location.optionalObject("dataPath");
    var dataset = location.optionalObject("dataset");
    if (dataset.isPresent()) {
      var inline = dataset.get().optionalObject("definition");
      var found = inline.isPresent() ? null : dataset(dataset.get(), workspace);
      id = found == null ? null : found.id();
      var definition = found == null ? inline.orElse(JsonObject.EMPTY) : found.definition();
      for (var part : workspace.datasets().check(definition).objects("paths")) {
        var below = part.optionalString("below").orElse(null);
        if (below != null && !isBelow(below)) {
          throw refusal(
              "`" + below + "` is no path of a file among those of the data `" + name + "`",
              "write a relative path without `..`");
        }
        sources.add(
            new Source(store(workspace, part.string("datastore")), part.string("path"), below));
      }
    } else if (path.isPresent()) {
      sources.add(
          new Source(
              store(workspace, path.get().optionalString("datastoreName").orElse(null)),
              path.get().optionalString("relativePath").orElse("")));
    } else {
      throw refusal(
          "data `" + name + "` has no place",
          "name a `dataset` or a `dataPath` in its `dataLocation`");
    }
    return new Item(
        name,
        mode(json, "mechanism"),
        sources,
        json.optionalString("pathOnCompute").orElse(null),
        json.optionalString("environmentVariableName").orElse(name),
        json.optionalBoolean("overwrite").orElse(false),
        true,
        true,
        id);
  }

  private static boolean isBelow(String path) {
    return !path.isBlank()
        && !path.startsWith("/")
        && path.indexOf('\0') < 0
        && !List.of(path.split("/", -1)).contains("..");
  }

  private static dev.terroir.workspace.data.Datasets.Dataset dataset(
      JsonObject json, LocalWorkspace workspace) {
    var id = json.optionalString("id").orElse("");
    var colon = id.lastIndexOf(':');
    var name = json.optionalString("name").orElse(colon < 0 ? id : id.substring(0, colon));
    var version =
        json.get("version").orElse(JsonValue.NULL) instanceof JsonValue.JsonNull
            ? (colon < 0 ? "" : id.substring(colon + 1))
            : json.get("version").orElse(JsonValue.NULL) instanceof JsonValue.JsonNumber(var text)
                ? text
                : json.string("version");
    return workspace
        .datasets()
        .get(name, version.matches("[0-9]{1,9}") ? Long.valueOf(version) : null);
  }

  /// Makes the data ready.
  ///
  /// @param work the working copy
  /// @param own a folder of the run for what has no other place
  /// @param inside where a container sees the working copy, or null
  public static Ready prepare(List<Item> items, Path work, Path own, @Nullable String inside) {
    var places = new TreeMap<String, String>();
    var variables = new TreeMap<String, String>();
    var binds = new ArrayList<Bind>();
    var uploads = new ArrayList<JsonObject>();
    for (var item : items) {
      try {
        var there = DataPlace.of(item, work, own, inside);
        there.bind().ifPresent(binds::add);
        if (item.mode() == Mode.UPLOAD) {
          var source = item.sources().getFirst();
          uploads.add(
              JsonObject.builder()
                  .put("from", own.resolveSibling("").relativize(there.host()).toString())
                  .put("datastore", source.store().name())
                  .put("path", source.path())
                  .put("overwrite", item.isOverwriting())
                  .build());
        }
        places.put(item.name(), there.seen());
        variables.put(VARIABLE + item.name(), there.seen());
        var variable = item.variable();
        if (variable != null && NAME.matcher(variable).matches()) {
          variables.put(variable, there.seen());
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the data `" + item.name() + "` cannot be had", own, e);
      }
    }
    return new Ready(places, variables, binds, uploads);
  }

  /// Takes to the datastores what a script left; where it left nothing there is an empty folder, so
  /// that another run may be given it.
  ///
  /// @param uploads as [#prepare] gave them
  /// @param directory of the run
  public static void upload(List<JsonObject> uploads, Path directory, LocalWorkspace workspace) {
    var stores = workspace.datastores();
    for (var upload : uploads) {
      var from = directory.resolve(upload.string("from")).normalize();
      if (!from.startsWith(directory)) {
        continue;
      }
      var store = stores.folder(upload.string("datastore"));
      try {
        if (!Files.isRegularFile(from)) {
          Files.createDirectories(store.resolve(upload.string("path")));
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the run's data cannot be kept", from, e);
      }
      if (!Files.exists(from)) {
        continue;
      }
      try (var walk = Files.walk(from)) {
        for (var file : walk.filter(Files::isRegularFile).sorted().toList()) {
          var name =
              file.equals(from)
                  ? upload.string("path")
                  : (upload.string("path") + "/" + from.relativize(file)).replaceFirst("^/+", "");
          var isThere = Files.exists(store.resolve(name));
          if (!isThere || upload.optionalBoolean("overwrite").orElse(false)) {
            try (var in = Files.newInputStream(file)) {
              store.write(name, in, true);
            }
          }
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the run's data cannot be kept", from, e);
      }
    }
  }

  /// What of a datastore a source names.
  ///
  /// @throws WorkspaceException code `data-file-not-found`
  static WorkspaceException missing(Source source) {
    return new WorkspaceException(
        Problem.of(
            WorkspaceCode.DATA_FILE_NOT_FOUND,
            "the datastore `"
                + source.store().name()
                + "` has nothing at `"
                + source.path()
                + "`"));
  }
}

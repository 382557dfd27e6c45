package dev.terroir.environment.conda;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.yaml.Yaml;
import dev.terroir.environment.yaml.YamlNode;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The packages of an environment as a conda environment file holds them, with the operations of
/// the retired service's class of that name.
///
/// Immutable: every operation returns a changed copy. The text is kept, with its comments, and
/// edited in place; specs are never rewritten and never sorted, since their order is part of an
/// environment's identity.
///
/// Two are equal when they hold the same entries in the same order, whatever their comments.
///
/// @since 0.1
public final class CondaDependencies {
  /// The package that a definition of the retired service lists so that it can serve a model.
  public static final String DEFAULTS_PACKAGE = "azureml-defaults";

  /// The Python of a definition that does not name one.
  public static final String DEFAULT_PYTHON = "3.11";

  private static final String TEMPLATE =
      """
      # The packages of an environment, for conda and pip.
      # Used when userManagedDependencies is false.
      # Format: https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html
      name: project_environment
      dependencies:
        # The version of Python.
      - python=%s

      - pip:
          # What a scoring service needs.
        - azureml-defaults

      channels:
      - anaconda
      - conda-forge
      """;

  private static final Pattern PYTHON_SPEC = Pattern.compile("(?i)python\\s*(.*)");

  private final String source;
  private final JsonObject json;

  // Where the document that it is a member of has it.
  private final @Nullable Place member;

  // Made when first asked for: most definitions of a workspace are only listed. Two threads may
  // make the
  // same value.
  private @Nullable String text;
  private @Nullable CondaReader content;

  private CondaDependencies(String text, String source, boolean isStrict) {
    var read = CondaReader.read(text, source, isStrict);
    this.source = source;
    this.json = read.json();
    this.text = text;
    this.content = read;
    this.member = null;
  }

  private CondaDependencies(JsonObject json, @Nullable Place member) {
    this.source = "condaDependencies";
    this.json = json;
    this.member = member;
  }

  private String text() {
    var known = text;
    if (known == null) {
      known = Yaml.write(json);
      text = known;
    }
    return known;
  }

  private CondaReader content() {
    var known = content;
    if (known == null) {
      known = read();
      content = known;
    }
    return known;
  }

  // Lines of a text that only we have made say nothing to its author.
  private CondaReader read() {
    try {
      return CondaReader.read(text(), source, false);
    } catch (EnvironmentException e) {
      var place = member;
      if (place == null) {
        throw e;
      }
      throw new EnvironmentException(
          e.problems().stream()
              .map(problem ->
                  new Problem(
                      problem.code(),
                      problem.what(),
                      List.of(place),
                      problem.why(),
                      problem.hints()))
              .toList());
    }
  }

  /// The default document: Python, and `azureml-defaults` as the only pip requirement.
  public static CondaDependencies defaults() {
    return new CondaDependencies(
        TEMPLATE.formatted(DEFAULT_PYTHON), "the default conda dependencies", true);
  }

  /// Reads a conda environment file.
  ///
  /// @throws EnvironmentException with all problems, each with file, line and column
  public static CondaDependencies read(Path file) {
    return new CondaDependencies(YamlReader.text(file), file.toString(), true);
  }

  /// Reads the text of a conda environment file.
  ///
  /// @param source file name or other name of the text, for messages
  public static CondaDependencies parse(String text, String source) {
    return new CondaDependencies(text, source, true);
  }

  /// Takes over the `condaDependencies` member of a definition. What is wrong with its entries is
  /// said when they are first asked for.
  public static CondaDependencies ofJson(JsonObject json) {
    return new CondaDependencies(json, (Place) null);
  }

  /// The same of a document with places.
  ///
  /// @param member where the member stands, for messages
  public static CondaDependencies ofJson(JsonObject json, Place member) {
    return new CondaDependencies(json, member);
  }

  /// A document of given parts, as the service's `CondaDependencies.create`.
  ///
  /// @param pipPackages requirement lines; `azureml-defaults` when empty
  /// @param condaPackages match specs
  /// @param pythonVersion such as `3.11`
  public static CondaDependencies create(
      List<String> pipPackages, List<String> condaPackages, String pythonVersion) {
    var document = defaults().setPythonVersion(pythonVersion);
    if (!pipPackages.isEmpty()) {
      document = document.setPipRequirements(pipPackages);
    }
    for (var conda : condaPackages) {
      document = document.addCondaPackage(conda);
    }
    return document;
  }

  /// The environment's name in the file, if any.
  public Optional<String> name() {
    return Optional.ofNullable(content().name());
  }

  /// The same packages under another name.
  public CondaDependencies withName(String name) {
    return rewritten(json.toBuilder().put("name", name).build());
  }

  /// All entries in order.
  public List<CondaDependency> dependencies() {
    return content().dependencies();
  }

  /// The channels in order.
  public List<String> condaChannels() {
    return content().channels();
  }

  /// The match specs in order, without the pip section.
  public List<String> condaPackages() {
    return content().dependencies().stream()
        .filter(CondaDependency.Conda.class::isInstance)
        .map(dependency -> ((CondaDependency.Conda) dependency).spec())
        .toList();
  }

  /// All lines of the pip sections in order, requirements and options.
  public List<String> pipLines() {
    return content().dependencies().stream()
        .filter(CondaDependency.Pip.class::isInstance)
        .flatMap(dependency -> ((CondaDependency.Pip) dependency).lines().stream())
        .toList();
  }

  /// Where each of the [#pipLines] stands in the text.
  public List<YamlNode.Mark> pipMarks() {
    return content().pipBlocks().stream()
        .flatMap(block -> block.items().stream())
        .map(CondaReader.Item::mark)
        .toList();
  }

  /// Where each of the [#condaPackages] stands in the text.
  public List<YamlNode.Mark> condaMarks() {
    return marks(content().dependencyBlock());
  }

  /// Where each of the [#condaChannels] stands in the text; empty when they are one word and no
  /// list.
  public List<YamlNode.Mark> channelMarks() {
    return marks(content().channelBlock());
  }

  private static List<YamlNode.Mark> marks(CondaReader.@Nullable Block block) {
    return block == null ? List.of() : block.items().stream().map(CondaReader.Item::mark).toList();
  }

  /// The pip requirements without option lines.
  public List<String> pipPackages() {
    return pipLines().stream().filter(line -> !isOption(line)).toList();
  }

  /// The option lines of the pip sections.
  public List<String> pipOptions() {
    return pipLines().stream().filter(CondaDependencies::isOption).toList();
  }

  /// What is odd about the document although it can be used, each with file and line.
  public List<String> warnings() {
    return content().warnings();
  }

  /// Where the document was read.
  public String source() {
    return source;
  }

  /// Adds a channel unless it is there.
  public CondaDependencies addChannel(String channel) {
    if (condaChannels().contains(channel)) {
      return this;
    }
    var channels = new ArrayList<>(condaChannels());
    channels.add(channel);
    var block = content().channelBlock();
    return edited(
        json.toBuilder().put("channels", channels).build(),
        () -> block == null ? Optional.empty() : CondaText.append(text(), block, channel));
  }

  /// Takes a channel away.
  public CondaDependencies removeChannel(String channel) {
    var channels = new ArrayList<>(condaChannels());
    if (!channels.remove(channel)) {
      return this;
    }
    var block = content().channelBlock();
    return edited(
        json.toBuilder().put("channels", channels).build(),
        () -> block == null ? Optional.empty() : removed(block, channel::equals));
  }

  /// Adds a conda package behind all others; a package of the same name is replaced where it
  /// stands.
  ///
  /// @param spec a match spec such as `numpy=1.17.0`
  public CondaDependencies addCondaPackage(String spec) {
    requireText(spec, "a conda package");
    var name = CondaDependency.condaName(spec);
    var block = content().dependencyBlock();
    var dependencies = new ArrayList<CondaDependency>(dependencies());
    for (int i = 0; i < dependencies.size(); i++) {
      if (dependencies.get(i) instanceof CondaDependency.Conda conda
          && name.isPresent()
          && conda.name().equals(name)) {
        dependencies.set(i, new CondaDependency.Conda(spec));
        return edited(
            withDependencies(dependencies),
            () -> replaced(block, text -> CondaDependency.condaName(text).equals(name), spec));
      }
    }
    dependencies.add(new CondaDependency.Conda(spec));
    return edited(
        withDependencies(dependencies),
        () -> block == null ? Optional.empty() : CondaText.append(text(), block, spec));
  }

  /// Takes a conda package away by its name.
  public CondaDependencies removeCondaPackage(String spec) {
    var name = CondaDependency.condaName(spec);
    var dependencies = new ArrayList<CondaDependency>(dependencies());
    var any =
        dependencies.removeIf(dependency ->
            dependency instanceof CondaDependency.Conda conda && conda.name().equals(name));
    var block = content().dependencyBlock();
    return any
        ? edited(
            withDependencies(dependencies),
            () ->
                block == null
                    ? Optional.empty()
                    : removed(block, text -> CondaDependency.condaName(text).equals(name)))
        : this;
  }

  /// Adds a pip requirement behind all others; one of the same project is replaced where it stands.
  ///
  /// @param requirement a PEP 508 requirement or the URL of an archive
  public CondaDependencies addPipPackage(String requirement) {
    requireText(requirement, "a pip package");
    var name = CondaDependency.pipName(requirement);
    return addPipLine(
        requirement, line -> name.isPresent() && CondaDependency.pipName(line).equals(name));
  }

  /// Takes a pip requirement away by its project's name.
  public CondaDependencies removePipPackage(String requirement) {
    var name = CondaDependency.pipName(requirement);
    return removePipLines(line ->
        name.isPresent() ? CondaDependency.pipName(line).equals(name) : line.equals(requirement));
  }

  /// Replaces the whole pip section.
  public CondaDependencies setPipRequirements(List<String> lines) {
    var dependencies = new ArrayList<CondaDependency>();
    var done = false;
    for (var dependency : dependencies()) {
      if (!(dependency instanceof CondaDependency.Pip)) {
        dependencies.add(dependency);
      } else if (!done) {
        done = true;
        dependencies.add(new CondaDependency.Pip(lines));
      }
    }
    if (!done) {
      dependencies.add(new CondaDependency.Pip(lines));
    }
    return rewritten(withDependencies(dependencies));
  }

  /// Puts other lines in the place of each line of the pip sections.
  ///
  /// @param instead gives the lines for one; the line alone to keep it
  public CondaDependencies replacePipLines(Function<String, List<String>> instead) {
    var dependencies = new ArrayList<CondaDependency>();
    for (var dependency : dependencies()) {
      if (dependency instanceof CondaDependency.Pip(var lines)) {
        var after = lines.stream().flatMap(line -> instead.apply(line).stream()).toList();
        if (!after.isEmpty() || lines.isEmpty()) {
          dependencies.add(new CondaDependency.Pip(after));
        }
      } else {
        dependencies.add(dependency);
      }
    }
    if (dependencies.equals(dependencies())) {
      return this;
    }
    return edited(
        withDependencies(dependencies),
        () -> {
          var items = content().pipBlocks().stream().flatMap(b -> b.items().stream()).toList();
          var edited = Optional.of(text());
          // From the end, so that the marks before it stay true.
          for (var item : items.reversed()) {
            var lines = instead.apply(item.text().strip());
            if (!lines.equals(List.of(item.text().strip()))) {
              edited = edited.flatMap(text -> CondaText.replace(text, item.mark(), lines));
            }
          }
          return edited;
        });
  }

  /// Puts `--index-url` into the pip section, instead of one that is there.
  public CondaDependencies setPipIndexUrl(String url) {
    return addPipLine(
        "--index-url " + url,
        line -> optionName(line).equals("--index-url") || optionName(line).equals("-i"));
  }

  /// Puts an option line such as `--extra-index-url URL`, `-f URL` or `--pre` into the pip section
  /// unless the same line is there.
  public CondaDependencies setPipOption(String option) {
    return addPipLine(option, option::equals);
  }

  /// Takes an option away: the line itself, or all lines of that option.
  public CondaDependencies removePipOption(String option) {
    return removePipLines(
        line -> isOption(line) && (line.equals(option) || optionName(line).equals(option)));
  }

  /// Replaces or adds the `python=` entry.
  public CondaDependencies setPythonVersion(String version) {
    return addCondaPackage("python=" + version);
  }

  /// What the `python` entry asks for, without leading `=`: `3.6.2`, `>=3.8`; empty when there is
  /// none or it names no version.
  public Optional<String> pythonVersion() {
    return condaPackages().stream()
        .filter(spec -> CondaDependency.condaName(spec).equals(Optional.of("python")))
        .map(spec -> spec.substring(spec.indexOf("::") < 0 ? 0 : spec.indexOf("::") + 2))
        .map(PYTHON_SPEC::matcher)
        .filter(matcher -> matcher.matches())
        .map(matcher -> matcher.group(1).strip().replaceFirst("^={1,2}\\s*", ""))
        .filter(version -> !version.isEmpty())
        .findFirst();
  }

  /// The YAML text with its comments.
  public String serializeToString() {
    return text();
  }

  /// Writes the YAML text to a file, which appears whole.
  public void save(Path file) {
    AtomicFiles.write(file, text());
  }

  /// The document as the `condaDependencies` member of a definition, keys in their order, unknown
  /// keys kept.
  public JsonObject toJson() {
    return json;
  }

  private CondaDependencies addPipLine(String line, Predicate<String> same) {
    var dependencies = new ArrayList<CondaDependency>(dependencies());
    var last = -1;
    for (int i = 0; i < dependencies.size(); i++) {
      if (dependencies.get(i) instanceof CondaDependency.Pip(var lines)) {
        last = i;
        for (int j = 0; j < lines.size(); j++) {
          if (same.test(lines.get(j))) {
            var changed = new ArrayList<>(lines);
            changed.set(j, line);
            dependencies.set(i, new CondaDependency.Pip(changed));
            return edited(withDependencies(dependencies), () -> replacedPip(same, line));
          }
        }
      }
    }
    if (last < 0) {
      dependencies.add(new CondaDependency.Pip(List.of(line)));
      return rewritten(withDependencies(dependencies));
    }
    var lines = new ArrayList<>(((CondaDependency.Pip) dependencies.get(last)).lines());
    lines.add(line);
    dependencies.set(last, new CondaDependency.Pip(lines));
    var block = content().pipBlock();
    return edited(
        withDependencies(dependencies),
        () -> block == null ? Optional.empty() : CondaText.append(text(), block, line));
  }

  private CondaDependencies removePipLines(Predicate<String> which) {
    var dependencies = new ArrayList<CondaDependency>();
    var any = false;
    for (var dependency : dependencies()) {
      if (dependency instanceof CondaDependency.Pip(var lines) && lines.stream().anyMatch(which)) {
        any = true;
        var left = lines.stream().filter(which.negate()).toList();
        if (!left.isEmpty()) {
          dependencies.add(new CondaDependency.Pip(left));
        }
      } else {
        dependencies.add(dependency);
      }
    }
    if (!any) {
      return this;
    }
    return edited(
        withDependencies(dependencies),
        () ->
            content().pipBlocks().stream()
                .filter(block -> block.items().stream().anyMatch(item -> which.test(item.text())))
                .findFirst()
                .flatMap(block -> removed(block, which)));
  }

  private Optional<String> replacedPip(Predicate<String> same, String line) {
    return content().pipBlocks().stream()
        .map(block -> replaced(block, same, line))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private Optional<String> replaced(
      CondaReader.@Nullable Block block, Predicate<String> same, String value) {
    return block == null
        ? Optional.empty()
        : block.items().stream()
            .filter(item -> same.test(item.text()))
            .findFirst()
            .flatMap(item -> CondaText.replace(text(), item.mark(), value));
  }

  private Optional<String> removed(CondaReader.Block block, Predicate<String> which) {
    var items = block.items().stream().filter(item -> which.test(item.text())).toList();
    return items.size() == 1
        ? CondaText.remove(text(), block, items.getFirst().mark())
        : Optional.empty();
  }

  private JsonObject withDependencies(List<CondaDependency> dependencies) {
    return json.toBuilder().put("dependencies", CondaReader.dependencyJson(dependencies)).build();
  }

  /// Takes the edited text when it says exactly what is wanted, else writes the document anew.
  private CondaDependencies edited(JsonObject wanted, Supplier<Optional<String>> edit) {
    var candidate = edit.get();
    if (candidate.isPresent()) {
      try {
        var copy = new CondaDependencies(candidate.get(), source, false);
        if (copy.json.equals(wanted)) {
          return copy;
        }
      } catch (EnvironmentException e) {
        // The text's shape was too unusual for an edit in place.
      }
    }
    return rewritten(wanted);
  }

  private CondaDependencies rewritten(JsonObject wanted) {
    return new CondaDependencies(CondaText.header(text()) + Yaml.write(wanted), source, false);
  }

  private static void requireText(String spec, String what) {
    if (spec.isBlank() || spec.contains("\n")) {
      throw new EnvironmentException(
          Problem.of(
                  EnvironmentCode.CONDA_SPECIFICATION,
                  what + " must be one line of text, not `" + spec.replace("\n", "\\n") + "`")
              .at(Place.field("dependencies")));
    }
  }

  private static boolean isOption(String line) {
    return line.startsWith("-") && !line.startsWith("-e") && !line.startsWith("--editable");
  }

  private static String optionName(String line) {
    return line.split("[\\s=]", 2)[0];
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CondaDependencies dependencies && json.equals(dependencies.json);
  }

  @Override
  public int hashCode() {
    return json.hashCode();
  }

  @Override
  public String toString() {
    return text();
  }
}

package dev.terroir.environment.existing;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.yaml.Yaml;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A conda environment of this machine as a definition. Immutable.
///
/// @param prefix where it lies
/// @param records conda packages, sorted by name
/// @param distributions what pip installed on top, sorted by name
/// @param history what the user asked for
/// @param configuredChannels channels of conda's configuration, highest priority first
/// @since 0.1
public record ExistingEnvironment(
    Path prefix,
    List<PrefixRecord> records,
    List<InstalledDistribution> distributions,
    CondaHistory history,
    List<String> configuredChannels) {

  /// What cannot be had again from the definition alone.
  ///
  /// @param name of the package or distribution
  /// @param why one sentence, the subject first, no full stop
  /// @param isLeftOut whether the definition does not name it
  /// @param channel of a conda package of a channel on this machine, that channel; else null
  public record Unreproducible(
      String name, String why, boolean isLeftOut, @Nullable String channel) {}

  /// A definition's packages.
  ///
  /// @param dependencies the packages
  /// @param unreproducible what is not the same elsewhere, sorted by name
  public record Captured(CondaDependencies dependencies, List<Unreproducible> unreproducible) {
    /// Copies the list.
    public Captured {
      unreproducible = List.copyOf(unreproducible);
    }

    /// A sentence for everything that cannot be had again; packages of one local channel share one.
    public List<String> warnings() {
      var sentences = new ArrayList<String>();
      var channels = new LinkedHashMap<String, List<String>>();
      for (var item : unreproducible) {
        if (item.channel() == null) {
          sentences.add(item.why() + (item.isLeftOut() ? "; it is left out" : ""));
        } else {
          channels.computeIfAbsent(item.channel(), _ -> new ArrayList<>()).add(item.name());
        }
      }
      channels.forEach((channel, names) ->
          sentences.add(
              (names.size() == 1 ? "one conda package" : names.size() + " conda packages")
                  + " came from this machine, "
                  + channel
                  + ": "
                  + String.join(", ", names.subList(0, Math.min(5, names.size())))
                  + (names.size() > 5 ? ", …" : "")));
      return List.copyOf(sentences);
    }
  }

  /// Copies the lists.
  public ExistingEnvironment {
    records = List.copyOf(records);
    distributions = List.copyOf(distributions);
    configuredChannels = List.copyOf(configuredChannels);
  }

  /// Reads an environment.
  ///
  /// @param nameOrPrefix see [CondaPrefixes#find]
  /// @throws EnvironmentException code `conda-environment`
  public static ExistingEnvironment read(String nameOrPrefix, Settings settings) {
    var prefixes = CondaPrefixes.of(settings);
    var prefix = prefixes.find(nameOrPrefix);
    var records = PrefixRecord.readAll(prefix);
    var files = new HashSet<String>();
    records.forEach(record -> files.addAll(record.files()));
    return new ExistingEnvironment(
        prefix,
        records,
        InstalledDistribution.readAll(prefix, files),
        CondaHistory.read(prefix),
        prefixes.configuredChannels(prefix));
  }

  /// Every package with its exact version and build, as `conda env export` writes it.
  public Captured exact() {
    var unreproducible = new ArrayList<Unreproducible>();
    var specs = new ArrayList<String>();
    var names = channelNames();
    for (var record : records) {
      specs.add(record.spec());
      local(record).ifPresent(unreproducible::add);
    }
    var lines = new ArrayList<String>();
    for (var item : distributions) {
      replaced(item).ifPresent(unreproducible::add);
      line(item, unreproducible).ifPresent(lines::add);
    }
    return captured(channels(names), specs, lines, unreproducible);
  }

  /// Only what the user asked for, as `conda env export --from-history` writes it, and what pip was
  /// asked for besides, without versions that nobody asked for.
  ///
  /// @throws EnvironmentException code `conda-environment` when neither the history nor the records
  ///   say what was asked for
  public Captured requested() {
    var installed = new HashMap<String, PrefixRecord>();
    records.forEach(record -> installed.put(record.name(), record));
    var asked = new LinkedHashMap<String, String>();
    history
        .specs()
        .forEach((name, spec) -> {
          // conda did not always note what it removed.
          if (installed.containsKey(name)) {
            asked.put(name, spec);
          }
        });
    if (asked.isEmpty()) {
      for (var record : records) {
        record.requestedSpecs().stream()
            .findFirst()
            .ifPresent(spec -> asked.put(record.name(), spec));
      }
    }
    if (asked.isEmpty()) {
      throw new EnvironmentException(
          Problem.of(
                  EnvironmentCode.CONDA_ENVIRONMENT,
                  "the environment does not say what was asked for")
              .at(Place.file(prefix.resolve("conda-meta").resolve("history")))
              .because("neither its history nor its records name a spec")
              .hint("take every package as it is, without --from-history"));
    }
    var unreproducible = new ArrayList<Unreproducible>();
    asked.keySet().stream()
        .map(installed::get)
        .filter(java.util.Objects::nonNull)
        .flatMap(record -> local(record).stream())
        .forEach(unreproducible::add);
    var lines = new ArrayList<String>();
    for (var item : distributions) {
      if (item.isRequested()) {
        line(item, unreproducible)
            .map(line ->
                item.origin() instanceof InstalledDistribution.Origin.Index ? item.name() : line)
            .ifPresent(lines::add);
      }
    }
    return captured(channels(channelNames()), List.copyOf(asked.values()), lines, unreproducible);
  }

  private static Captured captured(
      List<String> channels,
      List<String> specs,
      List<String> lines,
      List<Unreproducible> unreproducible) {
    var dependencies = new ArrayList<JsonValue>();
    specs.forEach(spec -> dependencies.add(JsonValue.of(spec)));
    if (!lines.isEmpty()) {
      dependencies.add(JsonObject.builder().put("pip", lines).build());
    }
    var json = JsonObject.builder();
    if (!channels.isEmpty()) {
      json.put("channels", channels);
    }
    json.put("dependencies", new JsonValue.JsonArray(dependencies));
    unreproducible.sort((a, b) -> a.name().compareTo(b.name()));
    return new Captured(
        CondaDependencies.parse(
            comments(unreproducible) + Yaml.write(json.build()), "the conda environment"),
        unreproducible);
  }

  // Whoever reads the file later did not see the warnings. Paths of this machine are left to those.
  private static String comments(List<Unreproducible> unreproducible) {
    var out = new StringBuilder();
    for (var item : unreproducible) {
      out.append("# ")
          .append(item.name())
          .append(
              item.isLeftOut()
                  ? " is left out: it was installed from a folder or file of one machine\n"
                  : " may not be the same elsewhere\n");
    }
    return out.toString();
  }

  /// The names that channels are called by here, by their URL. A name is only taken where something
  /// of this machine says it: elsewhere it might be another channel.
  private Map<String, String> channelNames() {
    var known = new LinkedHashSet<String>();
    known.addAll(configuredChannels);
    known.addAll(history.channels());
    history.specs().values().stream()
        .filter(spec -> spec.contains("::") && !spec.contains("://"))
        .map(spec -> spec.substring(0, spec.indexOf("::")))
        .forEach(known::add);
    records.stream().map(PrefixRecord::channel).forEach(known::add);
    for (var record : records) {
      for (var spec : record.requestedSpecs()) {
        if (spec.contains("::") && !spec.contains("://")) {
          known.add(spec.substring(0, spec.indexOf("::")).replaceFirst("/[a-z]+-[a-z0-9]+$", ""));
        }
      }
    }
    var names = new HashMap<String, String>();
    for (var record : records) {
      var url = record.channelUrl();
      // conda's own name for its default channels.
      var name =
          url.matches(".*/pkgs/(?:main|r|free|pro|msys2)")
              ? Optional.of("defaults")
              : known.stream()
                  .filter(item -> !item.isEmpty() && !item.contains("://"))
                  .filter(item -> url.endsWith("/" + item))
                  .findFirst();
      names.put(url, name.orElse(url));
    }
    return names;
  }

  /// Those of the configuration in their order; others go before them, the last package's first, as
  /// conda does. One that no package came from is left out.
  private List<String> channels(Map<String, String> names) {
    var ordered = new ArrayList<String>(configuredChannels);
    var used = new HashSet<String>();
    for (var record : records) {
      var name = names.getOrDefault(record.channelUrl(), record.channelUrl());
      if (name.isEmpty() || name.startsWith("<unknown>")) {
        continue;
      }
      used.add(name);
      if (!ordered.contains(name)) {
        ordered.addFirst(name);
      }
    }
    ordered.removeIf(name -> !used.contains(name));
    return ordered.stream().distinct().toList();
  }

  private static Optional<Unreproducible> local(PrefixRecord record) {
    var url = record.url().orElse("");
    if (url.isEmpty() || url.startsWith("<unknown>")) {
      return Optional.of(
          new Unreproducible(
              record.name(),
              "`" + record.spec() + "` does not say which channel it came from",
              false,
              null));
    }
    return url.startsWith("file:") || url.startsWith("/")
        ? Optional.of(
            new Unreproducible(
                record.name(),
                "`" + record.spec() + "` came from this machine: " + url,
                false,
                record.channelUrl()))
        : Optional.empty();
  }

  private Optional<Unreproducible> replaced(InstalledDistribution item) {
    return records.stream()
        .filter(record -> DistributionName.normalized(record.name()).equals(item.name()))
        .filter(record ->
            record.files().stream()
                .anyMatch(file -> file.contains(".dist-info/") || file.contains(".egg-info")))
        .findFirst()
        .map(record ->
            new Unreproducible(
                item.name(),
                "`"
                    + item.name()
                    + "` was installed by conda, version "
                    + record.version()
                    + ", and again by pip, version "
                    + item.version(),
                false,
                null));
  }

  /// The line for pip; empty when none would install the same elsewhere.
  private static Optional<String> line(
      InstalledDistribution item, List<Unreproducible> unreproducible) {
    return switch (item.origin()) {
      case InstalledDistribution.Origin.Index _ -> Optional.of(item.name() + "==" + item.version());
      case InstalledDistribution.Origin.Archive(var url) -> Optional.of(item.name() + " @ " + url);
      case InstalledDistribution.Origin.Repository(var url) -> {
        unreproducible.add(
            new Unreproducible(
                item.name(),
                "`"
                    + item.name()
                    + "` is a checkout of a repository, built anew where it is"
                    + " installed: "
                    + url,
                false,
                null));
        yield Optional.of(item.name() + " @ " + url);
      }
      case InstalledDistribution.Origin.Local(var path, var isEditable) -> {
        unreproducible.add(
            new Unreproducible(
                item.name(),
                "`"
                    + item.name()
                    + (isEditable ? "` is an editable install of " : "` was installed from ")
                    + path
                    + ", which is on this machine only",
                true,
                null));
        yield Optional.empty();
      }
    };
  }
}

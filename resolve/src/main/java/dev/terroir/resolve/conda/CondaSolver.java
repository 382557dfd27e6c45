package dev.terroir.resolve.conda;

import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaJson;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.exchange.Subdirs;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Solves match specs over channels with rattler. Immutable and thread-safe.
///
/// @since 0.1
public final class CondaSolver {
  private static final Pattern ARCHIVE = Pattern.compile("(?i).*\\.(conda|tar\\.bz2)(#.*)?");

  /// What another platform's machine is taken to offer, as far as nobody says otherwise.
  private static final List<String> USUAL_MACHINE =
      List.of("__glibc=2.28=0", "__linux=4.18=0", "__unix=0=0");

  private final Rattler rattler;
  private final CondaAccess access;
  private final CondaOptions options;

  /// @param access the user's channels and credentials
  public CondaSolver(Rattler rattler, CondaAccess access, CondaOptions options) {
    this.rattler = rattler;
    this.access = access;
    this.options = options;
  }

  /// A match spec of a definition.
  ///
  /// @param text as written
  /// @param place where it stands
  public record Spec(String text, Place place) {}

  /// What to solve.
  ///
  /// @param specs what is asked for, in order
  /// @param channels names of channels as the definition has them
  /// @param platform the machine that gets it
  /// @param directory what relative paths of channels are relative to
  /// @param withDistributions whether to find out which Python distributions the packages bring
  public record Question(
      List<Spec> specs,
      List<String> channels,
      Platform platform,
      Path directory,
      boolean withDistributions) {}

  /// Solves.
  ///
  /// @throws ResolveException codes `match-spec`, `unsolvable` with rattler's explanation,
  ///   `channel-unreachable`, `channel-credentials`, `channel-denied`, `channel-restricted`
  public CondaPart solve(Question question, Progress progress) {
    var names = new Channels(access.settings(), question.directory());
    var channels = new ArrayList<>(names.of(question.channels()));
    var specs = new ArrayList<String>();
    for (var spec : question.specs()) {
      specs.add(names.withUrl(spec.text()));
      named(names, spec.text())
          .filter(one -> !one.urls().isEmpty() && !channels.contains(one))
          .ifPresent(channels::add);
    }
    var urls = Channels.urls(channels);
    checkTerms(urls, progress);
    access.warnings().forEach(progress::warn);
    progress.step(
        "solving "
            + specs.size()
            + (specs.size() == 1 ? " conda package" : " conda packages")
            + " from "
            + String.join(", ", urls));
    var priority =
        options.channelPriority().isEmpty()
            ? access.settings().channelPriority()
            : options.channelPriority();
    var request =
        access.request(channels, names).toBuilder()
            .put("operation", "solve")
            .put("specs", specs)
            .put("subdir", subdir(question.platform()))
            .put("channelPriority", priority)
            .put("stated", options.virtualPackages());
    if (!question.platform().equals(Platform.current())) {
      request.put("virtualPackages", machine(question.platform()));
    }
    var answer =
        rattler.call(
            request.build(),
            "the conda packages cannot be solved",
            question.specs().stream().map(Spec::place).toList(),
            progress);
    var packages = packages(answer, question.specs());
    if (question.withDistributions()) {
      packages = new PackageContents(access, rattler).complete(packages, progress);
    }
    return new CondaPart(
        question.specs().stream().map(Spec::text).toList(),
        urls,
        priority,
        answer.strings("virtualPackages"),
        packages,
        Map.of());
  }

  private static Optional<Channel> named(Channels names, String spec) {
    if (spec.contains("://") && ARCHIVE.matcher(spec).matches() && !spec.contains("::")) {
      var folder = spec.substring(0, spec.lastIndexOf('/'));
      return Optional.of(names.resolve(folder));
    }
    return names.named(spec);
  }

  private static List<String> machine(Platform platform) {
    var machine = new ArrayList<>(USUAL_MACHINE);
    machine.add("__archspec=1=" + (platform.architecture().equals("arm64") ? "aarch64" : "x86_64"));
    return machine;
  }

  /// The folder of a channel that holds the packages of a platform.
  ///
  /// @throws ResolveException code `channel-unreachable` for a platform without one
  public static String subdir(Platform platform) {
    return Subdirs.find(platform)
        .orElseThrow(() ->
            new ResolveException(
                Problem.of(
                        ResolveCode.CHANNEL_UNREACHABLE,
                        "channels have no folder for the platform " + platform)
                    .hint("lock for linux/amd64 or linux/arm64")));
  }

  private void checkTerms(List<String> urls, Progress progress) {
    var restricted = urls.stream().filter(Channels::isRestricted).toList();
    if (restricted.isEmpty() || options.restricted() == CondaOptions.Restricted.ALLOW) {
      return;
    }
    var what =
        "the terms of "
            + String.join(", ", restricted)
            + " restrict commercial use (larger companies need a licence)";
    if (options.restricted() == CondaOptions.Restricted.ERROR) {
      throw new ResolveException(
          Problem.of(ResolveCode.CHANNEL_RESTRICTED, what)
              .because("this workspace refuses such channels")
              .hint("use conda-forge, and `nodefaults` where conda's settings name `defaults`")
              .hint("with a licence: `terroir workspace update --restricted-channels allow`"));
    }
    progress.warn(
        what
            + "; `terroir workspace update --restricted-channels error|allow` decides for all of"
            + " the workspace");
  }

  private static List<CondaPackage> packages(JsonObject answer, List<Spec> specs) {
    var packages =
        answer.objects("packages").stream()
            .map(json ->
                CondaJson.packageOf(
                    json.toBuilder()
                        .put("channel", json.string("channel").replaceAll("/+$", ""))
                        .build()))
            .toList();
    var requiredBy = new HashMap<String, TreeSet<String>>();
    for (var item : packages) {
      for (var spec : item.depends()) {
        var name = spec.strip().split("[\\s\\[=<>!~]", 2)[0].toLowerCase(Locale.ROOT);
        requiredBy.computeIfAbsent(name, _ -> new TreeSet<>()).add(item.name());
      }
    }
    var asked = new TreeSet<String>();
    for (var spec : specs) {
      asked.add(name(spec.text()));
    }
    return packages.stream()
        .map(item -> {
          var by = new ArrayList<String>();
          if (asked.contains(item.name())) {
            by.add(LockedPackage.DEFINITION);
          }
          by.addAll(requiredBy.getOrDefault(item.name(), new TreeSet<>()));
          return item.withRequiredBy(by);
        })
        .toList();
  }

  private static String name(String spec) {
    if (spec.contains("://") && !spec.contains("::")) {
      var file = spec.replaceFirst("#.*$", "");
      return file.substring(file.lastIndexOf('/') + 1).replaceFirst("-[^-]+-[^-]+$", "");
    }
    return CondaDependency.condaName(spec).orElse("");
  }

  /// How rattler is to fetch: where the channels are, with which credentials.
  static JsonValue json(List<Channel> channels) {
    return new JsonValue.JsonArray(
        channels.stream()
            .<JsonValue>map(channel ->
                JsonObject.builder()
                    .put("name", channel.name())
                    .put("urls", channel.urls())
                    .build())
            .toList());
  }
}

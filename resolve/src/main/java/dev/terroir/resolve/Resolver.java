package dev.terroir.resolve;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.artifact.ArtifactSizes;
import dev.terroir.resolve.artifact.BuiltWheels;
import dev.terroir.resolve.artifact.ClientWheels;
import dev.terroir.resolve.artifact.ProvidedDistributions;
import dev.terroir.resolve.artifact.Pylock;
import dev.terroir.resolve.artifact.RequiredUrls;
import dev.terroir.resolve.artifact.WheelTags;
import dev.terroir.resolve.conda.CondaAccess;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.conda.CondaRequest;
import dev.terroir.resolve.conda.CondaSolver;
import dev.terroir.resolve.conda.Rattler;
import dev.terroir.resolve.mapping.CondaNames;
import dev.terroir.resolve.mapping.IndexRequirements;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Resolves definitions: what comes from conda channels with rattler, and on top of it what comes
/// from Python indexes with uv. Immutable and thread-safe; remembers nothing.
///
/// @since 0.1
public final class Resolver {
  private static final Pattern EXACT = Pattern.compile("(\\d+\\.\\d+)(\\.\\d+|\\.\\*)*");
  private static final Pattern EDITABLE = Pattern.compile("-e.*|--editable(\\s|=).*");
  private static final Pattern INCLUDED =
      Pattern.compile("-[rc].*|(--requirement|--constraint)(\\s|=).*");
  private static final Pattern DIRECTORY = Pattern.compile("\\.{1,2}(/.*)?");
  private static final Pattern ARCHIVE =
      Pattern.compile("(?i)[^;]*\\.(whl|zip|tar\\.gz|tgz|tar\\.bz2)\\b.*");

  private static final Pattern HASH = Pattern.compile("--hash[=\\s]+([a-z0-9]+):([0-9a-f]+)");

  private final Uv uv;
  private final ArtifactSizes sizes;
  private final Replacements replacements;
  private final CondaOptions conda;

  /// @param replacements the workspace's table
  /// @param conda what the workspace decides about conda
  public Resolver(Uv uv, Replacements replacements, CondaOptions conda) {
    this.uv = uv;
    this.sizes = new ArtifactSizes(uv.index());
    this.replacements = replacements;
    this.conda = conda;
  }

  /// What to resolve for.
  ///
  /// @param platform the machine that installs it
  /// @param pythonVersion `major.minor` instead of the definition's, or null
  /// @param directory what relative paths of wheels are relative to
  public record Target(Platform platform, @Nullable String pythonVersion, Path directory) {}

  /// Resolves a definition whose packages Terroir installs.
  ///
  /// Python itself comes from conda when the definition asks for any conda package besides `python`
  /// and `pip`.
  ///
  /// @throws ResolveException codes `unsolvable` with the tool's explanation, `conda-pip-conflict`,
  ///   or one of the surroundings
  public Lock resolve(Environment environment, Target target, Progress progress) {
    var packages =
        environment
            .condaDependencies()
            .orElseThrow(() ->
                new ResolveException(
                    Problem.of(
                            ResolveCode.REQUIREMENT_NOT_LOCKABLE,
                            "a user-managed environment has no packages to lock")
                        .at(Place.of("environment `" + environment.name() + "`"))));
    var applied = new TreeMap<String, String>();
    var lines = replacements.apply(packages.pipLines(), applied);
    applied.forEach((name, instead) ->
        progress.warn("`" + name + "` belongs to the retired service; locked instead: " + instead));
    lines.forEach(line -> refuseFiles(line, packages.source()));
    lines =
        lines.stream()
            .map(line -> BuiltWheels.isRepository(line) ? BuiltWheels.bare(line) : line)
            .toList();
    var specs = CondaRequest.specs(packages, target.platform());
    var part = CondaPart.NONE;
    if (CondaRequest.needsConda(specs)) {
      if (conda.source() == CondaOptions.Source.CHANNELS) {
        return resolveWithConda(environment, packages, target, specs, lines, applied, progress);
      }
      var mapped = fromIndex(packages, target, progress);
      part =
          CondaPart.fromIndex(
              specs.stream().map(CondaSolver.Spec::text).toList(), mapped.projects());
      lines = Stream.concat(lines.stream(), mapped.lines().stream()).distinct().toList();
    }
    var python =
        target.pythonVersion() != null
            ? target.pythonVersion()
            : pythonVersion(packages.pythonVersion(), progress);
    lines = withoutYoungerClients(lines, applied, python, progress);
    var resolution = new Resolution(environment, target, python, lines, applied, part);
    progress.step("resolving " + count(lines) + " for Python " + python);
    return compile(resolution, progress);
  }

  /// What stands for conda's packages on the Python index; said aloud.
  private IndexRequirements fromIndex(
      CondaDependencies packages, Target target, Progress progress) {
    var mapped =
        CondaNames.with(conda.names(), "the workspace's own names")
            .requirements(packages.dependencies(), target.platform(), packages.source());
    var names = new ArrayList<String>();
    mapped
        .projects()
        .forEach((name, project) ->
            names.add(name.equals(project) ? name : "`" + name + "` as `" + project + "`"));
    progress.warn(
        "this workspace takes conda packages from the Python index (`conda.source` is `pypi`): "
            + String.join(", ", names));
    mapped.notes().forEach(progress::line);
    return mapped;
  }

  private Lock resolveWithConda(
      Environment environment,
      CondaDependencies packages,
      Target target,
      List<CondaSolver.Spec> asked,
      List<String> lines,
      Map<String, String> applied,
      Progress progress) {
    var hasPip = lines.stream().anyMatch(line -> !line.startsWith("-"));
    var specs =
        CondaRequest.complete(asked, target.pythonVersion(), hasPip, packages.source(), progress);
    var access = CondaAccess.of(uv.settings(), uv.home());
    var rattler = Rattler.open(uv, access.settings().variables(), progress);
    var part =
        new CondaSolver(rattler, access, conda)
            .solve(
                new CondaSolver.Question(
                    specs, packages.condaChannels(), target.platform(), target.directory(), hasPip),
                progress);
    var python =
        part.python()
            .map(item -> EXACT.matcher(item.version()))
            .filter(Matcher::matches)
            .map(matcher -> matcher.group(1))
            .orElse("");
    var left = withoutYoungerClients(lines, applied, python, progress);
    var resolution = new Resolution(environment, target, python, left, applied, part);
    if (!hasPip) {
      return resolution.lock(List.of(), Map.of("rattler", Rattler.VERSION));
    }
    progress.step("resolving " + count(left) + " on top of conda's Python " + python);
    return compile(resolution, progress);
  }

  /// What is known of a lock before the Python index has been asked.
  private record Resolution(
      Environment environment,
      Target target,
      String python,
      List<String> lines,
      Map<String, String> applied,
      CondaPart conda) {

    /// The version as exactly as it is known: conda's own says which patch it is, and packages may
    /// ask for one.
    String exactPython() {
      return conda
          .python()
          .map(CondaPackage::version)
          .filter(version -> version.matches("\\d+\\.\\d+\\.\\d+"))
          .orElse(python);
    }

    Lock lock(List<LockedPackage> packages, Map<String, String> tools) {
      return new Lock(
          CanonicalForm.hash(environment),
          target.platform(),
          python,
          lines.stream().filter(line -> !line.startsWith("-")).toList(),
          lines.stream().filter(line -> line.startsWith("-")).toList(),
          applied,
          packages,
          conda,
          tools);
    }
  }

  /// uv would fetch or read what such a line names, whoever wrote the definition. A text with line
  /// breaks is several lines to uv.
  private static void refuseFiles(String text, String source) {
    text.lines().forEach(line -> refuseFile(line.strip(), source));
  }

  private static void refuseFile(String line, String source) {
    if (BuiltWheels.isRepository(line)) {
      return;
    }
    var isEditable = EDITABLE.matcher(line).matches();
    if (isEditable
        || INCLUDED.matcher(line).matches()
        || (DIRECTORY.matcher(line).matches() && !ARCHIVE.matcher(line).matches())) {
      throw new ResolveException(
          Problem.of(ResolveCode.REQUIREMENT_NOT_LOCKABLE, "`" + line + "` cannot be locked")
              .at(Place.of(source))
              .because(
                  isEditable
                      ? "an editable source directory changes under the environment"
                      : "a definition is used in many places, and what the line names lies in one")
              .hint(
                  "make the definition with `terroir environment create -f FILE`, which puts in its"
                      + " place what it names")
              .hint("or build a wheel and give the wheel's path"));
    }
  }

  private Lock compile(Resolution resolution, Progress progress) {
    var environment = resolution.environment();
    var target = resolution.target();
    var python = resolution.python();
    var lines = resolution.lines();
    var provided = ProvidedDistributions.of(resolution.conda().packages());
    Path work;
    try {
      work = Files.createTempDirectory("terroir-resolve-");
    } catch (IOException e) {
      throw dev.terroir.foundation.FoundationException.ofFile(
          "the requirements cannot be written", Path.of(System.getProperty("java.io.tmpdir")), e);
    }
    try {
      var wheels = new BuiltWheels(uv);
      var asked =
          forUv(lines).stream()
              .map(line -> ClientWheels.lockable(line, uv.home()))
              .map(line -> wheels.lockable(line, python, target.platform(), progress))
              .toList();
      var common = new ArrayList<String>();
      common.addAll(List.of("pip", "compile", work.resolve("requirements.in").toString()));
      common.addAll(
          List.of("--no-header", "--quiet", "--python-version", resolution.exactPython()));
      common.addAll(List.of("--python-platform", WheelTags.uvPlatform(target.platform())));
      if (!environment.python().pipConstraints().isEmpty()) {
        var constraints = work.resolve("constraints.txt");
        Files.writeString(
            constraints, String.join("\n", environment.python().pipConstraints()) + "\n");
        common.addAll(List.of("--constraint", constraints.toString()));
      }
      if (lines.stream().anyMatch(line -> ClientWheels.find(line).isPresent())) {
        var constraints =
            Files.writeString(work.resolve("clients.txt"), ClientWheels.constraints(uv.home()));
        common.addAll(List.of("--constraint", constraints.toString()));
      }
      var tool = uv;
      if (!provided.isEmpty()) {
        provided.writeWheels(work.resolve("conda"));
        tool = uv.withFindLinks(work.resolve("conda"));
        var constraints = Files.writeString(work.resolve("conda.txt"), provided.constraints());
        common.addAll(List.of("--constraint", constraints.toString()));
      }
      if (isHashed(environment, resolution.applied())
          && tool.settings().get("UV_INDEX_STRATEGY").isEmpty()) {
        common.addAll(List.of("--index-strategy", "unsafe-first-match"));
      }
      if (lines.contains("--pre")) {
        common.addAll(List.of("--prerelease", "allow"));
      }
      var what = "the definition `" + environment.name() + "` cannot be resolved";
      var required = new RequiredUrls(asked, wheels, work, tool, progress);
      var pylock =
          required.resolve(more -> {
            var asLock = new ArrayList<>(common);
            asLock.addAll(more);
            asLock.addAll(List.of("--format", "pylock.toml"));
            return required.tool().run(asLock, target.directory(), what, progress);
          });
      var tags = new WheelTags(python, target.platform());
      var hashes = hashes(lines, environment.python().pipConstraints());
      var found =
          wheels.named(
              ClientWheels.named(
                  provided.without(
                      new Pylock(tags, target.directory(), hashes, wheels.sources(python, progress))
                          .read(pylock))));

      // The same resolution again, told the versions, for who requires what.
      var pins = new StringBuilder();
      found.stream()
          .filter(item ->
              !item.artifact().kind().equals("archive")
                  && !item.artifact().kind().equals(LockedPackage.VCS))
          .forEach(
              item -> pins.append(item.name()).append("==").append(item.version()).append('\n'));
      Files.writeString(work.resolve("pins.txt"), pins);
      var asText = new ArrayList<>(common);
      asText.addAll(required.options());
      asText.addAll(
          List.of(
              "--annotation-style",
              "line",
              "--no-emit-find-links",
              "--constraint",
              work.resolve("pins.txt").toString()));
      var text = required.tool().run(asText, target.directory(), what, progress);
      var tools = new TreeMap<>(Map.of("uv", uv.version()));
      if (!resolution.conda().packages().isEmpty()) {
        tools.put("rattler", Rattler.VERSION);
      }
      return resolution.lock(explained(sizes.complete(found), requiredBy(text)), tools);
    } catch (ResolveException e) {
      throw provided.explained(e, lines);
    } catch (IOException e) {
      throw dev.terroir.foundation.FoundationException.ofFile(
          "the requirements cannot be written", work, e);
    } finally {
      Trees.delete(work);
    }
  }

  /// Whether several indexes are named and the user's own lines take no file but by its hash. Then
  /// a package may be found on any of them: the first one that has the name often has not the file,
  /// and no other file can take its place.
  private static boolean isHashed(Environment environment, Map<String, String> applied) {
    var lines = environment.condaDependencies().orElseThrow().pipLines();
    return lines.stream().anyMatch(line -> line.startsWith("--extra-index-url"))
        && lines.stream()
            .filter(line -> !line.startsWith("-"))
            .allMatch(line ->
                line.contains("--hash=")
                    || CondaDependency.pipName(line).filter(applied::containsKey).isPresent());
  }

  /// The lines without the clients that took the place of the retired service's packages, where the
  /// definition's Python is too old for them: what else it asks for may work. A line of the user's
  /// own that names one stays, and uv says why it cannot be.
  private static List<String> withoutYoungerClients(
      List<String> lines, Map<String, String> applied, String python, Progress progress) {
    return lines.stream()
        .filter(line -> {
          var wheel = ClientWheels.find(line);
          var isTooYoung =
              wheel.isPresent()
                  && !wheel.get().worksWith(python)
                  && applied.values().stream().anyMatch(it -> it.contains(wheel.get().name()));
          if (isTooYoung) {
            progress.warn(
                "`"
                    + wheel.get().name()
                    + "` needs Python "
                    + wheel.get().requiresPython()
                    + " and is left out for Python "
                    + python
                    + ": scripts that import `azureml` need a later Python, such as `python=3.11`");
          }
          return !isTooYoung;
        })
        .toList();
  }

  private static List<LockedPackage> explained(
      List<LockedPackage> packages, Map<String, List<String>> requiredBy) {
    return packages.stream()
        .map(item -> item.withRequiredBy(requiredBy.getOrDefault(item.name(), List.of())))
        .toList();
  }

  /// The lines without the options that uv does not read in a requirements file.
  private static List<String> forUv(List<String> lines) {
    return lines.stream()
        .filter(line ->
            !line.matches(
                "--(pre|prefer-binary|require-hashes|use-feature|no-deps|trusted-host)\\b.*"))
        .toList();
  }

  /// The SHA-256 that the user's own lines allow, for each project whose lines have hashes.
  private static Map<String, Set<String>> hashes(List<String> lines, List<String> constraints) {
    var allowed = new HashMap<String, Set<String>>();
    for (var line : Stream.concat(lines.stream(), constraints.stream()).toList()) {
      var name = CondaDependency.pipName(line);
      var matcher = HASH.matcher(line);
      while (name.isPresent() && matcher.find()) {
        var known = allowed.computeIfAbsent(name.get(), _ -> new HashSet<>());
        if (matcher.group(1).equals("sha256")) {
          known.add(matcher.group(2));
        }
      }
    }
    return allowed;
  }

  /// Reads the `# via` annotations.
  private static Map<String, List<String>> requiredBy(String text) {
    var map = new HashMap<String, List<String>>();
    for (var line : text.lines().toList()) {
      var split = line.split("# via ", 2);
      var name = CondaDependency.pipName(line.split("[ =@]", 2)[0]);
      if (split.length == 2 && name.isPresent()) {
        var by = new ArrayList<String>();
        for (var item : split[1].split(",")) {
          var word = item.strip();
          if (word.startsWith("-r ")) {
            by.add(LockedPackage.DEFINITION);
          } else if (!word.startsWith("-c ") && !word.isEmpty()) {
            by.add(word);
          }
        }
        map.put(name.get(), by.stream().sorted().distinct().toList());
      }
    }
    return map;
  }

  /// `major.minor` of the interpreter that a definition asks for.
  private String pythonVersion(Optional<String> request, Progress progress) {
    var wanted = request.orElse(CondaDependencies.DEFAULT_PYTHON);
    var exact = EXACT.matcher(wanted.split("=", 2)[0].strip());
    if (exact.matches()) {
      return exact.group(1);
    }
    var interpreter = uv.python(wanted.replace(" ", ""), progress);
    var version =
        uv.run(
            List.of("python", "find", "--no-project", "--show-version", interpreter.toString()),
            null,
            "the version of " + interpreter + " cannot be found out",
            Progress.SILENT);
    var matcher = EXACT.matcher(version.strip());
    if (!matcher.matches()) {
      throw new ResolveException(
          Problem.of(ResolveCode.PYTHON_NOT_FOUND, "`" + wanted + "` names no version of Python"));
    }
    return matcher.group(1);
  }

  private static String count(List<String> lines) {
    var count = lines.stream().filter(line -> !line.startsWith("-")).count();
    return count == 1 ? "1 requirement" : count + " requirements";
  }
}

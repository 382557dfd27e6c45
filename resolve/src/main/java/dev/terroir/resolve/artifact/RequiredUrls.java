package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Redaction;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What packages require by URL (`Requires-Dist: x @ git+https://...`). uv takes such a requirement
/// only when the definition says the same, and names it when it does not; then it is said as a
/// constraint and the resolution begins again, until none is left. For one resolution in one
/// thread.
///
/// @since 0.1
public final class RequiredUrls {
  /// A chain of packages that require each other by URL is no longer than this.
  private static final int MOST = 100;

  private static final Pattern ASKED =
      Pattern.compile("Consider adding `([^`]+ @ [^`]+)` to your dependencies");
  private static final Pattern REQUIRER =
      Pattern.compile("resolve dependencies for package `([^`]+)`");

  private static final Pattern CONFLICT = Pattern.compile("conflicting URLs for package `([^`]+)`");

  private final BuiltWheels wheels;
  private final Path work;
  private final Uv tool;
  private final Progress progress;
  private final Map<String, String> constraints = new LinkedHashMap<>();
  private final List<String> asked;

  /// @param asked the lines that the definition asks for
  /// @param wheels what was built for them
  /// @param work a folder of this resolution
  /// @param tool which resolves
  public RequiredUrls(
      List<String> asked, BuiltWheels wheels, Path work, Uv tool, Progress progress) {
    this.asked = new ArrayList<>(asked);
    this.wheels = wheels;
    this.work = work;
    this.progress = progress;
    // uv gets repositories by git, which must ask nothing and run nothing that a URL says.
    this.tool =
        tool.with("GIT_TERMINAL_PROMPT", "0").with("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file");
  }

  /// One resolution.
  public interface Attempt {
    /// @param options that belong to it
    /// @return what uv wrote
    String run(List<String> options);
  }

  /// What resolves, so that repositories are got without questions.
  public Uv tool() {
    return tool;
  }

  /// The file of requirements.
  public Path requirements() {
    return work.resolve("requirements.in");
  }

  /// The options that say what packages require by URL, as far as it is known.
  public List<String> options() {
    return constraints.isEmpty() ? List.of() : List.of("--constraint", file().toString());
  }

  private Path file() {
    return work.resolve("required.txt");
  }

  /// Resolves until no package requires what is not said.
  ///
  /// @throws ResolveException the first failure for another reason
  public String resolve(Attempt attempt) throws IOException {
    Files.writeString(requirements(), String.join("\n", asked) + "\n");
    while (true) {
      try {
        return attempt.run(options());
      } catch (ResolveException e) {
        var error = String.join("\n", e.problem().why());
        if (constraints.size() >= MOST || !(isLearnt(error) || isReplaced(error))) {
          throw e;
        }
      }
    }
  }

  // What the definition and a package require alike is the same for uv only by the same URL.
  private boolean isReplaced(String error) throws IOException {
    var conflict = CONFLICT.matcher(error);
    if (!conflict.find()) {
      return false;
    }
    for (var i = 0; i < asked.size(); i++) {
      var line = asked.get(i);
      var instead = wheels.asRepository(line);
      if (instead.isPresent() && line.startsWith(conflict.group(1))) {
        asked.set(i, instead.get());
        Files.writeString(requirements(), String.join("\n", asked) + "\n");
        return true;
      }
    }
    return false;
  }

  private boolean isLearnt(String error) throws IOException {
    var asked = ASKED.matcher(error);
    if (!asked.find()) {
      return false;
    }
    var line = asked.group(1);
    try {
      var name = DistributionName.normalized(Requirement.parse(line).name());
      if (constraints.putIfAbsent(name, line) != null) {
        return false;
      }
      var requirer = REQUIRER.matcher(error);
      progress.warn(
          "`"
              + Redaction.of(line)
              + "` is taken over"
              + (requirer.find() ? ": `" + requirer.group(1) + "` requires it" : ""));
      Files.writeString(file(), String.join("\n", constraints.values()) + "\n");
      return true;
    } catch (Requirement.SyntaxException e) {
      return false;
    }
  }
}

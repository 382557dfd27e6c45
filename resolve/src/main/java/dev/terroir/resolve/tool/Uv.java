package dev.terroir.resolve.tool;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.index.IndexSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Runs uv with the user's index settings. Immutable and thread-safe.
///
/// @since 0.1
public final class Uv {
  /// How long a resolution, build or installation may take unless `UV_TIMEOUT_MINUTES` says
  /// otherwise.
  private static final Duration TIMEOUT = Duration.ofMinutes(60);

  /// The status of an answer, and no number in a path or a hash.
  private static final Pattern STATUS_401 =
      Pattern.compile("(?:status|error|code|http)[^\\n/]{0,30}\\b401\\b");

  /// What uv says of work that goes well, which explains no failure.
  private static final Pattern TALK =
      Pattern.compile(
          "(?m)^ *(Downloading|Downloaded|Building|Built|Prepared|Resolved|Using Python) .*\\n?");

  private final Path program;
  private final TerroirHome home;
  private final Settings settings;
  private final Map<String, String> variables;
  private final IndexSettings index;

  private Uv(
      Path program,
      TerroirHome home,
      Settings settings,
      Map<String, String> variables,
      IndexSettings index) {
    this.index = index;
    this.program = program;
    this.home = home;
    this.settings = settings;
    this.variables = variables;
  }

  /// uv on this machine, fetched when it is nowhere.
  public static Uv open(Settings settings, TerroirHome home, Progress progress) {
    var program = UvProgram.find(settings, home, progress);
    var index = IndexSettings.read(settings, UvProgram.python(settings));
    var variables = index.uvVariables();
    variables.put(
        "PATH",
        PyenvPath.of(
            variables.getOrDefault("PATH", ""), variables.getOrDefault("PYENV_VERSION", "")));
    variables.put("UV_NO_CONFIG_WARNINGS", "1");
    variables.put("UV_NO_PROGRESS", "1");
    variables.put("NO_COLOR", "1");
    return new Uv(program, home, settings, variables, index);
  }

  /// The same with one more variable in the environment of its processes.
  public Uv with(String name, String value) {
    var more = new TreeMap<>(variables);
    more.put(name, value);
    return new Uv(program, home, settings, more, index);
  }

  /// The same with one more folder of wheels; as an option it would stand in the place of the
  /// user's own.
  public Uv withFindLinks(Path folder) {
    var own = variables.getOrDefault("UV_FIND_LINKS", "");
    return with("UV_FIND_LINKS", own.isEmpty() ? folder.toString() : own + "," + folder);
  }

  /// Where Terroir keeps what it makes.
  public TerroirHome home() {
    return home;
  }

  /// The process environment it was opened with.
  public Settings settings() {
    return settings;
  }

  /// Where the user's packages come from.
  public IndexSettings index() {
    return index;
  }

  /// The program's version.
  public String version() {
    return UvProgram.version(program, settings).orElse("unknown");
  }

  /// Runs it to its end.
  ///
  /// @param directory where it runs, or null
  /// @param what the sentence of a failure, such as "the definition cannot be resolved"
  /// @return its standard output
  /// @throws ResolveException in our words, with uv's own explanation
  public String run(
      List<String> arguments, @Nullable Path directory, String what, Progress progress) {
    var result = start(arguments, directory, progress);
    if (!result.isSuccess()) {
      var error = TALK.matcher(result.error()).replaceAll("");
      throw failure(what, Redaction.of(error.strip()), result.exitCode());
    }
    return result.output();
  }

  private Command.Result start(
      List<String> arguments, @Nullable Path directory, Progress progress) {
    var command = new ArrayList<String>();
    command.add(program.toString());
    command.addAll(arguments);
    if (arguments.getFirst().equals("pip")) {
      command.addAll(index.uvOptions());
    } else if (arguments.getFirst().equals("build") && index.uvOptions().contains("--no-index")) {
      command.add("--no-index");
    }
    return new Command(command, variables, directory, TIMEOUT)
        .run(line -> progress.line(Redaction.of(line)));
  }

  /// An interpreter for a request such as `3.11` or `>=3.8`; one that is on this machine, else one
  /// that uv fetches.
  ///
  /// @throws ResolveException code `python-not-found`
  public Path python(String request, Progress progress) {
    var found = start(List.of("python", "find", "--no-project", request), null, Progress.SILENT);
    if (found.isSuccess() && !found.output().isBlank()) {
      return Path.of(found.output().strip());
    }
    var pyenv = pyenv(request);
    if (pyenv != null) {
      return pyenv;
    }
    progress.step("fetching Python " + request);
    var install = start(List.of("python", "install", request), null, progress);
    if (install.isSuccess()) {
      found = start(List.of("python", "find", "--no-project", request), null, Progress.SILENT);
      if (found.isSuccess() && !found.output().isBlank()) {
        return Path.of(found.output().strip());
      }
    }
    throw new ResolveException(
        Problem.of(
                ResolveCode.PYTHON_NOT_FOUND,
                "no Python that satisfies `" + request + "` is on this machine or can be fetched")
            .because(lastLines(Redaction.of(install.error())))
            .hint(
                "ask for a version that is here (`terroir doctor` lists them), or install that"
                    + " Python and put it on PATH"));
  }

  /// An interpreter below pyenv's root, which is on PATH only through programs that refuse to run.
  private @Nullable Path pyenv(String request) {
    var root = settings.get("PYENV_ROOT").map(Path::of);
    if (root.isEmpty()) {
      root = settings.get("HOME").map(home -> Path.of(home, ".pyenv"));
    }
    var versions = root.map(directory -> directory.resolve("versions"));
    if (versions.isEmpty() || !Files.isDirectory(versions.get())) {
      return null;
    }
    try (var list = Files.list(versions.get())) {
      return list.filter(version ->
              version.getFileName().toString().equals(request)
                  || version.getFileName().toString().startsWith(request + "."))
          .map(version -> version.resolve("bin/python"))
          .filter(Files::isExecutable)
          .findFirst()
          .orElse(null);
    } catch (java.io.IOException e) {
      return null;
    }
  }

  private static ResolveException failure(String what, String error, int exitCode) {
    var lower = error.toLowerCase(Locale.ROOT);
    // uv explains what it may not fetch as a definition without solution, too.
    if (lower.contains("network was disabled")
        || lower.contains("network connectivity is disabled")) {
      return problem(
          ResolveCode.INDEX_UNREACHABLE,
          what + ": the network is switched off, and the cache has not all of it",
          error,
          "take back UV_OFFLINE, or `offline` in uv.toml, and try again");
    }
    if (lower.contains("invalid version request: python <")
        || lower.contains("does not support `-i` flag")) {
      return problem(
          ResolveCode.PYTHON_NOT_FOUND,
          what + ": its Python is too old for uv",
          error,
          "ask for Python 3.6 or later, in the definition or with `--python`");
    }
    // uv explains a refusal of the only index as a definition without solution.
    var isRefused = lower.contains("(401 unauthorized)");
    if (!isRefused && (lower.contains("no solution found") || lower.contains("no version of"))) {
      return new ResolveException(
          Problem.of(ResolveCode.UNSOLVABLE, "no set of packages satisfies the definition")
              .because(error)
              .hint("loosen or correct one of the requirements named above"));
    }
    if (isRefused
        || STATUS_401.matcher(lower).find()
        || lower.contains("403 forbidden")
        || lower.contains("unauthorized")) {
      return problem(
          ResolveCode.INDEX_CREDENTIALS,
          what + ": the index refuses the credentials",
          error,
          "check the credentials in ~/.netrc, pip.conf or the keyring for that host");
    }
    if (lower.contains("hash mismatch")) {
      return problem(
          ResolveCode.HASH_MISMATCH,
          what + ": an archive is not the one that its hash names",
          error,
          "nothing was installed; check the index or proxy that delivered it");
    }
    if (lower.contains("failed to build") || lower.contains("build backend")) {
      return problem(
          ResolveCode.BUILD_FAILED,
          what + ": a source distribution cannot be built",
          error,
          "install what its build needs, or ask for a version that has a wheel");
    }
    if (lower.contains("error sending request")
        || lower.contains("dns error")
        || lower.contains("request failed")
        || lower.contains("failed to fetch")
        || lower.contains("connection")) {
      return problem(
          ResolveCode.INDEX_UNREACHABLE,
          what + ": the index does not answer",
          error,
          "check the network, the proxy and the index settings (`terroir doctor` shows them)");
    }
    if (lower.contains("no interpreter found")) {
      return problem(
          ResolveCode.PYTHON_NOT_FOUND, what, error, "install that Python and put it on PATH");
    }
    return problem(
        ResolveCode.UV_FAILED,
        what,
        "uv ended with exit code " + exitCode + ":\n" + error,
        "mend what uv names above");
  }

  private static ResolveException problem(
      ResolveCode code, String what, String error, String hint) {
    return new ResolveException(Problem.of(code, what).because(error).hint(hint));
  }

  private static String lastLines(String text) {
    var lines = text.strip().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
  }
}

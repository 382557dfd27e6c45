package dev.terroir.resolve.conda;

import dev.terroir.environment.requirement.Credentials;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Runs rattler by its driver, in an environment that uv made of a pinned and hashed lock. What
/// goes in and comes out is JSON on standard input and output. Immutable and thread-safe.
///
/// @since 0.1
public final class Rattler {
  /// The version of py-rattler that is used.
  public static final String VERSION = "0.28.0";

  private static final String PYTHON = ">=3.10";
  private static final String READY = "ready";
  private static final Duration PATIENCE = Duration.ofMinutes(20);
  private static final Duration TIMEOUT = Duration.ofMinutes(120);

  private final Path python;
  private final Path driver;
  private final Map<String, String> variables;

  private Rattler(Path python, Path driver, Map<String, String> variables) {
    this.python = python;
    this.driver = driver;
    this.variables = variables;
  }

  /// rattler on this machine, installed by uv from the user's own index when it is not here.
  ///
  /// @param variables of its processes
  /// @throws ResolveException code `rattler-not-found` with what was tried
  public static Rattler open(Uv uv, Map<String, String> variables, Progress progress) {
    var requirements = resource("requirements.txt");
    var given = uv.settings().get(Settings.TERROIR_RATTLER).map(Path::of);
    if (given.isPresent() && !Files.isExecutable(given.get())) {
      throw new ResolveException(
          Problem.of(ResolveCode.RATTLER_NOT_FOUND, "TERROIR_RATTLER names no program")
              .at(Place.file(given.get()))
              .hint("set it to the path of a Python that has py-rattler, or unset it"));
    }
    var script = resource("driver.py");
    var directory =
        uv.home()
            .tools()
            .resolve("rattler-" + VERSION + "-" + Sha256.of(requirements).hex().substring(0, 16));
    var python = given.orElse(directory.resolve("bin/python"));
    if (given.isEmpty()
        && (!Files.isRegularFile(directory.resolve(READY)) || !Files.isExecutable(python))) {
      make(uv, directory, requirements, progress);
    }
    var driver = directory.resolve("driver-" + Sha256.of(script).hex().substring(0, 16) + ".py");
    if (!Files.isRegularFile(driver)) {
      AtomicFiles.write(driver, script);
    }
    return new Rattler(python, driver, new TreeMap<>(variables));
  }

  private static void make(Uv uv, Path directory, String requirements, Progress progress) {
    var lock = directory.resolveSibling(directory.getFileName() + ".lock");
    try (var _ = ProcessLock.acquire(lock, PATIENCE)) {
      var python = directory.resolve("bin/python");
      if (Files.isRegularFile(directory.resolve(READY)) && Files.isExecutable(python)) {
        return;
      }
      progress.step("installing rattler " + VERSION + ", which solves conda packages");
      Trees.delete(directory);
      var interpreter = uv.python(PYTHON, progress);
      var what = "rattler cannot be installed";
      uv.run(
          List.of(
              "venv",
              "--quiet",
              "--no-project",
              "--python",
              interpreter.toString(),
              directory.toString()),
          null,
          what,
          progress);
      var file = directory.resolve("requirements.txt");
      AtomicFiles.write(file, requirements);
      uv.run(
          List.of(
              "pip",
              "install",
              "--quiet",
              "--no-deps",
              "--require-hashes",
              "--only-binary",
              ":all:",
              "--python",
              python.toString(),
              "--requirements",
              file.toString()),
          null,
          what,
          progress);
      AtomicFiles.write(directory.resolve(READY), VERSION + "\n");
    } catch (ResolveException e) {
      var problem =
          Problem.of(
              ResolveCode.RATTLER_NOT_FOUND,
              "rattler is not on this machine and cannot be installed");
      for (var cause : e.problems()) {
        problem = problem.because(cause.what());
        for (var reason : cause.why()) {
          problem = problem.because(reason);
        }
      }
      throw new ResolveException(
          problem.hint(
              "make py-rattler "
                  + VERSION
                  + " available on the Python index that pip uses here; Python 3.10 or later is"
                  + " needed too"),
          e);
    }
  }

  private static String resource(String name) {
    try (var in = Rattler.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the driver's file " + name + " is not in the program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The Python that has it.
  public Path python() {
    return python;
  }

  /// The same with one more variable in the environment of its processes.
  public Rattler with(String name, String value) {
    var more = new TreeMap<>(variables);
    more.put(name, value);
    return new Rattler(python, driver, more);
  }

  /// Where rattler keeps what it fetched of channels.
  static Path repodataCache(TerroirHome home) {
    return home.cache().resolve("conda/repodata");
  }

  /// Where rattler keeps packages.
  static Path packageCache(TerroirHome home) {
    return home.cache().resolve("conda/packages");
  }

  /// Has it do one thing.
  ///
  /// @param request with its `operation`
  /// @param what the sentence of a failure
  /// @param places where the request's match specs stand
  /// @return the answer's `result`
  /// @throws ResolveException in our words, with rattler's own explanation
  JsonObject call(JsonObject request, String what, List<Place> places, Progress progress) {
    var command =
        new Command(List.of(python.toString(), "-I", driver.toString()), variables, null, TIMEOUT);
    var result = command.run(JsonWriter.compact(request), line -> told(line, progress));
    JsonObject answer;
    try {
      answer = JsonReader.parseObject(result.output(), "rattler's answer");
    } catch (FoundationException e) {
      throw new ResolveException(
          Problem.of(ResolveCode.RATTLER_FAILED, what)
              .because(
                  "rattler ended with exit code "
                      + result.exitCode()
                      + ":\n"
                      + Credentials.withoutInChannel(result.error().strip())),
          e);
    }
    var error = answer.optionalObject("error");
    if (error.isPresent()) {
      throw failure(error.get(), what, places);
    }
    return answer.optionalObject("result").orElse(JsonObject.EMPTY);
  }

  private static void told(String line, Progress progress) {
    if (!line.startsWith("{")) {
      progress.line(Credentials.withoutInChannel(line));
      return;
    }
    try {
      var event = JsonReader.parseObject(line, "rattler");
      switch (event.optionalString("event").orElse("")) {
        case "fetched" ->
            progress.advance(
                event.longValue("bytes"), event.longValue("total"), Progress.Unit.BYTES);
        case "linked" ->
            progress.advance(
                event.longValue("packages"), event.longValue("total"), Progress.Unit.ITEMS);
        default -> {}
      }
    } catch (FoundationException e) {
      progress.line(Credentials.withoutInChannel(line));
    }
  }

  private static ResolveException failure(JsonObject error, String what, List<Place> places) {
    var message = Credentials.withoutInChannel(error.optionalString("message").orElse("").strip());
    return switch (error.optionalString("kind").orElse("")) {
      case "spec" -> {
        var problems = new ArrayList<Problem>();
        for (var spec : error.objects("specs")) {
          var problem =
              Problem.of(ResolveCode.MATCH_SPEC, "`" + spec.string("spec") + "` is no match spec");
          var index = (int) spec.longValue("index");
          problem = index < places.size() ? problem.at(places.get(index)) : problem;
          problems.add(
              problem
                  .because(spec.string("message"))
                  .hint(
                      "write it as `numpy=1.17`, `numpy>=1.17,<2` or `channel::numpy=1.17=py37*`"));
        }
        yield new ResolveException(problems);
      }
      case "unsolvable" ->
          new ResolveException(
              Problem.of(
                      ResolveCode.UNSOLVABLE, "no set of conda packages satisfies the definition")
                  .because(explained(message))
                  .because(
                      "the machine is taken to offer "
                          + String.join(", ", error.strings("virtualPackages")))
                  .hint("loosen or correct one of the packages named above, or add a channel"));
      case "channel" -> channel(error, what);
      case "install" -> installation(message, what);
      case "link-script" ->
          new ResolveException(
              Problem.of(
                      ResolveCode.LINK_SCRIPT,
                      "the link script of `" + error.string("package") + "` failed")
                  .because("exit code " + error.longValue("exitCode") + ":\n" + message)
                  .hint("take the package out of the list of allowed link scripts"));
      case "archive" ->
          new ResolveException(
              Problem.of(ResolveCode.CONDA_ARCHIVE, what + ": a package cannot be read")
                  .at(
                      Place.of(
                          Credentials.withoutInChannel(error.optionalString("url").orElse(""))))
                  .because(message)
                  .hint("check the channel that delivered it; nothing was installed"));
      case "refused" -> {
        var url = Credentials.withoutInChannel(error.string("url"));
        yield new ResolveException(
            PackageContents.refused(url.substring(url.lastIndexOf('/') + 1), url)
                .at(Place.of("member `" + error.string("path") + "`"))
                .because(message));
      }
      default ->
          new ResolveException(Problem.of(ResolveCode.RATTLER_FAILED, what).because(message));
    };
  }

  private static String explained(String message) {
    return message.replaceFirst("^Cannot solve the request because of: *", "");
  }

  private static ResolveException channel(JsonObject error, String what) {
    var problem =
        Problem.of(
            isRefused(error) ? ResolveCode.CHANNEL_CREDENTIALS : ResolveCode.CHANNEL_UNREACHABLE,
            what
                + (isRefused(error)
                    ? ": a channel refuses the credentials"
                    : ": a channel cannot be read"));
    for (var channel : error.objects("channels")) {
      problem =
          problem.because(
              Credentials.withoutInChannel(
                  channel.string("channel") + ": " + channel.string("message")));
    }
    return new ResolveException(
        isRefused(error)
            ? problem.hint(
                "put the credentials for that host into ~/.netrc, rattler's credentials.json or the"
                    + " channel's URL in .condarc")
            : problem
                .hint(
                    "check the channel's name, the network, the proxy, and `channel_alias` and"
                        + " `mirrored_channels` in .condarc (`terroir doctor` shows what is read)")
                .hint(
                    "with `terroir workspace update --conda-source pypi` the packages come from the"
                        + " Python index instead; with CONDA_OFFLINE=true what was fetched before"
                        + " is used"));
  }

  private static boolean isRefused(JsonObject error) {
    return error.objects("channels").stream()
        .map(channel -> channel.string("message"))
        .anyMatch(message ->
            message.contains("401 Unauthorized")
                || message.contains("403 Forbidden")
                || message.toLowerCase(Locale.ROOT).contains("unauthorized"));
  }

  private static ResolveException installation(String message, String what) {
    var lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("hash mismatch") || lower.contains("sha256") || lower.contains("md5")) {
      return new ResolveException(
          Problem.of(
                  ResolveCode.HASH_MISMATCH,
                  what + ": an archive is not the one that its hash names")
              .because(message)
              .hint("nothing was installed; check the channel or proxy that delivered it"));
    }
    if (lower.contains("request failed")
        || lower.contains("error sending request")
        || lower.contains("http status")) {
      return new ResolveException(
          Problem.of(ResolveCode.CHANNEL_UNREACHABLE, what + ": a package cannot be fetched")
              .because(message)
              .hint("check that the channel still has it, the network and the proxy"));
    }
    return new ResolveException(
        Problem.of(ResolveCode.CONDA_ARCHIVE, what + ": a package cannot be installed")
            .because(message)
            .hint("nothing was installed; check the channel that delivered it"));
  }
}

package dev.terroir.resolve.artifact;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Redaction;
import dev.terroir.resolve.tool.UvProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Gets a commit of a repository with this machine's git, which has the user's own keys, helpers
/// and proxies. It never asks anything, and takes no way to other programs out of a URL.
final class GitCheckout {
  private static final Duration TIMEOUT = Duration.ofMinutes(30);

  private final GitSource source;
  private final Path program;
  private final Map<String, String> variables;
  private final Progress progress;
  private final boolean isOffline;

  /// @throws ResolveException code `checkout-failed` where there is no git
  GitCheckout(GitSource source, Settings settings, Progress progress) {
    this.source = source;
    this.progress = progress;
    this.isOffline =
        settings.get("UV_OFFLINE").filter(it -> !it.matches("(?i)0|f|false|n|no|off|")).isPresent();
    this.program =
        UvProgram.onPath(settings, "git")
            .orElseThrow(() -> failed("there is no program `git` on the path", "install git"));
    this.variables = new TreeMap<>(settings.variables());
    variables.put("GIT_TERMINAL_PROMPT", "0");
    variables.put(
        "GIT_SSH_COMMAND", variables.getOrDefault("GIT_SSH_COMMAND", "ssh") + " -oBatchMode=yes");
    // Such as `ext::`, which runs what the URL says, is for nobody; other repositories' submodules
    // have nothing to look for on this disk.
    variables.put(
        "GIT_ALLOW_PROTOCOL",
        "https:http:ssh:git" + (source.url().startsWith("file:") ? ":file" : ""));
    if (!source.credentials().isEmpty()) {
      authorize();
    }
  }

  /// In the environment, where neither a command line nor the checkout's configuration shows it.
  private void authorize() {
    var host = source.url().replaceFirst("(://[^/]*).*", "$1/");
    var number = Integer.parseInt(variables.getOrDefault("GIT_CONFIG_COUNT", "0"));
    variables.put("GIT_CONFIG_COUNT", String.valueOf(number + 1));
    variables.put(
        "GIT_CONFIG_KEY_" + number,
        "url." + host.replace("://", "://" + source.credentials() + "@") + ".insteadOf");
    variables.put("GIT_CONFIG_VALUE_" + number, host);
  }

  /// Checks it out, with its submodules.
  ///
  /// @param folder not there yet
  /// @return the commit
  /// @throws ResolveException code `checkout-failed`
  String into(Path folder) {
    if (source.revision().startsWith("-")) {
      throw failed(
          "`" + source.revision() + "` is no revision", "name a branch, a tag or a commit");
    }
    if (isOffline && !source.url().startsWith("file:")) {
      throw failed(
          "UV_OFFLINE is set, and nothing is fetched", "take back UV_OFFLINE and try again");
    }
    progress.step("checking out " + source);
    // Old versions of files are fetched only when somebody asks for them, where the server can.
    succeeds(
        git(
            null,
            "clone",
            "--quiet",
            "--no-checkout",
            "--filter=blob:none",
            "--",
            source.url(),
            folder.toString()));
    var commit = commit(folder);
    succeeds(
        git(folder, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit));
    if (Files.exists(folder.resolve(".gitmodules"))) {
      succeeds(git(folder, "submodule", "update", "--quiet", "--init", "--recursive"));
    }
    return commit;
  }

  private String commit(Path folder) {
    if (source.revision().isEmpty()) {
      return revision(folder, "HEAD")
          .orElseThrow(
              () -> failed("the repository has no commit", "name a branch, a tag or a commit"));
    }
    return revision(folder, "refs/remotes/origin/" + source.revision())
        .or(() -> revision(folder, "refs/tags/" + source.revision()))
        .or(() ->
            source.revision().matches("[0-9a-f]{7,64}")
                ? revision(folder, source.revision())
                : Optional.empty())
        .or(() -> {
          // A reference beside branches and tags, such as `refs/pull/1/head`, or a commit that no
          // branch has.
          var fetched = git(folder, "fetch", "--quiet", "origin", source.revision());
          return fetched.isSuccess() ? revision(folder, "FETCH_HEAD") : Optional.empty();
        })
        .orElseThrow(() ->
            failed(
                "the repository has no branch, tag or commit `" + source.revision() + "`",
                "name one that `git ls-remote " + source.url() + "` lists, or a commit"));
  }

  private Optional<String> revision(Path folder, String name) {
    var found =
        git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}");
    return found.isSuccess() ? Optional.of(found.output().strip()) : Optional.empty();
  }

  private Command.Result git(@Nullable Path folder, String... words) {
    var line = new ArrayList<>(List.of(program.toString()));
    line.addAll(List.of(words));
    return new Command(line, variables, folder, TIMEOUT)
        .run(told -> progress.line(Redaction.of(told)));
  }

  private void succeeds(Command.Result result) {
    if (!result.isSuccess()) {
      var said = Redaction.of(result.error().strip());
      throw failed(
          said.isEmpty() ? "git ended with " + result.exitCode() : said,
          "try `git clone " + source.url() + "` on this machine: it has to work without questions");
    }
  }

  private ResolveException failed(String why, String hint) {
    return new ResolveException(
        Problem.of(ResolveCode.CHECKOUT_FAILED, "`" + source + "` cannot be checked out")
            .at(Place.of(source.url()))
            .because(why)
            .hint(hint));
  }
}

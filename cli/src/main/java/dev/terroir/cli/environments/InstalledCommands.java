package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Code;
import dev.terroir.prefix.LocalPython;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Commands of environments on this machine.
final class InstalledCommands {
  private InstalledCommands() {}

  static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "install",
            "Make the environment ready on this machine.",
            "terroir environment install -d environment",
            Environments.OPTIONS,
            "",
            InstalledCommands::install),
        new Leaf(
            "path",
            "Print where the installed environment lies.",
            "terroir environment path -d environment",
            Environments.OPTIONS,
            "",
            InstalledCommands::path),
        new Leaf(
            "activate",
            "Print what a shell sources to work in the environment.",
            "eval \"$(terroir environment activate -d environment)\"",
            Environments.OPTIONS,
            "",
            InstalledCommands::activate),
        new Leaf(
            "exec",
            "Run a program in the environment.",
            "terroir environment exec -d environment -- python -V",
            Environments.OPTIONS,
            "COMMAND [ARGUMENTS…]",
            InstalledCommands::exec));
  }

  private static Workspace.Ready ready(Arguments arguments, Context context) {
    return context
        .workspace()
        .realise(
            Environments.chosen(arguments, context),
            Environments.lockOptions(arguments, false),
            context.progress());
  }

  private static int install(Arguments arguments, Context context) {
    var ready = ready(arguments, context);
    context
        .console()
        .result(
            JsonObject.builder()
                .put("hash", ready.hash())
                .put("lockDigest", ready.python().lockDigest())
                .put("path", ready.python().prefix().map(Path::toString).orElse(null))
                .put("python", ready.python().python().toString())
                .put("cached", ready.isCached())
                .build(),
            "hash",
            "path",
            "cached");
    return 0;
  }

  private static LocalPython installed(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    return context
        .workspace()
        .find(environment)
        .orElseThrow(() ->
            CliException.usage(
                "the environment `" + environment.name() + "` is not installed on this machine",
                "install it with `terroir environment install`"));
  }

  private static int path(Arguments arguments, Context context) {
    var python = installed(arguments, context);
    context.console().plain(python.prefix().orElse(python.python()).toString());
    return 0;
  }

  private static int activate(Arguments arguments, Context context) {
    context.console().text(installed(arguments, context).activation());
    return 0;
  }

  private static int exec(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    var python =
        context
            .workspace()
            .realise(environment, Environments.lockOptions(arguments, false), context.progress())
            .python();
    var command = new ArrayList<>(arguments.positionals());
    var program = String.valueOf(command.getFirst());
    var own = python.python().resolveSibling(program);
    if (!program.contains("/") && Files.isExecutable(own)) {
      command.set(0, own.toString());
    }
    var builder = new ProcessBuilder(command).inheritIO();
    builder.environment().clear();
    builder.environment().putAll(python.activated(context.settings().variables()));
    builder.environment().putAll(environment.environmentVariables());
    try {
      var process = builder.start();
      var code = process.waitFor();
      return code;
    } catch (IOException e) {
      throw CliException.usage(
          "`" + program + "` cannot be started: " + e.getMessage(),
          "name a program of the environment or of PATH");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Code.Kind.CANCELED.exitCode();
    }
  }
}

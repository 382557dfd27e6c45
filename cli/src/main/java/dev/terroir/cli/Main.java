package dev.terroir.cli;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Group;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Parser;
import dev.terroir.cli.compute.ComputeTargetCommands;
import dev.terroir.cli.console.Console;
import dev.terroir.cli.console.ConsoleProgress;
import dev.terroir.cli.data.DatastoreCommands;
import dev.terroir.cli.environments.EnvironmentCommands;
import dev.terroir.cli.environments.KernelCommands;
import dev.terroir.cli.environments.LockCommands;
import dev.terroir.cli.images.CacheCommands;
import dev.terroir.cli.images.EnvironmentImages;
import dev.terroir.cli.images.ImageCommands;
import dev.terroir.cli.quickstart.Quickstart;
import dev.terroir.cli.runs.RunCommands;
import dev.terroir.cli.server.LoginCommand;
import dev.terroir.cli.server.ServeCommand;
import dev.terroir.cli.server.TokenCommands;
import dev.terroir.cli.services.ModelCommands;
import dev.terroir.cli.services.ServiceCommands;
import dev.terroir.cli.workspaces.Doctor;
import dev.terroir.cli.workspaces.WorkspaceCommands;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.workspace.database.Database;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;

/// The `terroir` program.
///
/// @since 0.1
public final class Main {
  /// The version, as the build says it.
  public static final String VERSION = "0.1.0";

  private static final Set<String> NEED_DATABASE =
      Set.of(
          "environment", "run", "model", "service", "datastore", "computetarget", "serve", "token");

  private Main() {}

  /// The groups of commands, in the order of help.
  public static List<Group> groups() {
    return List.of(
        new Group("quickstart", "The whole way on a small project.", Quickstart::leaves),
        new Group(
            "environment",
            "Define, lock, install and register environments.",
            () -> joined(EnvironmentCommands.leaves(), EnvironmentImages.leaves())),
        new Group("lock", "Show, export and compare locks.", LockCommands::leaves),
        new Group("image", "Build images and look into them.", ImageCommands::leaves),
        new Group("cache", "Look after what is kept for images.", CacheCommands::leaves),
        new Group("run", "Submit scripts and look after runs.", RunCommands::leaves),
        new Group("model", "Register models and deploy them.", ModelCommands::leaves),
        new Group("service", "Score and look after services.", ServiceCommands::leaves),
        new Group("datastore", "Register folders of data, copy files.", DatastoreCommands::leaves),
        new Group("computetarget", "Name pools that run scripts.", ComputeTargetCommands::leaves),
        new Group("workspace", "Make and show workspaces.", WorkspaceCommands::leaves),
        new Group("serve", "Make the workspace reachable over HTTP.", ServeCommand::leaves),
        new Group("token", "Make and revoke tokens of the server.", TokenCommands::leaves),
        new Group("login", "Keep a token for a server.", LoginCommand::leaves),
        new Group("kernel", "Offer environments to Jupyter.", KernelCommands::leaves),
        new Group("doctor", "Say what was found and what is missing.", Doctor::leaves));
  }

  private static List<Leaf> joined(List<Leaf> first, List<Leaf> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  /// Runs a command and ends the process with its exit code.
  public static void main(String[] arguments) {
    if (arguments.length == 1 && arguments[0].equals("--version")) {
      System.out.println("terroir " + VERSION);
      return;
    }
    beginBeside(arguments);
    var out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    var err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    System.exit(run(arguments, Settings.system(), out, err));
  }

  /// Makes ready beside the reading of the command what it will need: the database's driver, unless
  /// it lists environments, which mostly needs none, or works on a directory by `-d`, of which it
  /// computes a digest.
  static void beginBeside(String... arguments) {
    var words = List.of(arguments);
    if (words.size() > 1
        && NEED_DATABASE.contains(words.getFirst())
        && !words.contains("--detach")
        && !words.subList(0, 2).equals(List.of("environment", "list"))) {
      var thread = new Thread(words.contains("-d") ? () -> Sha256.of("") : Database::warmUp);
      thread.setDaemon(true);
      thread.start();
    }
  }

  /// Runs a command.
  ///
  /// @return its exit code, as the documentation of exit codes says
  public static int run(String[] arguments, Settings settings, PrintStream out, PrintStream err) {
    var groups = groups();
    var first = arguments.length == 0 ? "" : arguments[0];
    var known = groups.stream().anyMatch(group -> group.name().equals(first));
    var command =
        new CommandLine(
            Parser.root(
                groups, known ? first : Parser.NONE, arguments.length > 1 ? arguments[1] : ""));
    command.setAbbreviatedOptionsAllowed(false);
    CommandLine.ParseResult parsed;
    try {
      parsed = command.parseArgs(arguments);
    } catch (CommandLine.ParameterException e) {
      err.println(usageProblem(e).render());
      return CliCode.USAGE.kind().exitCode();
    }
    while (parsed.hasSubcommand() && !parsed.isUsageHelpRequested()) {
      parsed = parsed.subcommand();
    }
    if (parsed.isUsageHelpRequested()) {
      parsed.commandSpec().commandLine().usage(out, CommandLine.Help.Ansi.OFF);
      return 0;
    }
    if (parsed.isVersionHelpRequested()) {
      out.println("terroir " + VERSION);
      return 0;
    }
    var spec = parsed.commandSpec();
    if (!(spec.userObject() instanceof Leaf leaf)) {
      spec.commandLine().usage(err, CommandLine.Help.Ansi.OFF);
      return CliCode.USAGE.kind().exitCode();
    }
    return run(leaf, new Arguments(parsed), settings, out, err);
  }

  private static int run(
      Leaf leaf, Arguments arguments, Settings settings, PrintStream out, PrintStream err) {
    var console = new Console(out, err, Console.Format.JSON, false);
    var trace = settings.get(Settings.TERROIR_TRACE).map("1"::equals).orElse(false);
    try (var progress =
        new ConsoleProgress(
            err,
            System.console() != null
                && System.console().isTerminal()
                && settings.get("NO_COLOR").isEmpty()
                && !settings.get("TERM").orElse("").equals("dumb"),
            arguments.has("--verbose"),
            arguments.has("--quiet"))) {
      try (var context = context(arguments, settings, progress, out, err)) {
        return leaf.action().run(arguments, context);
      } catch (TerroirException e) {
        progress.end();
        return console.problems(e, trace);
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        progress.end();
        err.println(
            Problem.of(CliCode.INTERNAL_ERROR, "Terroir met something that it does not expect")
                .because(String.valueOf(e))
                .hint("please report it with the lines below and what you did")
                .render());
        e.printStackTrace(err);
        return CliCode.INTERNAL_ERROR.kind().exitCode();
      }
    }
  }

  private static Context context(
      Arguments arguments,
      Settings settings,
      ConsoleProgress progress,
      PrintStream out,
      PrintStream err) {
    var output = arguments.optional("--output");
    var format =
        switch (output.orElse("json")) {
          case "json" -> Console.Format.JSON;
          case "table" -> Console.Format.TABLE;
          default ->
              throw CliException.usage(
                  "`" + output.orElseThrow() + "` is no format of output",
                  "write `--output json` or `--output table`");
        };
    return new Context(
        settings,
        new Console(out, err, format, output.isPresent()),
        progress,
        arguments.orNull("--workspace"),
        arguments.path("--path").orElse(Path.of("")).toAbsolutePath().normalize());
  }

  private static Problem usageProblem(CommandLine.ParameterException e) {
    var name = e.getCommandLine().getCommandSpec().qualifiedName();
    var problem = Problem.of(CliCode.USAGE, String.valueOf(e.getMessage()));
    if (e instanceof CommandLine.UnmatchedArgumentException unmatched) {
      for (var suggestion : unmatched.getSuggestions()) {
        problem = problem.hint("did you mean `" + suggestion + "`?");
      }
    }
    return problem.hint("`" + name + " --help` shows what it takes");
  }
}

package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.prefix.kernel.KernelSpec;
import java.util.List;

/// `terroir kernel …`.
///
/// @since 0.1
public final class KernelCommands {
  private KernelCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "install",
            "Offer an environment to Jupyter as a kernel.",
            "terroir kernel install -n demo",
            Environments.OPTIONS,
            "",
            KernelCommands::install));
  }

  private static int install(Arguments arguments, Context context) {
    var environment = Environments.chosen(arguments, context);
    var ready =
        context
            .workspace()
            .realise(environment, Environments.lockOptions(arguments, false), context.progress());
    var lock =
        ready
            .lock()
            .orElseThrow(() ->
                CliException.usage(
                    "a user-managed environment installs its kernel by itself",
                    "run `python -m ipykernel install --user` with its interpreter"));
    var directory =
        KernelSpec.install(
            environment.name(),
            lock,
            ready.python(),
            environment.environmentVariables(),
            context.settings());
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", environment.name())
                .put("directory", directory.toString())
                .build(),
            "name",
            "directory");
    return 0;
  }
}

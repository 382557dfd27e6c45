package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.workspace.Workspace;
import java.nio.file.Path;
import java.util.List;

/// Which environment a command is about: `-d DIR`, or `-n NAME [-v V]`.
///
/// @since 0.1
public final class Environments {
  /// The options that say it.
  public static final List<Leaf.Option> OPTIONS =
      List.of(
          Leaf.Option.value("-d --directory", "DIR", "A saved environment directory."),
          Leaf.Option.value("-n --name", "NAME", "A registered environment."),
          Leaf.Option.value("-v --version", "V", "Its version; the latest when left out."),
          Leaf.Option.value("--label", "LABEL", "Its label instead of a version."));

  private Environments() {}

  /// The environment that is meant.
  public static Environment chosen(Arguments arguments, Context context) {
    var directory = arguments.path("--directory");
    if (directory.isPresent()) {
      return SavedDirectory.load(directory.get(), context.progress()::warn);
    }
    var name = arguments.optional("--name");
    if (name.isPresent()) {
      return context
          .workspace()
          .environments()
          .get(name.get(), arguments.orNull("--version"), arguments.orNull("--label"))
          .environment();
    }
    throw CliException.usage(
        "no environment is named",
        "give a saved directory with -d DIR, or a registered name with -n NAME");
  }

  /// An environment written as `NAME[:VERSION]`, or a saved directory.
  public static Environment parse(String text, Context context) {
    if (java.nio.file.Files.isDirectory(Path.of(text))) {
      return SavedDirectory.load(Path.of(text), context.progress()::warn);
    }
    var colon = text.indexOf(':');
    return context
        .workspace()
        .environments()
        .get(
            colon < 0 ? text : text.substring(0, colon),
            colon < 0 ? null : text.substring(colon + 1),
            null)
        .environment();
  }

  /// How to lock what is meant.
  public static Workspace.LockOptions lockOptions(Arguments arguments, boolean update) {
    return new Workspace.LockOptions(
        arguments.optional("--platform").map(Platform::parse).orElse(Platform.current()),
        arguments.orNull("--python"),
        update,
        arguments.path("--directory").orElse(Path.of("")).toAbsolutePath(),
        arguments.all("--virtual-package"));
  }
}

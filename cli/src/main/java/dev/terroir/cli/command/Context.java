package dev.terroir.cli.command;

import dev.terroir.cli.console.Console;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.config.WorkspaceConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What a command works with. For one command.
///
/// @since 0.1
public final class Context implements AutoCloseable {
  private final Settings settings;
  private final Console console;
  private final Progress progress;
  private final @Nullable Path workspaceDirectory;
  private final Path project;
  private @Nullable Workspace workspace;

  /// @param workspaceDirectory what `--workspace` names, or null
  /// @param project what `--path` names, else the current directory
  public Context(
      Settings settings,
      Console console,
      Progress progress,
      @Nullable Path workspaceDirectory,
      Path project) {
    this.settings = settings;
    this.console = console;
    this.progress = progress;
    this.workspaceDirectory = workspaceDirectory;
    this.project = project;
  }

  /// The process environment.
  public Settings settings() {
    return settings;
  }

  /// Where results go.
  public Console console() {
    return console;
  }

  /// Where long work tells how far it is.
  public Progress progress() {
    return progress;
  }

  /// The directory that the command works for.
  public Path project() {
    return project;
  }

  /// The workspace: what `--workspace` names (a directory, or the name of one in Terroir's home),
  /// else `TERROIR_WORKSPACE`, else what config.json names, else the user's default one, made on
  /// first use.
  public Workspace workspace() {
    var open = workspace;
    if (open == null) {
      open = open();
      workspace = open;
    }
    return open;
  }

  private Workspace open() {
    var given = workspaceDirectory;
    if (given == null) {
      given = settings.get(Settings.TERROIR_WORKSPACE).map(Path::of).orElse(null);
    }
    if (given != null) {
      var named = dev.terroir.foundation.home.TerroirHome.of(settings).workspaces().resolve(given);
      return Workspace.open(
          !Files.exists(given) && Files.exists(named) ? named : given, settings, progress);
    }
    var config = WorkspaceConfig.search(project);
    return config.isPresent()
        ? Workspace.of(config.get(), settings, progress)
        : Workspace.create(Workspace.DEFAULT_NAME, null, true, settings, progress);
  }

  @Override
  public void close() {
    var open = workspace;
    if (open != null) {
      open.close();
    }
  }
}

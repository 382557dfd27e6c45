package dev.terroir.cli.command;

import dev.terroir.cli.console.Console;
import dev.terroir.client.ClientException;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.compute.LocalRuns;
import dev.terroir.compute.Runs;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.LocalModels;
import dev.terroir.serving.LocalServices;
import dev.terroir.serving.ScoringServices;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.LocalTokens;
import dev.terroir.workspace.accounts.TokenRegistry;
import dev.terroir.workspace.config.WorkspaceConfig;
import dev.terroir.workspace.models.Models;
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
  private final @Nullable String workspaceName;
  private final Path project;
  private @Nullable Workspace workspace;

  /// @param workspaceName what `--workspace` names, or null
  /// @param project what `--path` names, else the current directory
  public Context(
      Settings settings,
      Console console,
      Progress progress,
      @Nullable String workspaceName,
      Path project) {
    this.settings = settings;
    this.console = console;
    this.progress = progress;
    this.workspaceName = workspaceName;
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

  /// The workspace: what `--workspace` names (a directory, the name of one in Terroir's home, or
  /// the address of a server), else `TERROIR_WORKSPACE`, else what config.json names, else the
  /// user's default one, made on first use.
  public Workspace workspace() {
    var open = workspace;
    if (open == null) {
      open = open();
      workspace = open;
    }
    return open;
  }

  /// The same for what only a workspace on this machine can do.
  ///
  /// @param what a sentence for one on a server, such as `the images of a server are not its
  ///   callers' files`
  /// @param hint what to use instead
  /// @throws ClientException code `not-over-http`
  public LocalWorkspace local(String what, String hint) {
    if (workspace() instanceof LocalWorkspace local) {
      return local;
    }
    throw ClientException.notOverHttp(what, hint);
  }

  /// The runs of the workspace.
  public Runs runs() {
    return workspace() instanceof LocalWorkspace local ? new LocalRuns(local) : remote().runs();
  }

  /// The models of the workspace.
  public Models models() {
    return workspace() instanceof LocalWorkspace local ? new LocalModels(local) : remote().models();
  }

  /// The scoring services of the workspace.
  public ScoringServices services() {
    return workspace() instanceof LocalWorkspace local
        ? new LocalServices(local)
        : remote().services();
  }

  /// The tokens of the workspace's server.
  public TokenRegistry tokens() {
    return workspace() instanceof LocalWorkspace local
        ? new LocalTokens(
            local.database(), local.clock(), "command line: " + System.getProperty("user.name"))
        : remote().tokens();
  }

  private RemoteWorkspace remote() {
    return (RemoteWorkspace) workspace();
  }

  // Nothing of the client is loaded unless a server is named: commands on this machine begin fast.
  private Workspace open() {
    var given = workspaceName;
    if (given == null) {
      given = settings.get(Settings.TERROIR_WORKSPACE).orElse(null);
    }
    if (given != null) {
      if (given.contains("://")) {
        return RemoteWorkspace.open(given, settings, progress);
      }
      var path = Path.of(given);
      var named = TerroirHome.of(settings).workspaces().resolve(path);
      return Workspace.open(
          !Files.exists(path) && Files.exists(named) ? named : path, settings, progress);
    }
    var config = WorkspaceConfig.search(project);
    if (config.isPresent()) {
      var endpoint = config.get().endpoint();
      return endpoint == null
          ? Workspace.of(config.get(), settings, progress)
          : RemoteWorkspace.open(endpoint, settings, progress);
    }
    return Workspace.create(Workspace.DEFAULT_NAME, null, true, settings, progress);
  }

  @Override
  public void close() {
    var open = workspace;
    if (open != null) {
      open.close();
    }
  }
}

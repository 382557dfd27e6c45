package dev.terroir.server.work;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.registry.AuthFile;
import dev.terroir.image.registry.CredentialFiles;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerFiles;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/// Gives jobs the credentials of the secret store, where the tools look for credentials: a netrc
/// for indexes and channels (`index/HOST`), an auth.json for registries (`registry/HOST`), each
/// secret `user:password`. The files are their owner's alone and there only while the job is.
public final class JobCredentials {
  private static final String INDEX = "index/";
  private static final String REGISTRY = "registry/";

  private final ServerContext context;

  /// @param context of the server
  public JobCredentials(ServerContext context) {
    this.context = context;
  }

  /// A workspace that a job works with.
  ///
  /// @param workspace closed with it
  /// @param folder of the files, deleted with it
  public record Work(LocalWorkspace workspace, Path folder) implements AutoCloseable {
    @Override
    public void close() {
      workspace.close();
      Trees.delete(folder);
    }
  }

  /// Opens one.
  ///
  /// @param progress sees what tools print
  public Work open(Progress progress) {
    try {
      Files.createDirectories(context.directory());
      var folder =
          Files.createTempDirectory(
              context.directory(),
              ".job-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try {
        var settings = withRegistries(withIndexes(context.settings(), folder), folder);
        return new Work(
            Workspace.open(context.workspace().directory(), settings, progress), folder);
      } catch (RuntimeException e) {
        Trees.delete(folder);
        throw e;
      }
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "the credentials of a job cannot be laid down", context.directory(), e);
    }
  }

  private Settings withIndexes(Settings settings, Path folder) throws IOException {
    var lines = new StringBuilder();
    for (var secret : context.secrets().list()) {
      if (secret.name().startsWith(INDEX)) {
        line(
            lines,
            secret.name().substring(INDEX.length()),
            context.secrets().get(secret.name()).orElse(""));
      }
    }
    // Private wheels are fetched from the server itself.
    var token = new ServerFiles(context.workspace().directory()).token();
    if (Files.exists(token)) {
      line(
          lines,
          URI.create(context.url().get()).getHost(),
          "terroir:" + Files.readString(token).strip());
    }
    if (lines.isEmpty()) {
      return settings;
    }
    var given =
        settings
            .get("NETRC")
            .map(Path::of)
            .or(() -> settings.get("HOME").map(home -> Path.of(home, ".netrc")));
    if (given.isPresent() && Files.isReadable(given.get())) {
      lines.append(Files.readString(given.get()));
    }
    var file = folder.resolve("netrc");
    AtomicFiles.writePrivate(file, lines.toString());
    return settings.with("NETRC", file.toString());
  }

  private static void line(StringBuilder lines, String host, String secret) {
    var colon = secret.indexOf(':');
    if (colon > 0 && !secret.matches("(?s).*\\s.*")) {
      lines
          .append("machine ")
          .append(host)
          .append(" login ")
          .append(secret, 0, colon)
          .append(" password ")
          .append(secret.substring(colon + 1))
          .append('\n');
    }
  }

  private Settings withRegistries(Settings settings, Path folder) {
    var secrets =
        context.secrets().list().stream()
            .map(secret -> secret.name())
            .filter(name -> name.startsWith(REGISTRY))
            .toList();
    if (secrets.isEmpty()) {
      return settings;
    }
    // A file that is named stands alone, so that the logins of the server's user go into it.
    var home = settings.get("HOME").orElse(System.getProperty("user.home"));
    var joined = AuthFile.of(new CredentialFiles(settings, Path.of(home)).files());
    for (var name : secrets) {
      joined.put(name.substring(REGISTRY.length()), context.secrets().get(name).orElse(""));
    }
    var file = folder.resolve("auth.json");
    AtomicFiles.writePrivate(file, joined.text());
    return settings.with("REGISTRY_AUTH_FILE", file.toString());
  }
}

package dev.terroir.server;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// By what clients on this machine find the server of a workspace: `server/server.json` and
/// `server/token` below its folder, and the lock that one server has.
///
/// @since 0.1
public final class ServerFiles {
  private final Path directory;

  /// @param workspace the workspace's folder
  public ServerFiles(Path workspace) {
    this.directory = workspace.resolve("server");
  }

  /// The folder.
  public Path directory() {
    return directory;
  }

  /// The file with the token, readable by its owner only.
  public Path token() {
    return directory.resolve("token");
  }

  /// The file that says where the server is.
  public Path description() {
    return directory.resolve("server.json");
  }

  /// Takes the place of the workspace's server, if it is free.
  public @Nullable ProcessLock tryLock() {
    return ProcessLock.tryAcquire(directory.resolve("server.lock"));
  }

  /// The lock of those who start a server.
  public Path startLock() {
    return directory.resolve("start.lock");
  }

  /// What a server says of itself.
  public Optional<JsonObject> read() {
    try {
      return Files.exists(description())
          ? Optional.of(JsonReader.readObject(description()))
          : Optional.empty();
    } catch (FoundationException e) {
      // It went between the two looks.
      return Optional.empty();
    }
  }

  /// Says where the server is.
  void write(String url, String secret, String version) {
    AtomicFiles.writePrivate(token(), secret + "\n");
    var self = ProcessHandle.current();
    AtomicFiles.write(
        description(),
        JsonWriter.indented(
                JsonObject.builder()
                    .put("url", url)
                    .put("pid", self.pid())
                    .put("startTime", self.info().startInstant().map(Object::toString).orElse(null))
                    .put("version", version)
                    .build(),
                2)
            + "\n");
  }

  /// Takes both files away.
  void remove() {
    try {
      Files.deleteIfExists(description());
      Files.deleteIfExists(token());
    } catch (IOException e) {
      throw FoundationException.ofFile("the server's file cannot be deleted", directory, e);
    }
  }

  /// Why a second server is refused.
  ServerException taken() {
    var problem =
        Problem.of(ServerCode.SERVER_RUNNING, "another server has this workspace")
            .at(Place.file(directory));
    var first = read();
    if (first.isPresent()) {
      problem =
          problem.because(
              "it is at "
                  + first.get().optionalString("url").orElse("?")
                  + ", process "
                  + first.get().optionalLong("pid").orElse(0L));
    }
    return new ServerException(
        problem.hint(
            "use that one, end it first, or keep the records in PostgreSQL, which several servers"
                + " may share"));
  }
}

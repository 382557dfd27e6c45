package dev.terroir.server.environments;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.resolve.artifact.KeptWheels;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// Private wheels of a workspace, by their file names.
///
/// @since 0.1
public final class WheelResource implements Resource {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final ServerContext context;
  private final Path folder;

  /// @param context of the server
  public WheelResource(ServerContext context) {
    this.context = context;
    this.folder = context.workspace().directory().resolve("wheels");
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "addPrivateWheel", Guarded.contributor(this::add),
        "getPrivateWheel", Guarded.reader(this::get));
  }

  private static String name(Request request) {
    var name = request.path("file");
    if (name.contains("/")
        || !name.matches("[A-Za-z0-9][A-Za-z0-9._+!-]*")
        || WheelFileName.parse(name).isEmpty()) {
      throw ServerException.of(
          ServerCode.INVALID_PATH,
          "`" + name + "` is no file name of a wheel",
          "a wheel's name is NAME-VERSION-PYTHON-ABI-PLATFORM.whl");
    }
    return name;
  }

  private Answer add(Request request) {
    var name = name(request);
    var target = folder.resolve(name);
    var temporary = AtomicFiles.temporaryBeside(target);
    try {
      AtomicFiles.write(temporary, out -> request.body().transferTo(out));
      check(temporary, name);
      try (var _ = ProcessLock.acquire(folder.resolve("wheels.lock"), PATIENCE)) {
        var isOther = Files.exists(target) && !Sha256.of(target).equals(Sha256.of(temporary));
        if (isOther && !request.flag("overwrite")) {
          throw ServerException.of(
              ServerCode.WHEEL_REFUSED,
              "another wheel is kept as `" + name + "`",
              "give the wheel another version, or send it with `overwrite=true`");
        }
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the wheel cannot be kept", folder, e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // Swept later.
      }
    }
    context.audit(request, "wheel.add", name);
    return Answer.json(200, JsonObject.builder().put("url", url(target)).build());
  }

  /// What goes into a pip section: a file on this machine when the server serves it alone.
  private String url(Path file) {
    if (context.isOnDemand()) {
      return file.toUri().toString();
    }
    return context.url().get()
        + "/api/v1/wheels/"
        + URLEncoder.encode(String.valueOf(file.getFileName()), StandardCharsets.UTF_8);
  }

  private static void check(Path file, String name) throws IOException {
    try (var zip = new ZipFile(file.toFile())) {
      var hasMetadata =
          zip.stream().anyMatch(entry -> entry.getName().matches("[^/]+\\.dist-info/METADATA"));
      if (!hasMetadata) {
        throw ServerException.of(
            ServerCode.WHEEL_REFUSED,
            "`" + name + "` is an archive, but no wheel: it has no `.dist-info/METADATA`");
      }
    } catch (ZipException e) {
      throw new ServerException(
          dev.terroir.foundation.problem.Problem.of(
                  ServerCode.WHEEL_REFUSED, "`" + name + "` is no archive of a wheel")
              .because(String.valueOf(e.getMessage())),
          e);
    }
  }

  private Answer get(Request request) {
    var name = name(request);
    var sha256 = request.query("sha256");
    if (sha256.isPresent()) {
      return new KeptWheels(folder.resolve("sha256"))
          .find(sha256.get(), name)
          .map(Answer::file)
          .orElseThrow(() ->
              ServerException.of(
                  ServerCode.WHEEL_NOT_FOUND,
                  "no wheel `" + name + "` of SHA-256 " + sha256.get() + " is kept"));
    }
    var file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw ServerException.of(
          ServerCode.WHEEL_NOT_FOUND, "no wheel `" + file.getFileName() + "` is kept");
    }
    return Answer.file(file);
  }
}

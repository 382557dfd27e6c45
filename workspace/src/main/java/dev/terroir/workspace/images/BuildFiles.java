package dev.terroir.workspace.images;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// The files of one build: `<id>/build.log`, whose lines begin with the time, and
/// `<id>/status.json`. `current` beside them names the newest one.
final class BuildFiles implements AutoCloseable {
  private final Path directory;
  private final String wish;
  private final Clock clock;
  private final Writer log;

  private BuildFiles(Path directory, String wish, Clock clock, Writer log) {
    this.directory = directory;
    this.wish = wish;
    this.clock = clock;
    this.log = log;
  }

  /// @param wish what is built of the definition
  static BuildFiles begin(Path folder, String wish, Clock clock) {
    var id =
        clock.instant().truncatedTo(ChronoUnit.SECONDS).toString().replace(":", "")
            + "_"
            + UUID.randomUUID().toString().substring(0, 8);
    var directory = folder.resolve(id);
    try {
      Files.createDirectories(directory);
      var files =
          new BuildFiles(
              directory, wish, clock, Files.newBufferedWriter(directory.resolve("build.log")));
      files.status(JsonObject.builder().put("status", "Running"));
      AtomicFiles.write(folder.resolve("current"), id + "\n");
      return files;
    } catch (IOException e) {
      throw FoundationException.ofFile("the build's log cannot be written", directory, e);
    }
  }

  /// What a reader sees of a build.
  ///
  /// @param directory of its files
  record Attempt(Path directory) {
    Path log() {
      return directory.resolve("build.log");
    }

    boolean isFinal() {
      var file = directory.resolve("status.json");
      return Files.isRegularFile(file)
          && !JsonReader.readObject(file).string("status").equals("Running");
    }

    /// Hands on the lines that came since.
    ///
    /// @param from position in the file
    /// @return the position after the last whole line
    long show(long from, Consumer<String> lines) {
      if (!Files.exists(log())) {
        return from;
      }
      try (var file = new RandomAccessFile(log().toFile(), "r")) {
        var bytes = new byte[(int) Math.min(1 << 20, Math.max(0, file.length() - from))];
        file.seek(from);
        file.readFully(bytes);
        var end = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf('\n') + 1;
        new String(bytes, 0, end, StandardCharsets.UTF_8).lines().forEach(lines);
        return from + end;
      } catch (IOException e) {
        throw FoundationException.ofFile("the build's log cannot be read", log(), e);
      }
    }
  }

  static Optional<Attempt> current(Path folder) {
    var pointer = folder.resolve("current");
    try {
      return Files.isRegularFile(pointer)
          ? Optional.of(new Attempt(folder.resolve(Files.readString(pointer).strip())))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /// What a build came to; empty when it was canceled or killed, or failed at what this wish, or
  /// this wish by now, may not meet.
  ///
  /// @param wish of whom the result is for
  /// @throws ImageException when it failed, and would again
  static Optional<Recorded> result(Attempt attempt, String wish) {
    var json = JsonReader.readObject(attempt.directory().resolve("status.json"));
    return switch (json.string("status")) {
      case "Succeeded" -> Optional.of(Recorded.of(json.object("image")));
      case "Failed" -> {
        if (!json.optionalString("wish").equals(Optional.of(wish))
            || !json.optionalBoolean("lasts").orElse(false)) {
          yield Optional.empty();
        }
        var problem =
            Problem.of(ImageCode.IMAGE_BUILD_FAILED, "the image could not be built")
                .because(json.string("what"));
        for (var why : json.strings("why")) {
          problem = problem.because(why);
        }
        for (var hint : json.strings("hints")) {
          problem = problem.hint(hint);
        }
        throw new ImageException(problem);
      }
      default -> Optional.empty();
    };
  }

  Path log() {
    return directory.resolve("build.log");
  }

  void succeeded(Recorded image) {
    status(JsonObject.builder().put("status", "Succeeded").put("image", image.toJson()));
  }

  void failed(Problem problem) {
    keep("error: " + problem.what());
    status(
        JsonObject.builder()
            .put("status", "Failed")
            .put("code", problem.code().id())
            .put("lasts", lasts(problem))
            .put("what", problem.what())
            .put("why", problem.why())
            .put("hints", problem.hints()));
  }

  /// Whether the same wish fails again: what this machine or a network lacked may be there in the
  /// next moment, or for another user.
  private static boolean lasts(Problem problem) {
    return switch (problem.code().kind()) {
      case REQUEST, UNSOLVABLE, FAILED -> true;
      case SURROUNDINGS, CANCELED, BUG -> false;
    };
  }

  void canceled() {
    keep("canceled");
    status(JsonObject.builder().put("status", "Canceled"));
  }

  private void status(JsonObject.Builder status) {
    AtomicFiles.write(
        directory.resolve("status.json"),
        JsonWriter.indented(status.put("wish", wish).build(), 2) + "\n");
  }

  private synchronized void keep(String line) {
    try {
      log.write(clock.instant().truncatedTo(ChronoUnit.MILLIS) + " " + line + "\n");
      log.flush();
    } catch (IOException e) {
      throw FoundationException.ofFile("the build's log cannot be written", log(), e);
    }
  }

  /// Shows progress and keeps it in the log.
  Progress logged(Progress progress) {
    return progress.keeping(this::keep);
  }

  @Override
  public void close() {
    try {
      log.close();
    } catch (IOException e) {
      throw FoundationException.ofFile("the build's log cannot be written", log(), e);
    }
  }
}

package dev.terroir.workspace.images;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.build.BuiltImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The images of a workspace, by definition hash. The newest build of a definition is its image;
/// older ones stay listed.
///
/// Layout: `<hash>/<platform>.json` is the current image, `<hash>/history/<platform>-<number>.json`
/// every one there was, numbered from 1; the number is also the image's tag. Safe for any number of
/// processes.
///
/// @since 0.1
public final class ImageRecords {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Path directory;
  private final Clock clock;

  /// @param directory the workspace's `images`
  /// @param clock tells when an image was built
  public ImageRecords(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /// An image that is remembered.
  ///
  /// @param image what it is
  /// @param number of the build, from 1; also a tag of the image
  /// @param createdAt when it was built, ISO 8601 in UTC
  /// @param isOnDefaultBase whether nobody chose its base
  public record Recorded(BuiltImage image, long number, String createdAt, boolean isOnDefaultBase) {
    /// As it is stored and shown.
    public JsonObject toJson() {
      return image.toJson().toBuilder()
          .put("number", number)
          .put("createdAt", createdAt)
          .put("isOnDefaultBase", isOnDefaultBase)
          .build();
    }

    /// Reads what [#toJson] writes.
    public static Recorded of(JsonObject json) {
      return new Recorded(
          BuiltImage.of(json),
          json.longValue("number"),
          json.string("createdAt"),
          json.optionalBoolean("isOnDefaultBase").orElse(false));
    }
  }

  /// Where the files of a definition's images lie.
  public Path directory(String hash) {
    return directory.resolve(hash);
  }

  /// The image of a definition.
  public Optional<Recorded> find(String hash, Platform platform) {
    var file = file(hash, platform);
    return Files.isRegularFile(file)
        ? Optional.of(Recorded.of(JsonReader.readObject(file)))
        : Optional.empty();
  }

  /// Remembers an image as the current one of its definition. The same image again gets no new
  /// number.
  ///
  /// @param isOnDefaultBase whether nobody chose its base
  public Recorded add(BuiltImage image, boolean isOnDefaultBase) {
    var hash = image.definitionHash();
    try (var _ = ProcessLock.acquire(directory(hash).resolve("records.lock"), PATIENCE)) {
      var before = find(hash, image.platform());
      if (before.isPresent() && before.get().image().equals(image)) {
        return before.get();
      }
      var history = history(hash, image.platform());
      var number = history.isEmpty() ? 1 : history.getLast().number() + 1;
      var recorded =
          new Recorded(
              image,
              number,
              clock.instant().truncatedTo(ChronoUnit.MILLIS).toString(),
              isOnDefaultBase);
      var text = JsonWriter.indented(recorded.toJson(), 2) + "\n";
      AtomicFiles.write(
          directory(hash)
              .resolve("history")
              .resolve(word(image.platform()) + "-" + number + ".json"),
          text);
      AtomicFiles.write(file(hash, image.platform()), text);
      return recorded;
    }
  }

  /// Every image that a definition ever had on a platform, oldest first.
  public List<Recorded> history(String hash, Platform platform) {
    var folder = directory(hash).resolve("history");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    var found = new ArrayList<Recorded>();
    try (var files = Files.newDirectoryStream(folder, word(platform) + "-*.json")) {
      for (var file : files) {
        found.add(Recorded.of(JsonReader.readObject(file)));
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the images cannot be listed", folder, e);
    }
    found.sort(java.util.Comparator.comparingLong(Recorded::number));
    return List.copyOf(found);
  }

  /// The repositories of the images that were built last, the newest first.
  ///
  /// @param limit of their number
  public List<String> recent(int limit) {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var folders = Files.list(directory)) {
      return folders
          .map(folder -> folder.resolve("history"))
          .filter(Files::isDirectory)
          .sorted(java.util.Comparator.comparing(ImageRecords::changed).reversed())
          .limit(limit)
          .map(history ->
              DefinitionImages.repositoryOf(
                  String.valueOf(directory.relativize(history).getName(0))))
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the images cannot be listed", directory, e);
    }
  }

  private static FileTime changed(Path folder) {
    try {
      return Files.getLastModifiedTime(folder);
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }

  private Path file(String hash, Platform platform) {
    return directory(hash).resolve(word(platform) + ".json");
  }

  private static String word(Platform platform) {
    return platform.toString().replace('/', '-');
  }
}

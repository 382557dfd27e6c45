package dev.terroir.server.data;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Pages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.SortedMap;

/// Lists of files by name.
///
/// @since 0.1
public final class FileLists {
  private FileLists() {}

  /// Name, size and time of each.
  public static Answer of(SortedMap<String, Path> files) {
    var items = new ArrayList<JsonValue>();
    files.forEach((name, file) -> {
      try {
        items.add(
            JsonObject.builder()
                .put("name", name)
                .put("size", Files.size(file))
                .put("modifiedAt", Files.getLastModifiedTime(file).toInstant().toString())
                .build());
      } catch (NoSuchFileException e) {
        // It was deleted meanwhile.
      } catch (IOException e) {
        throw FoundationException.ofFile("the file cannot be listed", file, e);
      }
    });
    return Pages.all(items, item -> item);
  }
}

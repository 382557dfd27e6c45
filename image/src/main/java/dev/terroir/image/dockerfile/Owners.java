package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Whom `--chown` names.
///
/// @param uid the user's number
/// @param gid the group's number
record Owners(int uid, int gid) {
  static final Owners ROOT = new Owners(0, 0);

  /// More than the file of any machine; in bytes.
  private static final int MAX_BYTES = 4 << 20;

  /// Reads `user[:group]`; names are looked up in the image's own files.
  static Owners of(String text, FileTree files, Step step) {
    var colon = text.indexOf(':');
    var user = colon < 0 ? text : text.substring(0, colon);
    var group = colon < 0 ? "" : text.substring(colon + 1);
    int uid;
    int gid;
    if (isNumber(user)) {
      uid = Integer.parseInt(user);
      gid = uid;
    } else {
      var fields = line(files, "etc/passwd", user, 4, step);
      uid = Integer.parseInt(fields.get(2));
      gid = Integer.parseInt(fields.get(3));
    }
    if (!group.isEmpty()) {
      gid =
          isNumber(group)
              ? Integer.parseInt(group)
              : Integer.parseInt(line(files, "etc/group", group, 3, step).get(2));
    }
    return new Owners(uid, gid);
  }

  private static boolean isNumber(String text) {
    return text.matches("[0-9]{1,9}");
  }

  private static List<String> line(
      FileTree files, String path, String name, int fields, Step step) {
    try {
      var entry = files.find(files.resolve(path, true));
      if (entry.isPresent() && entry.get().type() == FileTree.Type.FILE) {
        try (var in = files.open(entry.get())) {
          Optional<List<String>> found =
              new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8)
                  .lines()
                  .map(line -> List.of(line.split(":", -1)))
                  .filter(line -> line.size() >= fields && line.getFirst().equals(name))
                  .filter(line -> line.subList(2, fields).stream().allMatch(Owners::isNumber))
                  .findFirst();
          if (found.isPresent()) {
            return found.get();
          }
        }
      }
    } catch (IOException e) {
      throw new ImageException(
          Problem.of(ImageCode.IMAGE_BUILD_FAILED, "`/" + path + "` of the image cannot be read")
              .at(step.place())
              .because(String.valueOf(e.getMessage())),
          e);
    }
    throw new ImageException(
        Problem.of(
                ImageCode.IMAGE_BUILD_FAILED, "`/" + path + "` of the image has no `" + name + "`")
            .at(step.place())
            .hint("use the number instead of the name"));
  }
}

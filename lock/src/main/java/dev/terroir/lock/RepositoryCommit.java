package dev.terroir.lock;

import dev.terroir.foundation.web.Percent;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A commit of a repository of git of which a lock holds the wheel: anybody who may read the
/// repository can build it again. Immutable.
///
/// Spec: Python packaging, "Direct URL Data Structure", VCS URLs; pip, "VCS Support".
///
/// @param url of the repository as git takes it, without credentials; of a scheme that pip takes,
///   for git runs programs for others
/// @param commit all 40 or 64 hex digits of it
/// @param subdirectory where the project lies in it, or null for its root
/// @since 0.1
public record RepositoryCommit(String url, String commit, @Nullable String subdirectory) {
  private static final Pattern DIRECT =
      Pattern.compile(
          "git\\+((?:https?|ssh|git|file)://[^#]+)@([0-9a-f]{40}|[0-9a-f]{64})(?:#subdirectory=([^&#]+))?");
  private static final Pattern PIXI =
      Pattern.compile(
          "git\\+((?:https?|ssh|git|file)://[^?#]+)(?:\\?([^#]*))?#([0-9a-f]{40}|[0-9a-f]{64})");

  /// Reads what [#directUrl] writes.
  public static Optional<RepositoryCommit> parse(String directUrl) {
    var found = DIRECT.matcher(directUrl);
    return found.matches()
        ? Optional.of(
            new RepositoryCommit(
                found.group(1),
                found.group(2),
                found.group(3) == null ? null : Percent.decoded(found.group(3))))
        : Optional.empty();
  }

  /// Reads a location of a pixi.lock, `git+URL?rev=NAME&subdirectory=DIR#COMMIT`.
  public static Optional<RepositoryCommit> parsePixi(String location) {
    var found = PIXI.matcher(location);
    if (!found.matches()) {
      return Optional.empty();
    }
    String subdirectory = null;
    for (var part : found.group(2) == null ? new String[0] : found.group(2).split("&")) {
      if (part.startsWith("subdirectory=")) {
        subdirectory = Percent.decoded(part.substring("subdirectory=".length()));
      }
    }
    return Optional.of(new RepositoryCommit(found.group(1), found.group(3), subdirectory));
  }

  /// How pip and uv write it: `git+URL@COMMIT#subdirectory=DIR`.
  public String directUrl() {
    return "git+"
        + url
        + "@"
        + commit
        + (subdirectory == null ? "" : "#subdirectory=" + encoded(subdirectory));
  }

  /// How pixi writes it.
  public String pixiLocation() {
    return "git+"
        + url
        + "?"
        + (subdirectory == null ? "" : "subdirectory=" + encoded(subdirectory) + "&")
        + "rev="
        + commit
        + "#"
        + commit;
  }

  private static String encoded(String path) {
    return URLEncoder.encode(path, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
  }
}

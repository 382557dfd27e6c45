package dev.terroir.image.archive;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How archives are refused, of whatever format: code `invalid-archive`.
///
/// @since 0.1
public final class ArchiveRefusal {
  private ArchiveRefusal() {}

  /// A failure of an archive.
  ///
  /// @param source how messages name it
  /// @param member the member it is about, or null for the whole archive
  /// @param why one sentence without full stop
  public static ImageException of(String source, @Nullable String member, String why) {
    var problem = Problem.of(ImageCode.INVALID_ARCHIVE, "the archive `" + source + "` is refused");
    return new ImageException(
        (member == null ? problem : problem.at(Place.of("member `" + printable(member) + "`")))
            .because(why)
            .hint("fetch it anew; if it stays so, pin a version whose archive is sound"));
  }

  private static String printable(String name) {
    var out = new StringBuilder();
    name.codePoints()
        .limit(200)
        .forEach(point -> {
          if (Character.isISOControl(point)) {
            out.append(String.format(Locale.ROOT, "\\x%02x", point));
          } else {
            out.appendCodePoint(point);
          }
        });
    return out.toString();
  }
}

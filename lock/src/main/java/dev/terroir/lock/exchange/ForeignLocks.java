package dev.terroir.lock.exchange;

import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Reads and writes the locks of other tools. What a file is, its content says, not its name.
///
/// @since 0.1
public final class ForeignLocks {
  private ForeignLocks() {}

  /// Reads a file.
  ///
  /// @param warnings told what is left out, each with file and line
  /// @throws LockException code `foreign-lock`, with file and line
  public static LockDocument read(Path file, Consumer<String> warnings) {
    return parse(YamlReader.lockText(file), file.toString(), warnings);
  }

  /// Reads a text.
  ///
  /// @param source file name or other name of the text, for messages
  public static LockDocument parse(String text, String source, Consumer<String> warnings) {
    if (ExplicitText.isOne(text)) {
      return ExplicitText.read(text, source, warnings);
    }
    NoLock.check(text, source);
    var root =
        text.stripLeading().startsWith("{")
            ? JsonReader.parseObject(text, source)
            : YamlReader.parseLock(text, source);
    if (root.has("lockVersion")) {
      return MambaJsText.read(root);
    }
    var version = version(root, source);
    if (version > PixiText.NEWEST) {
      throw new LockException(
          Problem.of(
                  LockCode.FOREIGN_LOCK,
                  "the lock is of version "
                      + version
                      + ", and "
                      + PixiText.NEWEST
                      + " is the newest that can be read")
              .at(root.place("version"))
              .hint("write it with an older pixi, or export an explicit list from it"));
    }
    if (version >= 4) {
      return PixiText.read(root, version);
    }
    if (!root.has("package")) {
      throw NoLock.document(
          root, source, "it has a `version`, and neither `package` nor `environments`");
    }
    return CondaLockText.read(root, version);
  }

  private static long version(JsonObject root, String source) {
    var text = Fields.text(root, "version");
    if (text == null) {
      throw NoLock.document(root, source, "it has no `version`");
    }
    if (!text.matches("[0-9]{1,9}") || text.matches("0+")) {
      throw new LockException(
          Problem.of(LockCode.FOREIGN_LOCK, "`" + text + "` is no version of a lock")
              .at(root.place("version"))
              .because("conda-lock writes 1, pixi 4 to " + PixiText.NEWEST));
    }
    return Long.parseLong(text);
  }

  /// Writes a document in the format it was read from, so that reading it again gives the same.
  public static String write(LockDocument document) {
    return write(document, document.format());
  }

  /// Writes a document. In a format other than its own, what that format has no word for is left
  /// out.
  ///
  /// @throws LockException code `foreign-lock` when the format cannot hold it: several environments
  ///   in an explicit list, a package built of its source
  public static String write(LockDocument document, LockDocument.Format format) {
    return switch (format) {
      case EXPLICIT -> ExplicitText.write(document);
      case CONDA_LOCK -> CondaLockText.write(document);
      case PIXI -> PixiText.write(document);
      case MAMBAJS -> MambaJsText.write(document);
    };
  }
}

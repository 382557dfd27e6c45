package dev.terroir.image.conda;

import org.jspecify.annotations.Nullable;

/// One path of a conda package, as its `info/paths.json` or the older lists have it. Immutable.
///
/// @param path relative to the package, checked
/// @param kind what it is
/// @param sha256 64 hex digits of the content in the archive, or null where the list has none; of a
///   symbolic link it is the digest of what the link leads to, and says nothing
/// @param sizeBytes its size in the archive, or -1
/// @param placeholder the folder that it was built for and that installing replaces, or null
/// @param mode how the placeholder is replaced; null without one
/// @param isNoLink whether installers copy it instead of linking it
/// @since 0.1
public record PackagePath(
    String path,
    Kind kind,
    @Nullable String sha256,
    long sizeBytes,
    @Nullable String placeholder,
    PrefixReplacement.@Nullable Mode mode,
    boolean isNoLink) {

  /// What a path is.
  public enum Kind {
    /// A regular file, which the format calls `hardlink`.
    FILE("hardlink"),
    /// A symbolic link.
    LINK("softlink"),
    /// A folder.
    FOLDER("directory");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    /// The word of `paths.json`.
    public String word() {
      return word;
    }
  }

  /// A path of which nothing else is said.
  static PackagePath plain(String path, Kind kind) {
    return new PackagePath(path, kind, null, -1, null, null, false);
  }
}

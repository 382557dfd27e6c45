package dev.terroir.samples;

/// The two archive formats of conda packages.
///
/// @since 0.1
public enum CondaFormat {
  /// Version 2: a ZIP of two zstd tars.
  CONDA(".conda"),
  /// Version 1: one bzip2 tar.
  TAR_BZ2(".tar.bz2");

  private final String suffix;

  CondaFormat(String suffix) {
    this.suffix = suffix;
  }

  /// With its dot.
  public String suffix() {
    return suffix;
  }
}

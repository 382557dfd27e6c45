package dev.terroir.image.layer;

import dev.terroir.image.archive.ArchivePath;
import java.util.regex.Pattern;

/// What decides where a package's files lie and what their bytes are, beside the archive.
/// Immutable.
///
/// @param pythonVersion `major.minor`, or empty in an environment without Python
/// @param prefix the environment's folder in the image, such as `/opt/env`
/// @param bytecode whether modules are compiled
/// @param compression how the layer is compressed
/// @param sitePackages the folder of Python's packages, relative to the prefix
/// @since 0.1
public record Placement(
    String pythonVersion,
    String prefix,
    boolean bytecode,
    Compression compression,
    String sitePackages) {
  /// Where environments lie in every image, so that a package's layer serves all of them.
  public static final String PREFIX = "/opt/env";

  private static final Pattern VERSION = Pattern.compile("[1-9][0-9]?\\.[0-9]{1,3}");

  // Linux reads no more than 255 bytes of a script's first line, and splits it at blanks.
  private static final Pattern ABSOLUTE = Pattern.compile("(/[A-Za-z0-9_+.-]*[A-Za-z0-9_+-])+");
  private static final int MAX_PREFIX = 200;

  /// The same with the usual folder of packages.
  public Placement(String pythonVersion, String prefix, boolean bytecode, Compression compression) {
    this(pythonVersion, prefix, bytecode, compression, sitePackages(pythonVersion));
  }

  /// @throws IllegalArgumentException unless the texts have the form of what they are
  public Placement {
    if (!pythonVersion.isEmpty() && !VERSION.matcher(pythonVersion).matches()) {
      throw new IllegalArgumentException("`" + pythonVersion + "` is no `major.minor`");
    }
    if (ArchivePath.problem(sitePackages).isPresent()) {
      throw new IllegalArgumentException("`" + sitePackages + "` is no plain relative path");
    }
    if (!ABSOLUTE.matcher(prefix).matches() || prefix.length() > MAX_PREFIX) {
      throw new IllegalArgumentException("`" + prefix + "` is no plain absolute path");
    }
  }

  /// The interpreter that scripts name in their first line.
  public String interpreter() {
    return prefix + "/bin/python";
  }

  /// The same with another compression.
  public Placement with(Compression other) {
    return new Placement(pythonVersion, prefix, bytecode, other, sitePackages);
  }

  /// Where Python looks for packages unless its package says otherwise, relative to the prefix.
  public static String sitePackages(String pythonVersion) {
    return "lib/python" + pythonVersion + "/site-packages";
  }
}

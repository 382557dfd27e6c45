package dev.terroir.image.conda;

import java.util.Optional;
import java.util.regex.Pattern;

/// Where the files of Python packages lie in an environment.
///
/// Spec: conda, "Noarch Python"; CEP 17; PEP 3147.
///
/// @since 0.1
public final class PythonPlaces {
  private static final String SITE = "site-packages/";
  private static final String SCRIPTS = "python-scripts/";

  private static final Pattern MAJOR_MINOR = Pattern.compile("([0-9])\\.?([0-9]{1,3})");

  private static final Pattern INTERPRETER_FOLDER =
      Pattern.compile("lib/python(3\\.[0-9]{1,3})/.+");

  private PythonPlaces() {}

  /// Where a file of a `noarch: python` package goes.
  ///
  /// @param path in the package
  /// @param sitePackages the interpreter's folder of packages, relative to the prefix
  public static String place(String path, String sitePackages) {
    if (path.startsWith(SITE)) {
      return sitePackages + "/" + path.substring(SITE.length());
    }
    return path.startsWith(SCRIPTS) ? "bin/" + path.substring(SCRIPTS.length()) : path;
  }

  /// The first `major.minor` in a text, such as a version, a folder's name or `311`.
  public static Optional<String> majorMinor(String text) {
    var matcher = MAJOR_MINOR.matcher(text);
    return matcher.find()
        ? Optional.of(matcher.group(1) + "." + matcher.group(2))
        : Optional.empty();
  }

  /// Where the byte-code of a module lies.
  ///
  /// @param path of the module, ending in `.py`
  /// @param pythonVersion `major.minor`
  public static String byteCode(String path, String pythonVersion) {
    if (pythonVersion.startsWith("2.")) {
      return path + "c";
    }
    int slash = path.lastIndexOf('/');
    return path.substring(0, slash + 1)
        + "__pycache__/"
        + path.substring(slash + 1, path.length() - ".py".length())
        + ".cpython-"
        + pythonVersion.replace(".", "")
        + ".pyc";
  }

  /// The version of Python 3 that a file of an environment belongs to, by the folder that it lies
  /// in; empty for free-threaded interpreters, whose byte-code is another.
  public static Optional<String> versionOf(String path) {
    var matcher = INTERPRETER_FOLDER.matcher(path);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}

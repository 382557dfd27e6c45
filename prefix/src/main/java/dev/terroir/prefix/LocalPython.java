package dev.terroir.prefix;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A Python that a process can be started with. Immutable.
///
/// @param python absolute path of the interpreter
/// @param directory the prefix, or null for an interpreter that its owner looks after
/// @param lockDigest 64 hex digits of the lock, or null likewise
/// @param isCached whether it was there already
/// @since 0.1
public record LocalPython(
    Path python, @Nullable Path directory, @Nullable String lockDigest, boolean isCached) {

  /// An interpreter as it lies: of a virtual environment, of a conda prefix, or its owner's.
  ///
  /// @param python its absolute path
  public static LocalPython of(Path python) {
    var prefix = python.resolveSibling("..").normalize();
    var isPrefix = Files.exists(prefix.resolve("pyvenv.cfg")) || CondaActivation.isConda(prefix);
    return new LocalPython(python, isPrefix ? prefix : null, null, true);
  }

  /// The prefix, unless the interpreter is its owner's.
  public Optional<Path> prefix() {
    return Optional.ofNullable(directory);
  }

  /// The variables of a process that runs in this environment: what an activation script would set.
  /// In a conda prefix the packages' own activation scripts are run for it.
  ///
  /// @param base the variables of the surroundings
  public Map<String, String> activated(Map<String, String> base) {
    var variables = new TreeMap<>(base);
    variables.remove("PYTHONHOME");
    variables.remove("PYTHONPATH");
    var bin = String.valueOf(python.getParent());
    variables.merge("PATH", bin, (path, first) -> first + ":" + path);
    if (directory == null) {
      return variables;
    }
    variables.put("AZUREML_CONDA_ENVIRONMENT_PATH", directory.toString());
    if (CondaActivation.isConda(directory)) {
      return CondaActivation.of(directory).over(variables);
    }
    variables.put("VIRTUAL_ENV", directory.toString());
    return variables;
  }

  /// What a POSIX shell sources to work in this environment.
  public String activation() {
    var quoted = "'" + String.valueOf(python.getParent()).replace("'", "'\\''") + "'";
    var lines = new StringBuilder();
    lines.append("export PATH=").append(quoted).append(":\"$PATH\"\n");
    lines.append("unset PYTHONHOME PYTHONPATH\n");
    if (directory != null && CondaActivation.isConda(directory)) {
      lines.append(CondaActivation.of(directory).script());
    } else if (directory != null) {
      lines
          .append("export VIRTUAL_ENV='")
          .append(directory.toString().replace("'", "'\\''"))
          .append("'\n");
    }
    return lines.toString();
  }
}

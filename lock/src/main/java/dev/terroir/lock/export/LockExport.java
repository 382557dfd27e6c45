package dev.terroir.lock.export;

import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.util.regex.Pattern;

/// Writes a lock so that pip and uv install exactly it.
///
/// @since 0.1
public final class LockExport {
  private static final Pattern PYLOCK = Pattern.compile("pylock\\.(?:[^.]+\\.)?toml");

  private LockExport() {}

  /// Whether installers take a file of this name for a `pylock.toml`: that name itself, or
  /// `pylock.NAME.toml`.
  ///
  /// Spec: PEP 751, "File Name".
  public static boolean isPylockName(String fileName) {
    return PYLOCK.matcher(fileName).matches();
  }

  /// A `pylock.toml` with one artifact per package.
  ///
  /// Spec: PEP 751, lock version 1.0.
  public static String pylock(Lock lock) {
    var out = new StringBuilder();
    out.append("lock-version = \"1.0\"\ncreated-by = \"terroir\"\n");
    if (!lock.pythonVersion().isEmpty()) {
      out.append("requires-python = ")
          .append(quoted("==" + lock.pythonVersion() + ".*"))
          .append('\n');
    }
    if (lock.packages().isEmpty()) {
      out.append("packages = []\n");
    }
    for (var item : lock.packages()) {
      out.append("\n[[packages]]\nname = ").append(quoted(item.name()));
      out.append("\nversion = ").append(quoted(item.version()));
      if (item.index() != null) {
        out.append("\nindex = ").append(quoted(item.index()));
      }
      var artifact = item.artifact();
      switch (artifact.kind()) {
        case "wheel" ->
            out.append("\nwheels = [{ name = ")
                .append(quoted(artifact.fileName()))
                .append(", ")
                .append(place(item))
                .append(" }]");
        case "sdist" ->
            out.append("\nsdist = { name = ")
                .append(quoted(artifact.fileName()))
                .append(", ")
                .append(place(item))
                .append(" }");
        case LockedPackage.VCS -> out.append("\nvcs = { ").append(vcs(item)).append(" }");
        default -> out.append("\narchive = { ").append(place(item)).append(" }");
      }
      out.append('\n');
    }
    return out.toString();
  }

  private static String vcs(LockedPackage item) {
    var commit = item.commit().orElseThrow();
    return "type = \"git\", url = "
        + quoted(commit.url())
        + ", commit-id = "
        + quoted(commit.commit())
        + (commit.subdirectory() == null
            ? ""
            : ", subdirectory = " + quoted(String.valueOf(commit.subdirectory())));
  }

  private static String place(LockedPackage item) {
    var artifact = item.artifact();
    var size = artifact.sizeBytes() < 0 ? "" : ", size = " + artifact.sizeBytes();
    return "url = "
        + quoted(artifact.url())
        + size
        + ", hashes = { sha256 = "
        + quoted(artifact.sha256())
        + " }";
  }

  /// A requirements file with a hash for every package but those of repositories, which neither pip
  /// nor uv can hold to one: what their builds make is theirs.
  public static String requirements(Lock lock) {
    var out = new StringBuilder();
    out.append("# ").append(lock.platform()).append(", Python ").append(lock.pythonVersion());
    out.append(", lock ").append(lock.digest().prefixed()).append('\n');
    lock.options().forEach(option -> out.append(option).append('\n'));
    for (var item : lock.packages()) {
      var artifact = item.artifact();
      out.append(
          artifact.kind().equals("archive") || item.commit().isPresent()
              ? item.name() + " @ " + artifact.url()
              : item.name() + "==" + item.version());
      if (item.commit().isEmpty()) {
        out.append(" \\\n    --hash=sha256:").append(artifact.sha256());
      }
      out.append('\n');
    }
    return out.toString();
  }

  /// A JSON string is a basic string of TOML.
  private static String quoted(String text) {
    return JsonWriter.compact(JsonValue.of(text));
  }
}

package dev.terroir.prefix.kernel;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.Lock;
import dev.terroir.prefix.LocalPython;
import dev.terroir.prefix.PrefixCode;
import dev.terroir.prefix.PrefixException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Writes the kernel spec of an environment where Jupyter of this user looks for it.
///
/// @since 0.1
public final class KernelSpec {
  private KernelSpec() {}

  /// Installs a kernel.
  ///
  /// @param name the environment's name; the kernel's directory is its lower-case form
  /// @param variables the environment's own variables
  /// @return the kernel's directory
  /// @throws PrefixException code `no-kernel-package` when the lock has no `ipykernel`
  public static Path install(
      String name,
      Lock lock,
      LocalPython python,
      Map<String, String> variables,
      Settings settings) {
    if (lock.find("ipykernel").isEmpty()) {
      throw new PrefixException(
          Problem.of(
                  PrefixCode.NO_KERNEL_PACKAGE,
                  "the environment `" + name + "` cannot be a Jupyter kernel: it has no ipykernel")
              .at(Place.of("environment `" + name + "`"))
              .hint("add `ipykernel` to its pip packages, register it and try again"));
    }
    var directory = directory(settings).resolve(name.toLowerCase(Locale.ROOT));
    AtomicFiles.write(
        directory.resolve("kernel.json"),
        JsonWriter.indented(
                JsonObject.builder()
                    .put(
                        "argv",
                        List.of(
                            python.python().toString(),
                            "-m",
                            "ipykernel_launcher",
                            "-f",
                            "{connection_file}"))
                    .put("display_name", name + " (Terroir)")
                    .put("language", "python")
                    .put("env", JsonValue.ofStrings(variables))
                    .put("metadata", JsonObject.builder().put("debugger", true).build())
                    .build(),
                2)
            + "\n");
    return directory;
  }

  private static Path directory(Settings settings) {
    return settings
        .get("JUPYTER_DATA_DIR")
        .map(Path::of)
        .orElseGet(() ->
            settings
                .get("XDG_DATA_HOME")
                .map(Path::of)
                .orElse(
                    Path.of(
                        settings.get("HOME").orElse(System.getProperty("user.home")),
                        ".local/share"))
                .resolve("jupyter"))
        .resolve("kernels");
  }
}

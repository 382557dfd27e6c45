package dev.terroir.samples;

import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// conda 4.3.16 as a second judge: the newest that the Python index has. It solves and links by its
/// own code, reads `.tar.bz2` packages only, and runs on Python 3.6 and 3.7. Immutable.
///
/// @since 0.1
public final class OldConda {
  /// The version that judges.
  public static final String VERSION = "4.3.16";

  private final Path folder;

  private OldConda(Path folder) {
    this.folder = folder;
  }

  /// The one that all tests of the build share, below `samples/target`; system property
  /// `terroir.root` says where the build is.
  ///
  /// @return empty when it cannot be had; why is printed
  public static Optional<OldConda> shared() throws IOException {
    return in(Path.of(System.getProperty("terroir.root", ""), "samples", "target", "conda"));
  }

  /// Finds it in a folder, or installs it there from the user's own Python index, once.
  ///
  /// @param folder such as `target/conda`
  /// @return empty when it cannot be had; why is printed
  public static Optional<OldConda> in(Path folder) throws IOException {
    var home = folder.toAbsolutePath();
    var mark = home.resolve("conda-" + VERSION);
    Files.createDirectories(home);
    try (var _ = ProcessLock.acquire(home.resolve(".lock"), Duration.ofMinutes(10))) {
      if (!Files.exists(mark)) {
        var base = python();
        if (base.isEmpty()) {
          System.err.println("conda " + VERSION + " cannot be had: no Python 3.6 or 3.7 is here");
          return Optional.empty();
        }
        var venv = home.resolve("venv");
        var pip = new ArrayList<>(List.of(venv.resolve("bin/python").toString(), "-m", "pip"));
        // ruamel.yaml 0.17 has the function no more that conda reads its settings with.
        pip.addAll(List.of("install", "--quiet", "conda==" + VERSION, "ruamel.yaml<0.17"));
        for (var step :
            List.of(List.of(base.get().toString(), "-m", "venv", venv.toString()), pip)) {
          var result =
              new Command(step, Settings.system().variables(), null, Duration.ofMinutes(10)).run();
          if (!result.isSuccess()) {
            System.err.println("conda " + VERSION + " cannot be had: " + result.error());
            return Optional.empty();
          }
        }
        Files.createFile(mark);
      }
    }
    return Optional.of(new OldConda(home));
  }

  private static Optional<Path> python() throws IOException {
    var candidates = new ArrayList<Path>();
    var system = Settings.system();
    Stream.of(system.get("PATH").orElse("").split(":"))
        .filter(folder -> !folder.isEmpty())
        .forEach(folder -> {
          candidates.add(Path.of(folder, "python3.7"));
          candidates.add(Path.of(folder, "python3.6"));
        });
    var pyenv = Path.of(system.get("HOME").orElse("/"), ".pyenv", "versions");
    if (Files.isDirectory(pyenv)) {
      try (var list = Files.list(pyenv)) {
        list.filter(version -> version.getFileName().toString().matches("3\\.[67]\\..*"))
            .sorted()
            .forEach(version -> candidates.add(version.resolve("bin/python")));
      }
    }
    for (var candidate : candidates) {
      // A shim of pyenv may be there without the version that it stands for.
      if (Files.isExecutable(candidate)
          && new Command(
                  List.of(candidate.toString(), "-c", "import venv"),
                  system.variables(),
                  null,
                  Duration.ofMinutes(1))
              .run()
              .isSuccess()) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /// Solves specs from a channel and installs them.
  ///
  /// @param channel its address; it needs `repodata.json.bz2`
  /// @param cache where packages are kept
  /// @throws IOException when conda refuses; the message is what it said
  public void install(String channel, Path prefix, Path cache, String... specs) throws IOException {
    var arguments =
        new ArrayList<>(
            List.of("create", "-y", "-q", "-p", prefix.toString(), "--override-channels"));
    arguments.addAll(List.of("-c", channel));
    arguments.addAll(List.of(specs));
    run(channel, cache, arguments);
  }

  /// What `conda list --export` prints of a prefix: `name=version=build` on a line each.
  public String list(Path prefix, Path cache) throws IOException {
    return run("defaults", cache, List.of("list", "--export", "-p", prefix.toString()))
        .lines()
        .filter(line -> !line.startsWith("#"))
        .collect(java.util.stream.Collectors.joining("\n"));
  }

  private String run(String channel, Path cache, List<String> arguments) throws IOException {
    Files.createDirectories(cache);
    Files.writeString(
        cache.resolve(".condarc"),
        "channels: ['%1$s']\ndefault_channels: ['%1$s']\npkgs_dirs: ['%2$s']\nadd_pip_as_python_dependency: false\n"
            .formatted(channel, cache.resolve("pkgs")));
    var variables = new HashMap<>(Settings.system().variables());
    variables.put("HOME", cache.toString());
    var command =
        new ArrayList<>(
            List.of(folder.resolve("venv/bin/python").toString(), "-W", "ignore", "-m", "conda"));
    command.addAll(arguments);
    var result = new Command(command, variables, null, Duration.ofMinutes(5)).run();
    if (!result.isSuccess()) {
      throw new IOException(result.output() + result.error());
    }
    return result.output();
  }
}

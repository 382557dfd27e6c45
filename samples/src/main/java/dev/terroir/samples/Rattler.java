package dev.terroir.samples;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// py-rattler as a judge: it solves, installs and reads what samples are made of. Immutable.
///
/// @since 0.1
public final class Rattler {
  /// The version that judges.
  public static final String VERSION = "0.28.0";

  private final Path python;

  private Rattler(Path python) {
    this.python = python;
  }

  /// The one that all tests of the build share, below `samples/target`; system property
  /// `terroir.root` says where the build is.
  ///
  /// @return empty when it cannot be had; why is printed
  public static Optional<Rattler> shared() throws IOException {
    return in(Path.of(System.getProperty("terroir.root", ""), "samples", "target", "rattler"));
  }

  /// Finds it in a folder, or installs it there from the user's own Python index, once.
  ///
  /// @param folder such as `target/rattler`
  /// @return empty when it cannot be had; why is printed
  public static Optional<Rattler> in(Path folder) throws IOException {
    var python = folder.resolve("bin/python").toAbsolutePath();
    var mark = folder.resolve("rattler-" + VERSION);
    Files.createDirectories(folder.toAbsolutePath().getParent());
    try (var _ =
        dev.terroir.foundation.file.ProcessLock.acquire(
            folder.resolveSibling(folder.getFileName() + ".lock"), Duration.ofMinutes(10))) {
      if (!Files.exists(mark)) {
        var base = SampleChannel.python().orElse(Path.of("python3")).toString();
        var pip = List.of("-m", "pip", "install", "--quiet", "py-rattler==" + VERSION);
        var steps =
            List.of(
                new Command(
                    List.of(base, "-m", "venv", folder.toString()),
                    Settings.system().variables(),
                    null,
                    Duration.ofMinutes(5)),
                new Command(
                    java.util.stream.Stream.concat(
                            java.util.stream.Stream.of(python.toString()), pip.stream())
                        .toList(),
                    Settings.system().variables(),
                    null,
                    Duration.ofMinutes(10)));
        for (var step : steps) {
          var result = step.run();
          if (!result.isSuccess()) {
            System.err.println("py-rattler " + VERSION + " cannot be had: " + result.error());
            return Optional.empty();
          }
        }
        Files.createFile(mark);
      }
    }
    return Optional.of(new Rattler(python));
  }

  /// The Python that has it.
  public Path python() {
    return python;
  }

  /// Runs Python code with it. Threads of rattler outlive the code and crash one interpreter in ten
  /// while it is taken down; so it is not taken down.
  ///
  /// @param code may read `sys.argv[1:]`
  public Command.Result run(String code, Map<String, String> variables, String... arguments) {
    var environment = new HashMap<>(Settings.system().variables());
    environment.putAll(variables);
    var command = new java.util.ArrayList<>(List.of(python.toString(), "-c", ENDING, code));
    command.addAll(List.of(arguments));
    return new Command(command, environment, null, Duration.ofMinutes(5)).run();
  }

  /// Solves specs from a channel and installs them.
  ///
  /// @param channel its address
  /// @param cache where packages and repodata are kept
  /// @return the names of what was installed on a line each, `name=version=build`
  /// @throws IOException when rattler refuses; the message is what it said
  public String install(String channel, Path prefix, Path cache, String... specs)
      throws IOException {
    var arguments =
        new java.util.ArrayList<>(List.of(channel, prefix.toString(), cache.toString()));
    arguments.addAll(List.of(specs));
    var result = run(INSTALL, Map.of(), arguments.toArray(String[]::new));
    if (!result.isSuccess()) {
      throw new IOException("exit status " + result.exitCode() + ": " + result.error());
    }
    return result.output().strip();
  }

  private static final String ENDING =
      """
      import os, sys, traceback
      code = sys.argv.pop(1)
      status = 0
      try:
          exec(compile(code, "<code>", "exec"))
      except BaseException:
          traceback.print_exc()
          status = 1
      sys.stdout.flush()
      sys.stderr.flush()
      os._exit(status)
      """;

  private static final String INSTALL =
      """
      import asyncio
      from pathlib import Path
      from rattler import Channel, Gateway, MatchSpec, VirtualPackage, install, solve
      from rattler.package_cache import PackageCache

      # The installer of 0.28.0 takes what is inside a MatchSpec.
      async def main(channel, prefix, cache, *specs):
          gateway = Gateway(cache_dir=Path(cache) / "repodata")
          records = await solve(
              [Channel(channel)], [MatchSpec(spec) for spec in specs], gateway=gateway,
              platforms=["linux-64", "noarch"], virtual_packages=VirtualPackage.detect())
          await install(records, prefix, cache_dir=Path(cache) / "packages", show_progress=False,
                        requested_specs=[MatchSpec(spec)._match_spec for spec in specs])
          for record in sorted(records, key=lambda record: record.name.normalized):
              print("%s=%s=%s" % (record.name.normalized, record.version, record.build))

      asyncio.run(main(*sys.argv[1:]))
      """;
}

package dev.terroir.resolve.tool;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/// Finds the uv program: `TERROIR_UV`, one on PATH that is recent enough, else the pinned version
/// in the tools folder, fetched once from the user's own index by the user's pip.
///
/// @since 0.1
public final class UvProgram {
  /// The version that is fetched.
  public static final String VERSION = "0.13.9";

  /// The oldest one on PATH that serves: `pylock.toml` output and hashes on URLs.
  private static final List<Integer> OLDEST = List.of(0, 8, 0);

  /// SHA-256 of the wheels whose bytes are known; others are checked by pip against the index only.
  private static final Map<String, String> KNOWN_WHEELS =
      Map.of(
          "uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
          "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
          "uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl",
          "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
          "uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
          "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
          "uv-0.13.9-py3-none-manylinux_2_28_aarch64.whl",
          "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375");

  private static final Duration FETCH_TIMEOUT = Duration.ofMinutes(10);

  private UvProgram() {}

  /// The program, fetched when it is nowhere.
  ///
  /// @throws ResolveException code `uv-not-found`, with everything that was tried
  public static Path find(Settings settings, TerroirHome home, Progress progress) {
    var found = findWithoutFetching(settings, home);
    return found.isPresent() ? found.get() : fetch(settings, home, progress);
  }

  /// The program if it is on this machine.
  public static Optional<Path> findWithoutFetching(Settings settings, TerroirHome home) {
    var given = settings.get(Settings.TERROIR_UV);
    if (given.isPresent()) {
      var program = Path.of(given.get());
      if (!Files.isExecutable(program)) {
        throw new ResolveException(
            Problem.of(ResolveCode.UV_NOT_FOUND, "TERROIR_UV names no program")
                .at(Place.file(program))
                .hint("set it to the path of uv, or unset it"));
      }
      return Optional.of(program);
    }
    var pinned = pinned(home);
    if (Files.isExecutable(pinned)) {
      return Optional.of(pinned);
    }
    return onPath(settings, "uv").filter(program -> isRecent(program, settings));
  }

  private static Path pinned(TerroirHome home) {
    return home.tools().resolve("uv-" + VERSION).resolve("uv");
  }

  /// The user's Python that has pip: `TERROIR_PYTHON`, `python3` or `python` on PATH.
  public static Optional<Path> python(Settings settings) {
    return settings
        .get(Settings.TERROIR_PYTHON)
        .map(Path::of)
        .or(() -> onPath(settings, "python3"))
        .or(() -> onPath(settings, "python"));
  }

  /// A program on PATH.
  public static Optional<Path> onPath(Settings settings, String name) {
    for (var directory : settings.get("PATH").orElse("").split(":")) {
      if (!directory.isEmpty()) {
        var candidate = Path.of(directory, name);
        if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
          return Optional.of(candidate);
        }
      }
    }
    return Optional.empty();
  }

  /// What a uv program says its version is; empty when it does not run.
  public static Optional<String> version(Path program, Settings settings) {
    try {
      var result =
          new Command(
                  List.of(program.toString(), "--version"),
                  settings.variables(),
                  null,
                  Duration.ofSeconds(20))
              .run();
      var words = result.output().strip().split("\\s+");
      return result.isSuccess() && words.length >= 2 ? Optional.of(words[1]) : Optional.empty();
    } catch (FoundationException e) {
      return Optional.empty();
    }
  }

  private static boolean isRecent(Path program, Settings settings) {
    var parts = version(program, settings).orElse("0").split("[^0-9]+");
    for (int i = 0; i < OLDEST.size(); i++) {
      var part = i < parts.length && !parts[i].isEmpty() ? Integer.parseInt(parts[i]) : 0;
      if (part != OLDEST.get(i)) {
        return part > OLDEST.get(i);
      }
    }
    return true;
  }

  private static Path fetch(Settings settings, TerroirHome home, Progress progress) {
    var python =
        python(settings).orElseThrow(() -> missing("no `python3` is on PATH to fetch it", null));
    var target = pinned(home);
    try (var _ =
        ProcessLock.acquire(home.tools().resolve("uv-" + VERSION + ".lock"), FETCH_TIMEOUT)) {
      if (Files.isExecutable(target)) {
        return target;
      }
      progress.step("fetching uv " + VERSION + " with " + python.getFileName() + " -m pip");
      var download = AtomicFiles.temporaryBeside(home.tools().resolve("uv-download"));
      try {
        var result =
            new Command(
                    List.of(
                        python.toString(),
                        "-m",
                        "pip",
                        "download",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--no-deps",
                        "--only-binary",
                        ":all:",
                        "--dest",
                        download.toString(),
                        "uv==" + VERSION),
                    settings.variables(),
                    null,
                    FETCH_TIMEOUT)
                .run(progress::line);
        if (!result.isSuccess()) {
          throw missing(Redaction.of(result.error().strip()), null);
        }
        unpack(wheelIn(download), target);
      } finally {
        Trees.delete(download);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("uv cannot be stored", target, e);
    }
    return target;
  }

  private static Path wheelIn(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files
          .filter(file -> file.toString().endsWith(".whl"))
          .findFirst()
          .orElseThrow(() -> missing("pip downloaded no wheel", null));
    }
  }

  private static void unpack(Path wheel, Path target) throws IOException {
    var known = KNOWN_WHEELS.get(wheel.getFileName().toString());
    if (known != null && !Sha256.of(wheel).hex().equals(known)) {
      throw new ResolveException(
          Problem.of(ResolveCode.HASH_MISMATCH, "the uv that the index delivered is another one")
              .at(Place.of(wheel.getFileName().toString()))
              .because("its SHA-256 is " + Sha256.of(wheel).hex() + ", expected was " + known)
              .hint("check the index that pip uses, or set TERROIR_UV to a uv that you trust"));
    }
    try (var zip = new ZipFile(wheel.toFile())) {
      var entry = zip.getEntry("uv-" + VERSION + ".data/scripts/uv");
      if (entry == null) {
        throw missing("the wheel " + wheel.getFileName() + " holds no uv program", null);
      }
      Files.createDirectories(target.getParent());
      var temporary = AtomicFiles.temporaryBeside(target);
      try (var in = zip.getInputStream(entry)) {
        Files.copy(in, temporary);
      }
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.move(temporary, target, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static ResolveException missing(String why, @Nullable Throwable cause) {
    return new ResolveException(
        Problem.of(ResolveCode.UV_NOT_FOUND, "uv is not on this machine and cannot be fetched")
            .because(why)
            .hint(
                "install uv "
                    + VERSION
                    + " or a later one and put it on PATH, or set TERROIR_UV to its path; or set"
                    + " TERROIR_PYTHON to a Python whose pip can download it"),
        cause);
  }
}

package dev.terroir.prefix;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.MarkedProcesses;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.export.LockExport;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.artifact.ClientWheels;
import dev.terroir.resolve.artifact.CommitWheels;
import dev.terroir.resolve.conda.CondaAccess;
import dev.terroir.resolve.conda.CondaInstaller;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.conda.Rattler;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.resolve.tool.UvProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// The local environments of this machine. Immutable; any number of threads and processes may use
/// it at once.
///
/// @since 0.1
public final class Prefixes {
  private static final String MARKER = ".terroir-prefix.json";
  private static final String WORKING = "TERROIR_WORKING_ON";
  private static final Duration PATIENCE = Duration.ofMinutes(60);

  private final TerroirHome home;
  private final Supplier<Uv> uv;
  private final CondaOptions conda;

  /// @param uv the tool, opened only when something has to be made
  /// @param conda what the workspace decides about conda packages
  public Prefixes(TerroirHome home, Supplier<Uv> uv, CondaOptions conda) {
    this.home = home;
    this.uv = uv;
    this.conda = conda;
  }

  /// Where the prefix of a lock lies or would lie.
  ///
  /// @param lockDigest 64 hex digits
  public Path directory(String lockDigest) {
    return home.prefixes().resolve(lockDigest.substring(0, 32));
  }

  /// The prefix of a lock when it is complete.
  ///
  /// @param lockDigest 64 hex digits
  public Optional<LocalPython> find(String lockDigest) {
    var directory = directory(lockDigest);
    return isComplete(directory, lockDigest)
        ? Optional.of(local(directory, lockDigest, true))
        : Optional.empty();
  }

  /// The prefix of a lock, made or repaired when it is not complete. Two processes that need the
  /// same one do the work once.
  ///
  /// @throws dev.terroir.resolve.ResolveException when packages cannot be fetched or are not what
  ///   the lock says; nothing complete is left then
  public LocalPython realise(Lock lock, Progress progress) {
    var digest = lock.digest().hex();
    var ready = find(digest);
    if (ready.isPresent()) {
      return ready.get();
    }
    if (!lock.platform().equals(Platform.current())) {
      throw new PrefixException(
          Problem.of(
                  PrefixCode.WRONG_PLATFORM,
                  "the lock is for " + lock.platform() + ", this machine is " + Platform.current())
              .hint("lock for this machine with `--platform " + Platform.current() + "`"));
    }
    var directory = directory(digest);
    try (var _ = ProcessLock.acquire(beside(directory, ".lock"), PATIENCE)) {
      if (!isComplete(directory, digest)) {
        try {
          make(lock, directory, progress);
        } catch (RuntimeException e) {
          Trees.delete(directory);
          throw e;
        }
        return local(directory, digest, false);
      }
      return local(directory, digest, true);
    }
  }

  private void make(Lock lock, Path directory, Progress progress) {
    // Whoever worked here before was killed, but its uv may still be writing.
    MarkedProcesses.end(WORKING, directory.toString());
    if (Files.exists(directory)) {
      progress.line("the environment at " + directory + " is incomplete and is made anew");
      Trees.delete(directory);
    }
    var tool = uv.get().with(WORKING, directory.toString());
    var what = "the environment cannot be installed";
    var count = lock.everything().size();
    progress.step(
        "installing "
            + count
            + (count == 1 ? " package" : " packages")
            + (lock.pythonVersion().isEmpty() ? "" : " for Python " + lock.pythonVersion()));
    var marker = JsonObject.builder().put("format", "terroir-prefix/1");
    marker.put("lockDigest", lock.digest().prefixed());
    if (lock.conda().packages().isEmpty()) {
      marker.put("python", makeEmpty(tool, lock, directory, what, progress));
    } else {
      marker.put("python", lock.pythonVersion());
      makeConda(tool, lock, directory, progress);
    }
    if (!lock.packages().isEmpty() || lock.conda().packages().isEmpty()) {
      // Not from a pylock.toml: uv keeps archives that are named by URL apart and links them five
      // times slower.
      var file = directory.resolve("requirements.txt");
      AtomicFiles.write(file, requirements(CommitWheels.here(lock, home, uv, progress)));
      for (var folder : ClientWheels.folders(lock, home)) {
        tool = tool.withFindLinks(folder);
      }
      install(tool, lock, directory, file, what, progress);
    }
    marker.put("distributions", distributions(directory));
    marker.put("condaPackages", condaPackages(lock));
    AtomicFiles.write(directory.resolve(MARKER), JsonWriter.indented(marker.build(), 2) + "\n");
  }

  private void makeConda(Uv tool, Lock lock, Path directory, Progress progress) {
    var access = CondaAccess.of(tool.settings(), home);
    var rattler =
        Rattler.open(tool, access.settings().variables(), progress)
            .with(WORKING, directory.toString());
    var skipped = new CondaInstaller(rattler, access, conda).install(lock, directory, progress);
    if (!skipped.isEmpty()) {
      progress.warn(
          "link scripts were not run, for they may do anything: "
              + String.join(", ", skipped)
              + " (`terroir workspace update --link-scripts NAME` allows one)");
    }
    // What makes a folder an environment for conda.
    AtomicFiles.write(
        directory.resolve("conda-meta/history"),
        lock.conda().history("terroir environment install"));
  }

  private static List<String> condaPackages(Lock lock) {
    return lock.conda().packages().stream().map(CondaPackage::stem).toList();
  }

  /// Has uv install everything. Where downloads are large uv tells each one's end; what is
  /// installed is counted in the directory.
  private static void install(
      Uv tool, Lock lock, Path directory, Path file, String what, Progress progress) {
    var arguments =
        List.of(
            "pip",
            "install",
            "--no-deps",
            "--require-hashes",
            "--python",
            directory.resolve("bin/python").toString(),
            "--requirements",
            file.toString());
    var counting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                while (true) {
                  Thread.sleep(100);
                  var count = distributions(directory).size();
                  if (count > 0) {
                    progress.advance(count, lock.packages().size(), Progress.Unit.ITEMS);
                  }
                }
              } catch (InterruptedException | FoundationException e) {
                // The installation has ended, or a look came too early; the count is only shown.
              }
            });
    try {
      tool.with("UV_NO_PROGRESS", "false")
          .run(arguments, null, what, new Downloads(lock, progress));
    } finally {
      counting.interrupt();
    }
  }

  /// Makes a prefix without packages; a Python that is not here is fetched.
  private static String makeEmpty(
      Uv tool, Lock lock, Path directory, String what, Progress progress) {
    var venv = List.of("venv", "--quiet", "--no-project", "--no-python-downloads", "--python");
    var arguments = new ArrayList<>(venv);
    arguments.addAll(List.of(lock.pythonVersion(), directory.toString()));
    try {
      tool.run(arguments, null, what, Progress.SILENT);
      return lock.pythonVersion();
    } catch (ResolveException e) {
      var python = tool.python(lock.pythonVersion(), progress).toString();
      arguments = new ArrayList<>(venv);
      arguments.addAll(List.of(python, directory.toString()));
      tool.run(arguments, null, what, progress);
      return python;
    }
  }

  /// The lock as hashed requirements, without the options that uv does not read or that decide
  /// nothing here.
  private static String requirements(Lock lock) {
    var text = new StringBuilder();
    for (var line : LockExport.requirements(lock).lines().toList()) {
      if (!line.matches(
          "--(pre|prefer-binary|require-hashes|use-feature|no-deps|trusted-host)\\b.*")) {
        text.append(line).append('\n');
      }
    }
    return text.toString();
  }

  private static Optional<Path> sitePackages(Path directory) {
    try (var list = Files.list(directory.resolve("lib"))) {
      return list.map(python -> python.resolve("site-packages"))
          .filter(Files::isDirectory)
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static List<String> distributions(Path directory) {
    var site = sitePackages(directory);
    if (site.isEmpty()) {
      return List.of();
    }
    try (var list = Files.list(site.get())) {
      return list.map(entry -> entry.getFileName().toString())
          .filter(name -> name.endsWith(".dist-info"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the environment cannot be read", site.get(), e);
    }
  }

  private static boolean isComplete(Path directory, String lockDigest) {
    var marker = directory.resolve(MARKER);
    if (!Files.isRegularFile(marker)) {
      return false;
    }
    try {
      var json = JsonReader.readObject(marker);
      var site = sitePackages(directory);
      var isConda = !json.strings("condaPackages").isEmpty();
      if (isConda && !hasRecords(directory, json.strings("condaPackages"))) {
        return false;
      }
      if (isConda && json.string("python").isEmpty()) {
        return json.string("lockDigest").equals("sha256:" + lockDigest);
      }
      return Files.isExecutable(directory.resolve("bin/python"))
          && site.isPresent()
          && json.string("lockDigest").equals("sha256:" + lockDigest)
          && json.strings("distributions").stream()
              .allMatch(name -> Files.isRegularFile(site.get().resolve(name).resolve("RECORD")));
    } catch (FoundationException e) {
      return false;
    }
  }

  private static boolean hasRecords(Path directory, List<String> stems) {
    return stems.stream()
        .allMatch(
            stem -> Files.isRegularFile(directory.resolve("conda-meta").resolve(stem + ".json")));
  }

  private static LocalPython local(Path directory, String lockDigest, boolean isCached) {
    return new LocalPython(directory.resolve("bin/python"), directory, lockDigest, isCached);
  }

  private static Path beside(Path directory, String suffix) {
    return directory.resolveSibling(directory.getFileName() + suffix);
  }

  /// The interpreter of a user-managed environment, as it is.
  ///
  /// @param interpreterPath a path, or a name on PATH
  /// @throws PrefixException code `interpreter-not-usable`
  public static LocalPython userManaged(String interpreterPath, Settings settings) {
    var found =
        interpreterPath.contains("/")
            ? Optional.of(Path.of(interpreterPath).toAbsolutePath()).filter(Files::isExecutable)
            : UvProgram.onPath(settings, interpreterPath);
    return new LocalPython(
        found.orElseThrow(() ->
            new PrefixException(
                Problem.of(
                        PrefixCode.INTERPRETER_NOT_USABLE,
                        "the interpreter `" + interpreterPath + "` is not there or not executable")
                    .at(Place.field("python.interpreterPath"))
                    .hint("set it to the path of the Python that holds the packages"))),
        null,
        null,
        true);
  }
}

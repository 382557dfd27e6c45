package dev.terroir.cli;

import dev.terroir.cli.completion.Completions;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.workspace.Workspace;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The program that packaging runs: calls the commands that have to start fast, so that the
/// ahead-of-time cache holds their classes, and writes the completions.
///
/// @since 0.1
public final class Training {
  private Training() {}

  /// Takes the directory of the completions, or `images` to build an image as well.
  public static void main(String[] arguments) {
    var settings = Settings.system();
    var silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    var directory = TerroirHome.of(settings).cache().resolve("environment");
    SavedDirectory.save(Environment.of("training"), directory, true);
    pretendInstalled(SavedDirectory.load(directory, _ -> {}), settings);
    var commands =
        new ArrayList<>(
            List.of(
                "--help",
                "environment --help",
                "environment register -d " + directory,
                "environment list",
                "environment list --output table",
                "environment show -n training",
                "environment hash -n training",
                "environment path -n training",
                "environment path -d " + directory,
                "run list",
                "model list",
                "service list",
                "workspace show"));
    var isOfImages = arguments[0].equals("images");
    if (isOfImages) {
      var image =
          ImageTraining.command(TerroirHome.of(settings).cache().resolve("images-training"));
      // Once made, once found.
      commands.addAll(List.of(image, image));
    }
    for (var words : commands) {
      Main.beginBeside(words.split(" "));
      if (Main.run(words.split(" "), settings, silent, silent) != 0) {
        throw new IllegalStateException("`" + words + "` failed, so that it cannot be learned");
      }
    }
    if (isOfImages) {
      ServerTraining.run(settings);
    } else {
      Completions.write(Main.groups(), Path.of(arguments[0]));
    }
    // As commands end, so that the cache holds what the JDK does then.
    System.exit(0);
  }

  /// Leaves what an installation leaves, for the commands that look for it; packaging has no index
  /// to install from.
  private static void pretendInstalled(Environment environment, Settings settings) {
    var artifact =
        new LockedPackage.Artifact("wheel", "file:/p.whl", "p.whl", Sha256.of("").hex(), 1);
    var lock =
        new Lock(
            CanonicalForm.hash(environment),
            Platform.current(),
            "3.11",
            List.of("p"),
            List.of(),
            Map.of(),
            List.of(
                new LockedPackage("p", "1", artifact, null, List.of(LockedPackage.DEFINITION)),
                new LockedPackage("q", "1", artifact, null, List.of("p"))),
            Map.of("uv", "1"));
    try (var workspace =
        Workspace.create(Workspace.DEFAULT_NAME, null, true, settings, Progress.SILENT)) {
      workspace.locks().get(lock.definitionHash(), lock.platform(), null, false, () -> lock);
      var digest = lock.digest();
      var prefix = workspace.prefixes().directory(digest.hex());
      AtomicFiles.write(prefix.resolve("bin/python"), "");
      if (!prefix.resolve("bin/python").toFile().setExecutable(true)) {
        throw new IllegalStateException(prefix + " cannot be made");
      }
      AtomicFiles.write(prefix.resolve("lib/python3.11/site-packages/p-1.dist-info/RECORD"), "");
      AtomicFiles.write(
          prefix.resolve(".terroir-prefix.json"),
          JsonWriter.compact(
              JsonObject.builder()
                  .put("format", "terroir-prefix/1")
                  .put("lockDigest", digest.prefixed())
                  .put("python", "3.11")
                  .put("distributions", List.of("p-1.dist-info"))
                  .build()));
    }
  }
}

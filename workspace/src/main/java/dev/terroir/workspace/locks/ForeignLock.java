package dev.terroir.workspace.locks;

import dev.terroir.environment.Environment;
import dev.terroir.environment.Validation;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import dev.terroir.lock.exchange.ForeignLocks;
import dev.terroir.lock.exchange.LockDocument;
import dev.terroir.lock.exchange.LockExchange;
import dev.terroir.lock.exchange.SourceBuilds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Another tool's lock that a workspace is to have as an environment of exactly its packages.
/// Immutable.
///
/// @param text of the file
/// @param source what messages call the file
/// @param directory what relative paths in it are relative to; null where a file of this machine is
///   not to be named at all, as by a text that came over a network
/// @param name of the environment
/// @param environment which one of the file, or null for the only or the default one
/// @param platform which one of the file, or null for this machine's, else the only one
/// @param isReplacing whether it takes the place of another lock of the same definition
/// @since 0.1
public record ForeignLock(
    String text,
    String source,
    @Nullable Path directory,
    String name,
    @Nullable String environment,
    @Nullable String platform,
    boolean isReplacing) {
  private static final Pattern FILE =
      Pattern.compile("(?:[a-z]+\\+)?file:", Pattern.CASE_INSENSITIVE);

  /// Reads a file.
  ///
  /// @param name of the environment
  public static ForeignLock read(
      Path file,
      String name,
      @Nullable String environment,
      @Nullable String platform,
      boolean isReplacing) {
    var directory = file.toAbsolutePath().getParent();
    return new ForeignLock(
        YamlReader.lockText(file),
        file.toString(),
        directory == null ? Path.of("/") : directory,
        name,
        environment,
        platform,
        isReplacing);
  }

  /// What it means here.
  ///
  /// @param choice what was taken of the file
  /// @param definition names exactly its packages
  /// @param lock of that definition
  public record Meaning(LockExchange.Choice choice, Environment definition, Lock lock) {}

  /// Reads what it means.
  ///
  /// @param warnings told what is left out, each with file and line
  /// @param builds makes the wheels of what the file names without an archive
  /// @throws TerroirException when the text is no lock, or holds what cannot be taken; the problems
  ///   name file and line
  public Meaning meaning(Consumer<String> warnings, SourceBuilds builds) {
    Validation.checkNewName(name);
    var document = ForeignLocks.parse(text, source, warnings);
    var choice = LockExchange.choose(document, source, environment, platform);
    var base = directory;
    if (base == null) {
      refuseFiles(document, choice);
      base = Path.of("/");
    }
    var imported = LockExchange.toLock(document, choice, base, builds);
    var definition = Environment.of(name, imported.dependencies());
    Validation.check(definition);
    return new Meaning(choice, definition, imported.of(CanonicalForm.hash(definition)));
  }

  // Before anything looks whether there are such files.
  private static void refuseFiles(LockDocument document, LockExchange.Choice choice) {
    List<Problem> problems = new ArrayList<>();
    for (var use : document.uses(choice.environment(), choice.platform())) {
      if (isFile(use.entry().location())) {
        problems.add(
            Problem.of(
                    LockCode.LOCK_NOT_IMPORTABLE,
                    "`" + use.entry().name() + "` lies in a file of the caller's machine")
                .at(use.place())
                .hint("give it a URL that the server can reach"));
      }
    }
    if (!problems.isEmpty()) {
      throw new LockException(problems);
    }
  }

  /// Whether a location is a path or a URL of a file.
  public static boolean isFile(String location) {
    return !location.contains("://") || FILE.matcher(location).lookingAt();
  }
}

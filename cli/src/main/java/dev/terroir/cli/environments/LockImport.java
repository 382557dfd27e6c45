package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.environment.Validation;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.lock.exchange.ForeignLocks;
import dev.terroir.lock.exchange.LockExchange;
import java.nio.file.Path;

/// `terroir lock import`: an environment that means exactly what another tool's lock holds. Its
/// lock is the file's, so building it resolves nothing.
final class LockImport {
  private LockImport() {}

  static int run(Arguments arguments, Context context) {
    var file = Path.of(arguments.get("--file"));
    var document = ForeignLocks.read(file, context.progress()::warn);
    var choice =
        LockExchange.choose(
            document, arguments.orNull("--environment"), arguments.orNull("--platform"));
    var base = file.toAbsolutePath().getParent();
    var imported = LockExchange.toLock(document, choice, base == null ? Path.of("/") : base);
    var name = arguments.optional("--name").orElseGet(() -> nameOf(file));
    Validation.checkNewName(name);
    var environment = Environment.of(name, imported.dependencies());
    Validation.check(environment);
    var hash = CanonicalForm.hash(environment);
    var lock = imported.of(hash);
    var workspace =
        context.local(
            "a server keeps no lock that was made elsewhere",
            "import it where the workspace lies, or register the environment alone with `terroir"
                + " environment register`");
    var other = workspace.locks().adopt(lock, arguments.has("--update"));
    if (other.isPresent()) {
      throw CliException.usage(
          "the same packages are locked already, with other archives: lock "
              + other.get().digest().hex().substring(0, 12),
          "`--update` takes the file's lock instead; the other one stays listed");
    }
    var directory = arguments.path("--directory");
    directory.ifPresent(
        path -> SavedDirectory.save(environment, path, arguments.has("--overwrite")));
    var registered = workspace.environments().register(environment);
    var size = lock.everything().size();
    context
        .console()
        .note(
            "imported "
                + size
                + (size == 1 ? " package" : " packages")
                + " of "
                + document.format().title()
                + " as "
                + name
                + " version "
                + registered.version());
    var json =
        JsonObject.builder()
            .put("name", name)
            .put("version", registered.version())
            .put("hash", hash)
            .put("lockDigest", lock.digest().prefixed())
            .put("platform", lock.platform().toString())
            .put("pythonVersion", lock.pythonVersion())
            .put("condaPackages", lock.conda().packages().size())
            .put("packages", lock.packages().size());
    directory.ifPresent(path -> json.put("directory", path.toString()));
    context.console().result(json.build(), "name", "version", "hash", "platform");
    return 0;
  }

  private static String nameOf(Path file) {
    var name =
        String.valueOf(file.getFileName()).replaceFirst("(?i)\\.(?:ya?ml|txt|lock|json)$", "");
    return name.replaceAll("[^A-Za-z0-9_.-]+", "-");
  }
}

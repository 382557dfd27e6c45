package dev.terroir.cli.environments;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.locks.ForeignLock;
import java.nio.file.Path;

/// `terroir lock import`: an environment that means exactly what another tool's lock holds. Its
/// lock is the file's, so building it resolves nothing.
final class LockImport {
  private LockImport() {}

  static int run(Arguments arguments, Context context) {
    var file = Path.of(arguments.get("--file"));
    var name = arguments.optional("--name").orElseGet(() -> nameOf(file));
    var foreign =
        ForeignLock.read(
            file,
            name,
            arguments.orNull("--environment"),
            arguments.orNull("--platform"),
            arguments.has("--update"));
    var imported = context.workspace().importLock(foreign, context.progress()::warn);
    var lock = imported.lock();
    var registered = imported.environment();
    var directory = arguments.path("--directory");
    directory.ifPresent(path ->
        SavedDirectory.save(
            registered.environment().withVersion(null), path, arguments.has("--overwrite")));
    var size = lock.everything().size();
    context
        .console()
        .note(
            "imported "
                + size
                + (size == 1 ? " package" : " packages")
                + " of `"
                + file
                + "` as "
                + name
                + " version "
                + registered.version());
    var json =
        JsonObject.builder()
            .put("name", name)
            .put("version", registered.version())
            .put("hash", registered.hash())
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

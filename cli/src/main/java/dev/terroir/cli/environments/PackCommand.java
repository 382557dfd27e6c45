package dev.terroir.cli.environments;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.prefix.pack.Pack;
import java.nio.file.Path;
import java.util.ArrayList;

/// `terroir environment pack`.
final class PackCommand {
  private PackCommand() {}

  static Leaf leaf() {
    var options = new ArrayList<>(Environments.OPTIONS);
    options.add(
        Option.value("-p --prefix", "DIR", "Any conda environment of this machine instead."));
    options.add(Option.required("-o --file", "FILE", "The archive: NAME.tar.gz or NAME.tar.zst."));
    return new Leaf(
        "pack",
        "Write a conda environment as an archive that runs wherever it is unpacked.",
        "terroir environment pack -n demo -o demo.tar.gz",
        options,
        "",
        PackCommand::pack);
  }

  private static int pack(Arguments arguments, Context context) {
    var file = Path.of(arguments.get("--file"));
    var prefix = arguments.path("--prefix").orElseGet(() -> installed(arguments, context));
    context.progress().step("packing " + prefix);
    var packed = Pack.write(prefix, file);
    packed.notes().forEach(context.progress()::warn);
    context
        .console()
        .result(
            JsonObject.builder()
                .put("file", packed.file().toString())
                .put("files", packed.files())
                .put("sizeBytes", packed.sizeBytes())
                .put("notes", packed.notes())
                .build(),
            "file",
            "files",
            "sizeBytes");
    return 0;
  }

  private static Path installed(Arguments arguments, Context context) {
    return context
        .workspace()
        .realise(
            Environments.chosen(arguments, context),
            Environments.lockOptions(arguments, false),
            context.progress())
        .python()
        .prefix()
        .orElseThrow(() ->
            CliException.usage(
                "a user-managed environment belongs to its owner and is not packed by name",
                "give its directory with --prefix"));
  }
}

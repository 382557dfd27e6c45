package dev.terroir.cli.environments;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.image.license.Licenses;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Locked;
import java.util.ArrayList;
import java.util.List;

/// `terroir environment licenses`.
final class LicenseCommand {
  private LicenseCommand() {}

  static int run(Arguments arguments, Context context) {
    var lock =
        context
            .workspace()
            .lock(
                Environments.chosen(arguments, context),
                Environments.lockOptions(arguments, false),
                context.progress())
            .lock();
    Licenses licenses;
    try (var store = ArchiveStore.open(context.settings(), TerroirHome.of(context.settings()))) {
      licenses = Licenses.of(lock, store, context.progress());
    }
    var console = context.console();
    if (console.isTable()) {
      var rows = new ArrayList<JsonValue>();
      licenses.byLicense().forEach((license, packages) -> rows.add(row(license, packages)));
      if (!licenses.unknown().isEmpty()) {
        rows.add(row("(unknown)", licenses.unknown()));
      }
      console.result(new JsonValue.JsonArray(rows), "license", "count", "packages");
      return 0;
    }
    var groups = new ArrayList<JsonValue>();
    licenses
        .byLicense()
        .forEach((license, packages) ->
            groups.add(
                JsonObject.builder()
                    .put("license", license)
                    .put("packages", packages(packages))
                    .build()));
    console.result(
        JsonObject.builder()
            .put("lockDigest", lock.digest().prefixed())
            .put("licenses", new JsonValue.JsonArray(groups))
            .put("unknown", packages(licenses.unknown()))
            .build());
    return 0;
  }

  private static JsonValue row(String license, List<Locked> packages) {
    return JsonObject.builder()
        .put("license", license)
        .put("count", packages.size())
        .put(
            "packages",
            String.join(
                ", ", packages.stream().map(item -> item.name() + " " + item.version()).toList()))
        .build();
  }

  private static JsonValue packages(List<Locked> packages) {
    return new JsonValue.JsonArray(
        packages.stream()
            .<JsonValue>map(item ->
                JsonObject.builder()
                    .put("name", item.name())
                    .put("version", item.version())
                    .put("kind", item instanceof CondaPackage ? "conda" : "pypi")
                    .build())
            .toList());
  }
}

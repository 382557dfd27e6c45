package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.workspace.config.WorkspaceDetails;
import java.util.Optional;

/// What a workspace is told to be, from and for a server.
final class RemoteDetails {
  private RemoteDetails() {}

  /// Reads what [WorkspaceDetails#toJson] shows: bases that Terroir comes with are nobody's choice.
  static WorkspaceDetails read(JsonObject json) {
    var stored = json.toBuilder();
    if (json.optionalString("database").equals(Optional.of("sqlite"))) {
      stored.remove("database");
    }
    var bases = json.optionalObject("defaultBases").orElse(JsonObject.EMPTY);
    var chosen = bases.toBuilder();
    for (var kind : DefaultBases.Kind.values()) {
      if (bases
          .optionalString(kind.id())
          .equals(Optional.of(DefaultBases.builtIn().get(kind).reference()))) {
        chosen.remove(kind.id());
      }
    }
    return WorkspaceDetails.read(stored.put("defaultBases", chosen.build()).build());
  }

  /// What a server is told so that it changes the one into the other (RFC 7396).
  static JsonObject patch(WorkspaceDetails before, WorkspaceDetails after) {
    var patch = JsonObject.builder();
    var old = before.toJson();
    var wanted = after.toJson();
    copyIfChanged("containerRegistry", old, wanted, patch);
    var bases = JsonObject.builder();
    for (var kind : DefaultBases.Kind.values()) {
      var reference = after.defaultBases().get(kind);
      if (reference == null
          ? before.defaultBases().containsKey(kind)
          : !reference.equals(before.defaultBases().get(kind))) {
        bases.put(kind.id(), JsonValue.ofNullable(reference));
      }
    }
    if (!bases.build().isEmpty()) {
      patch.put("defaultBases", bases.build());
    }
    var conda = JsonObject.builder();
    for (var name : wanted.object("conda").members().keySet()) {
      copyIfChanged(name, old.object("conda"), wanted.object("conda"), conda);
    }
    if (!conda.build().isEmpty()) {
      patch.put("conda", conda.build());
    }
    return patch.build();
  }

  private static void copyIfChanged(
      String name, JsonObject before, JsonObject after, JsonObject.Builder patch) {
    if (!before.get(name).equals(after.get(name))) {
      patch.put(name, after.get(name).orElse(JsonValue.NULL));
    }
  }
}

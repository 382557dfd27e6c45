package dev.terroir.server;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonValue.JsonArray;
import dev.terroir.foundation.json.JsonValue.JsonNull;
import dev.terroir.foundation.json.JsonValue.JsonString;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Etags;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.config.WorkspaceDetails;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the workspace is told to be.
final class WorkspaceResource implements Resource {
  private final ServerContext context;

  WorkspaceResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "getWorkspace", Guarded.reader(_ -> answer(context.workspace().details())),
        "updateWorkspace", Guarded.owner(this::update));
  }

  private static Answer answer(WorkspaceDetails details) {
    var json = details.toJson();
    return Answer.json(200, json, Etags.of(json));
  }

  private Answer update(Request request) {
    var after =
        context
            .workspace()
            .update(before -> {
              request.checkIfMatch(Etags.of(before.toJson()));
              return changed(before, request.json());
            });
    context.audit(
        request, "workspace.update", String.join(", ", request.json().members().keySet()));
    return answer(after);
  }

  private WorkspaceDetails changed(WorkspaceDetails before, JsonObject patch) {
    var after = before;
    for (var member : patch.members().entrySet()) {
      after =
          switch (member.getKey()) {
            case "containerRegistry" ->
                patch
                    .optionalString("containerRegistry")
                    .map(after::withContainerRegistry)
                    .orElseGet(after::withOwnRegistry);
            case "defaultBases" -> withBases(after, patch);
            case "conda" -> withConda(after, patch);
            default ->
                throw unknown(
                    member.getKey(), List.of("containerRegistry", "defaultBases", "conda"));
          };
    }
    return after;
  }

  private WorkspaceDetails withBases(WorkspaceDetails before, JsonObject patch) {
    var after = before;
    var bases = patch.optionalObject("defaultBases").orElse(JsonObject.EMPTY);
    for (var kind : DefaultBases.Kind.values()) {
      if (patch.optionalObject("defaultBases").isEmpty()
          || bases.get(kind.id()).filter(JsonNull.class::isInstance).isPresent()) {
        after = after.withoutDefaultBase(kind);
      } else if (bases.has(kind.id())) {
        after =
            after.withDefaultBase(kind, bases.string(kind.id()), context.workspace().directory());
      }
    }
    var known = Arrays.stream(DefaultBases.Kind.values()).map(kind -> kind.id()).toList();
    for (var name : bases.members().keySet()) {
      if (!known.contains(name)) {
        throw unknown("defaultBases." + name, known);
      }
    }
    return after;
  }

  private static WorkspaceDetails withConda(WorkspaceDetails before, JsonObject patch) {
    var present = before.toJson().object("conda");
    var defaults = WorkspaceDetails.of(before.name()).toJson().object("conda");
    var changes = new TreeMap<String, List<String>>();
    for (var member : patch.optionalObject("conda").orElse(defaults).members().entrySet()) {
      var name = member.getKey();
      if (!present.has(name)) {
        throw unknown("conda." + name, List.copyOf(present.members().keySet()));
      }
      var value =
          member.getValue() instanceof JsonNull
              ? defaults.get(name).orElse(JsonValue.NULL)
              : member.getValue();
      changes.put(name, texts(name, value));
    }
    return changes.isEmpty() ? before : before.withConda(changes);
  }

  private static List<String> texts(String name, JsonValue value) {
    return switch (value) {
      case JsonString(var text) -> List.of(text);
      case JsonNull _ -> List.of("");
      case JsonArray(var elements) when elements.stream().allMatch(JsonString.class::isInstance) ->
          elements.stream().map(element -> ((JsonString) element).value()).toList();
      default ->
          throw new RefusedRequest(
              List.of(
                  Problem.of(
                          FoundationCode.JSON_FIELD,
                          "field `conda." + name + "` must be a string or an array of strings")
                      .at(Place.field("conda." + name))));
    };
  }

  private static RefusedRequest unknown(String name, List<String> known) {
    return new RefusedRequest(
        List.of(
            Problem.of(
                    FoundationCode.JSON_FIELD,
                    "field `" + name + "` is unknown; known are " + String.join(", ", known))
                .at(Place.field(name))));
  }
}

package dev.terroir.server.environments;

import dev.terroir.environment.Environment;
import dev.terroir.environment.Validation;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.RefusedRequest;
import dev.terroir.workspace.LocalWorkspace;
import java.util.List;

/// What a request means by an environment: a definition, or a registered version.
///
/// @since 0.1
public final class EnvironmentChoice {
  private EnvironmentChoice() {}

  /// Reads it.
  ///
  /// @param json `definition`, or `name` with `version` or `label`
  /// @throws RefusedRequest when it has both or neither
  /// @throws dev.terroir.foundation.problem.TerroirException when the definition has mistakes, or
  ///   the version is not there
  public static Environment read(JsonObject json, LocalWorkspace workspace) {
    var definition = json.optionalObject("definition");
    var name = json.optionalString("name");
    if (definition.isPresent() == name.isPresent()) {
      throw new RefusedRequest(
          List.of(
              Problem.of(
                      FoundationCode.JSON_FIELD,
                      "field `definition` or field `name` must be there, and not both")
                  .at(Place.field("definition"))));
    }
    if (definition.isPresent()) {
      var environment = Environment.read(definition.get(), _ -> {});
      Validation.check(environment);
      return environment;
    }
    return workspace
        .environments()
        .get(
            name.get(),
            json.optionalString("version").filter(it -> !it.equals("latest")).orElse(null),
            json.optionalString("label").orElse(null))
        .environment();
  }
}

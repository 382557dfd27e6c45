package dev.terroir.workspace.environments;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The curated environments of the retired service, by their names, with packages that are to be
/// had today: the same releases where an index still has them for a Python that the clients know,
/// else the oldest ones that it has, which the description of each says.
final class FormerEnvironments {
  private static final String TABLE = "/dev/terroir/workspace/curated/former.json";

  private static final JsonObject BY_NAME =
      JsonReader.parseObject(CuratedEnvironments.content(TABLE), TABLE);

  private static final String DOCKER =
      """
      {"enabled": false, "baseImage": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04",
       "baseDockerfile": null, "sharedVolumes": true, "shmSize": null, "arguments": [],
       "baseImageRegistry": {"address": null, "username": null, "password": null,
                             "registryIdentity": null},
       "platform": {"os": "Linux", "architecture": "amd64"}}
      """;

  private static final String SPARK =
      """
      {"repositories": [], "packages": [], "precachePackages": true}
      """;

  private FormerEnvironments() {}

  static Set<String> names() {
    return BY_NAME.members().keySet();
  }

  /// A definition as it is stored.
  static String text(String name, String version) {
    var row = BY_NAME.object(name);
    var dependencies = new ArrayList<JsonValue>();
    dependencies.add(JsonValue.of("python=" + row.string("python")));
    var pip = row.strings("pip");
    if (!pip.isEmpty()) {
      dependencies.add(JsonObject.builder().put("pip", pip).build());
    }
    var python =
        JsonObject.builder()
            .put("userManagedDependencies", false)
            .put("interpreterPath", "python")
            .put("condaDependenciesFile", JsonValue.NULL)
            .put("baseCondaEnvironment", JsonValue.NULL)
            .put(
                "condaDependencies",
                JsonObject.builder()
                    .put("channels", List.of("conda-forge"))
                    .put("dependencies", new JsonValue.JsonArray(dependencies))
                    .put("name", "project_environment")
                    .build());
    var definition =
        JsonObject.builder()
            .put("name", name)
            .put("version", version)
            .put("environmentVariables", JsonObject.EMPTY)
            .put("python", python.build())
            .put("docker", JsonReader.parseObject(DOCKER, "docker"))
            .put("spark", JsonReader.parseObject(SPARK, "spark"))
            .put("r", JsonValue.NULL)
            .put("inferencingStackVersion", JsonValue.NULL);
    row.optionalString("note").ifPresent(note -> definition.put("description", note));
    return JsonWriter.compact(definition.build());
  }
}

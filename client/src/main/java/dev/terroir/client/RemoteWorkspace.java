package dev.terroir.client;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.prefix.Prefixes;
import dev.terroir.resolve.artifact.KeptWheels;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.config.WorkspaceDetails;
import dev.terroir.workspace.environments.EnvironmentRegistry;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.DockerImageDetails;
import dev.terroir.workspace.images.ImageBuild;
import dev.terroir.workspace.locks.ForeignLock;
import dev.terroir.workspace.locks.LockStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A workspace on a server. What is remembered, resolved and built is so there; what is made ready
/// on this machine is made of the server's lock. Thread-safe; close it when done.
///
/// @since 0.1
public final class RemoteWorkspace implements Workspace {
  private final RestClient client;
  private final Settings settings;
  private final TerroirHome home;
  private final Progress progress;
  private final JsonObject about;
  private @Nullable Uv uv;

  private RemoteWorkspace(
      RestClient client, Settings settings, Progress progress, JsonObject about) {
    this.client = client;
    this.settings = settings;
    this.home = TerroirHome.of(settings);
    this.progress = progress;
    this.about = about;
  }

  /// Opens the workspace of a server with the token of `TERROIR_TOKEN`, `TERROIR_TOKEN_FILE` or
  /// `terroir login`.
  ///
  /// @param endpoint of the server
  /// @throws ClientException code `token-missing`, `server-unreachable`, `server-incompatible`, or
  ///   what the server says of the token
  public static RemoteWorkspace open(String endpoint, Settings settings, Progress progress) {
    var address = Endpoint.parse(endpoint);
    var token =
        new Logins(settings)
            .find(address.url())
            .filter(text -> !text.isBlank())
            .orElseThrow(() ->
                new ClientException(
                    Problem.of(ClientCode.TOKEN_MISSING, "there is no token for the server")
                        .at(Place.of(address.url()))
                        .hint(
                            "an owner of the workspace makes one with `terroir token create`;"
                                + " keep it here with `terroir login --endpoint "
                                + address.url()
                                + "`, or set TERROIR_TOKEN")));
    var client = new RestClient(address, token, settings);
    try {
      var about = client.get("").json();
      if (!about.optionalString("program").equals(Optional.of("terroir"))) {
        throw new ClientException(
            Problem.of(ClientCode.SERVER_INCOMPATIBLE, "what answers there is no server of Terroir")
                .at(Place.of(address.url()))
                .hint("check the address"));
      }
      var spoken = spoken(about);
      if (!spoken.contains(RestClient.API)) {
        throw client.otherVersion(
            spoken.isEmpty() ? "no version" : String.join(", ", spoken),
            about.optionalString("version").orElse("?"));
      }
      return new RemoteWorkspace(client, settings, progress, about);
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /// Its versions of the API; a later server may say them in another form.
  private static List<String> spoken(JsonObject about) {
    return switch (about.get("api").orElse(JsonValue.NULL)) {
      case JsonValue.JsonArray(var elements) ->
          elements.stream().map(RemoteWorkspace::word).toList();
      case JsonValue.JsonNull _ -> List.of();
      case JsonValue other -> List.of(word(other));
    };
  }

  private static String word(JsonValue value) {
    return value instanceof JsonValue.JsonString(var text) ? text : value.toString();
  }

  /// What talks to the server.
  public RestClient client() {
    return client;
  }

  /// The server's address.
  public Endpoint endpoint() {
    return client.endpoint();
  }

  @Override
  public String name() {
    return about.string("workspace");
  }

  @Override
  public Settings settings() {
    return settings;
  }

  @Override
  public WorkspaceDetails details() {
    return RemoteDetails.read(client.get("/workspace").json());
  }

  /// @throws ClientException code `precondition-failed` when somebody else changes it at once
  @Override
  public WorkspaceDetails update(UnaryOperator<WorkspaceDetails> change) {
    var stored = client.get("/workspace");
    var before = RemoteDetails.read(stored.json());
    var patch = RemoteDetails.patch(before, change.apply(before));
    return patch.isEmpty()
        ? before
        : RemoteDetails.read(client.patch("/workspace", patch, stored.etag()).json());
  }

  @Override
  public EnvironmentRegistry environments() {
    return new RemoteEnvironments(client);
  }

  @Override
  public RemoteDatastores datastores() {
    return new RemoteDatastores(client);
  }

  @Override
  public RemoteComputeTargets computeTargets() {
    return new RemoteComputeTargets(client);
  }

  /// Runs there.
  public RemoteRuns runs() {
    return new RemoteRuns(client);
  }

  /// Registered models.
  public RemoteModels models() {
    return new RemoteModels(client, progress);
  }

  /// Tokens, for owners.
  public RemoteTokens tokens() {
    return new RemoteTokens(client);
  }

  /// Scoring services.
  public RemoteServices services() {
    return new RemoteServices(client);
  }

  /// Images of environments.
  public RemoteImages images() {
    return new RemoteImages(this, progress, this::uv);
  }

  @Override
  public ImageBuild build(Environment environment) {
    return images()
        .build(DefinitionImages.Wish.of(environment, Path.of("").toAbsolutePath()), false);
  }

  @Override
  public LocalBuild buildLocal(
      Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr) {
    return buildLocal(
        environment, useDocker, pushImageToWorkspaceAcr, Path.of("").toAbsolutePath());
  }

  @Override
  public LocalBuild buildLocal(
      Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr, Path directory) {
    if (useDocker) {
      return images().buildInto(environment, pushImageToWorkspaceAcr, directory);
    }
    if (pushImageToWorkspaceAcr) {
      throw new IllegalArgumentException("pushImageToWorkspaceAcr needs useDocker");
    }
    return new LocalBuild.Installed(
        realise(environment, LockOptions.here().withBase(directory), progress));
  }

  @Override
  public DockerImageDetails getImageDetails(Environment environment) {
    return DockerImageDetails.of(
        client
            .post(
                "/definitions/image",
                JsonObject.builder().put("definition", environment.toJson()).build())
            .json());
  }

  @Override
  public LockStore.Stored lock(Environment environment, LockOptions options, Progress shown) {
    var stored = new RemoteLocks(client).lock(environment, options, shown);
    new RemoteWheels(client, KeptWheels.of(home)).fetch(stored.lock());
    return stored;
  }

  @Override
  public Optional<Lock> findLock(
      Environment environment, Platform platform, @Nullable String pythonVersion) {
    return new RemoteLocks(client).find(environment, platform, pythonVersion);
  }

  @Override
  public ImportedLock importLock(ForeignLock foreign, Consumer<String> warnings) {
    return new RemoteLocks(client).importLock(foreign, warnings);
  }

  private synchronized Uv uv() {
    var open = uv;
    if (open == null) {
      open = Uv.open(settings, home, progress);
      uv = open;
    }
    return open;
  }

  @Override
  public Prefixes prefixes() {
    return new Prefixes(home, this::uv, details().conda());
  }

  /// As `terroir workspace show` shows it.
  public JsonObject toJson() {
    return JsonObject.builder()
        .put("name", name())
        .put("endpoint", endpoint().url())
        .put("role", about.optionalString("role").orElse(""))
        .put(
            "serverVersion",
            about.optionalString("version").map(JsonValue::of).orElse(JsonValue.NULL))
        .putAll(client.get("/workspace").json())
        .build();
  }

  @Override
  public void close() {
    client.close();
  }
}

package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.data.Datastores;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The datastores of a workspace on a server. Thread-safe.
///
/// @since 0.1
public final class RemoteDatastores implements Datastores {
  private static final String DATASTORES = "/datastores";

  private final RestClient client;

  RemoteDatastores(RestClient client) {
    this.client = client;
  }

  private static String path(String name) {
    return DATASTORES + "/" + RestClient.part(name);
  }

  private static String file(String store, String relative) {
    return path(store) + "/files/" + RestClient.parts(relative);
  }

  private static Datastore datastore(JsonObject json) {
    return new Datastore(
        json.string("name"),
        json.optionalString("path").orElse(null),
        json.optionalBoolean("isDefault").orElse(false),
        json.optionalString("createdAt").orElse(null));
  }

  @Override
  public List<Datastore> list() {
    return client.get(DATASTORES).json().objects("items").stream()
        .map(RemoteDatastores::datastore)
        .toList();
  }

  @Override
  public Datastore get(String name) {
    return datastore(client.get(path(name)).json());
  }

  @Override
  public Datastore put(String name, @Nullable Path path, @Nullable Boolean isDefault) {
    var body = JsonObject.builder();
    if (path != null) {
      body.put("path", path.toString());
    }
    if (isDefault != null) {
      body.put("isDefault", isDefault.booleanValue());
    }
    return datastore(client.put(path(name), body.build()).json());
  }

  @Override
  public void unregister(String name) {
    client.delete(path(name));
  }

  @Override
  public List<DataFile> files(String store, String prefix) {
    var below = prefix.isEmpty() ? null : prefix;
    return client
        .get(RestClient.query(path(store) + "/files", "prefix", below))
        .json()
        .objects("items")
        .stream()
        .map(item ->
            new DataFile(
                item.string("name"),
                item.longValue("size"),
                item.optionalString("modifiedAt").orElse("")))
        .toList();
  }

  @Override
  public void write(String store, String relative, Path source, boolean isOverwriting) {
    new Pieces(client, source, _ -> {})
        .send(
            RestClient.query(file(store, relative), "overwrite", isOverwriting ? "true" : null),
            () -> Contents.of(relative, source).digest());
  }

  @Override
  public void read(String store, String relative, Path target) {
    new Contents(client).receive(file(store, relative), target, -1);
  }

  @Override
  public void delete(String store, String relative) {
    client.delete(file(store, relative));
  }
}

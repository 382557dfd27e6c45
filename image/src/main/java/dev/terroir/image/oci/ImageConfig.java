package dev.terroir.image.oci;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a container of an image starts with, and which layers the image has. Immutable: every
/// `with…` gives a changed copy. Members that are not known here, such as Docker's `Healthcheck`,
/// stay as they were read, so that an image built upon another keeps them.
///
/// Spec: OCI image specification, "Image configuration".
///
/// @param json well-formed by [OciDocument#CONFIG]
/// @since 0.1
public record ImageConfig(JsonObject json) {

  /// One entry of the history.
  ///
  /// @param createdBy the command or the tool that made the layer
  /// @param comment more about it, or empty
  /// @param isEmptyLayer whether no layer belongs to it
  public record History(String createdBy, String comment, boolean isEmptyLayer) {}

  /// A configuration with no layers and nothing set.
  public static ImageConfig of(Platform platform) {
    return new ImageConfig(
        JsonObject.builder()
            .put("architecture", platform.architecture())
            .put("os", platform.os())
            .put("config", JsonObject.EMPTY)
            .put(
                "rootfs",
                JsonObject.builder().put("type", "layers").put("diff_ids", List.of()).build())
            .build());
  }

  /// Reads one strictly.
  ///
  /// @param source what messages call it
  /// @throws dev.terroir.image.ImageException code `invalid-oci-document`, the field named
  public static ImageConfig read(byte[] bytes, String source) {
    var config = new ImageConfig(OciDocument.CONFIG.read(bytes, source));
    config.diffIds();
    return config;
  }

  /// What it runs on.
  public Platform platform() {
    return new Platform(json.string("os"), json.string("architecture"));
  }

  /// The digests of the layers' uncompressed bytes, from the lowest to the highest.
  public List<Digest> diffIds() {
    return json.object("rootfs").strings("diff_ids").stream().map(Digest::parse).toList();
  }

  /// The history, oldest first.
  public List<History> history() {
    return json.objects("history").stream()
        .map(entry ->
            new History(
                entry.optionalString("created_by").orElse(""),
                entry.optionalString("comment").orElse(""),
                entry.optionalBoolean("empty_layer").orElse(false)))
        .toList();
  }

  /// The environment variables in order; a later setting of a name replaces an earlier one.
  public Map<String, String> environment() {
    var variables = new LinkedHashMap<String, String>();
    for (var entry : execution().strings("Env")) {
      var equals = entry.indexOf('=');
      variables.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
    return Collections.unmodifiableMap(variables);
  }

  /// The program that every container starts, with its first arguments; may be empty.
  public List<String> entrypoint() {
    return execution().strings("Entrypoint");
  }

  /// The command, or the arguments of the entry point; may be empty.
  public List<String> command() {
    return execution().strings("Cmd");
  }

  /// Where the command starts.
  public Optional<String> workingDirectory() {
    return execution().optionalString("WorkingDir").filter(text -> !text.isEmpty());
  }

  /// Who runs it.
  public Optional<String> user() {
    return execution().optionalString("User").filter(text -> !text.isEmpty());
  }

  /// The labels in order.
  public Map<String, String> labels() {
    return execution().stringMap("Labels");
  }

  /// The ports that it says it listens on, as `8080/tcp`.
  public List<String> exposedPorts() {
    return execution().optionalObject("ExposedPorts").stream()
        .flatMap(ports -> ports.members().keySet().stream())
        .toList();
  }

  /// The same for another platform.
  public ImageConfig withPlatform(Platform platform) {
    return new ImageConfig(
        json.toBuilder()
            .put("architecture", platform.architecture())
            .put("os", platform.os())
            .build());
  }

  /// The same with a time of making, as RFC 3339 writes it.
  public ImageConfig withCreated(String created) {
    return new ImageConfig(json.toBuilder().put("created", created).build());
  }

  /// The same with a variable set, where it stands or at the end.
  public ImageConfig withVariable(String name, String value) {
    var variables = new LinkedHashMap<>(environment());
    variables.put(name, value);
    var entries = new ArrayList<String>();
    variables.forEach((key, text) -> entries.add(key + "=" + text));
    return withExecution("Env", JsonValue.JsonArray.ofStrings(entries));
  }

  /// The same with another entry point; empty takes it away.
  public ImageConfig withEntrypoint(List<String> arguments) {
    return withExecution("Entrypoint", JsonValue.JsonArray.ofStrings(arguments));
  }

  /// The same with another command; empty takes it away.
  public ImageConfig withCommand(List<String> arguments) {
    return withExecution("Cmd", JsonValue.JsonArray.ofStrings(arguments));
  }

  /// The same with another working directory.
  public ImageConfig withWorkingDirectory(String directory) {
    return withExecution("WorkingDir", JsonValue.of(directory));
  }

  /// The same with another user.
  public ImageConfig withUser(String user) {
    return withExecution("User", JsonValue.of(user));
  }

  /// The same with a label set.
  public ImageConfig withLabel(String name, String value) {
    var changed = new LinkedHashMap<>(labels());
    changed.put(name, value);
    return withExecution("Labels", JsonValue.ofStrings(changed));
  }

  /// The same with one more exposed port, as `8080/tcp`.
  public ImageConfig withExposedPort(String port) {
    return withExecution(
        "ExposedPorts",
        execution().optionalObject("ExposedPorts").orElse(JsonObject.EMPTY).toBuilder()
            .put(port, JsonObject.EMPTY)
            .build());
  }

  /// The same with one more volume.
  public ImageConfig withVolume(String path) {
    return withExecution(
        "Volumes",
        execution().optionalObject("Volumes").orElse(JsonObject.EMPTY).toBuilder()
            .put(path, JsonObject.EMPTY)
            .build());
  }

  /// The same with one more layer on top and its entry of the history.
  public ImageConfig withLayer(Digest diffId, String createdBy, String comment) {
    var diffIds = new ArrayList<>(json.object("rootfs").strings("diff_ids"));
    diffIds.add(diffId.toString());
    var changed =
        json.toBuilder()
            .put("rootfs", json.object("rootfs").toBuilder().put("diff_ids", diffIds).build())
            .build();
    return new ImageConfig(changed).withHistory(new History(createdBy, comment, false));
  }

  /// The same with one more entry of the history; a layer's own comes with it.
  public ImageConfig withHistory(History entry) {
    var line = JsonObject.builder().put("created_by", entry.createdBy());
    json.optionalString("created").ifPresent(created -> line.put("created", created));
    if (!entry.comment().isEmpty()) {
      line.put("comment", entry.comment());
    }
    if (entry.isEmptyLayer()) {
      line.put("empty_layer", true);
    }
    var entries = new ArrayList<JsonValue>(json.array("history"));
    entries.add(line.build());
    return new ImageConfig(
        json.toBuilder().put("history", new JsonValue.JsonArray(entries)).build());
  }

  /// Its JSON: one line, members in their order; the same value gives the same bytes everywhere.
  public byte[] bytes() {
    return JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8);
  }

  /// What names these bytes of it.
  public Descriptor descriptor() {
    var bytes = bytes();
    return Descriptor.of(MediaType.CONFIG, Digest.of(bytes), bytes.length);
  }

  private JsonObject execution() {
    return json.optionalObject("config").orElse(JsonObject.EMPTY);
  }

  private ImageConfig withExecution(String field, JsonValue value) {
    var execution = execution().toBuilder();
    if (value instanceof JsonValue.JsonArray(var elements) && elements.isEmpty()) {
      execution.remove(field);
    } else {
      execution.put(field, value);
    }
    return new ImageConfig(json.toBuilder().put("config", execution.build()).build());
  }
}

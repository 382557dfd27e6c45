package dev.terroir.client;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Bytes to and from a server: sent only when the server lacks them, received whole or not at all.
/// Thread-safe.
final class Contents {
  private static final int AT_ONCE = 10_000;

  private final RestClient client;

  Contents(RestClient client) {
    this.client = client;
  }

  /// A file of this machine.
  ///
  /// @param path what the server is to call it
  record Sent(String path, Path file, String digest, long size, boolean isExecutable) {
    /// As the contract names it in a model.
    JsonObject toJson() {
      return JsonObject.builder().put("path", path).put("digest", digest).put("size", size).build();
    }
  }

  /// Reads a file's digest.
  static Sent of(String path, Path file) {
    try {
      return new Sent(
          path, file, Sha256.of(file).prefixed(), Files.size(file), Files.isExecutable(file));
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  /// Sends the files that the server lacks.
  void send(List<Sent> files, Progress progress) {
    Map<String, Sent> byDigest = new TreeMap<>();
    files.forEach(file -> byDigest.put(file.digest(), file));
    var digests = List.copyOf(byDigest.keySet());
    var missing = new HashSet<String>();
    for (int i = 0; i < digests.size(); i += AT_ONCE) {
      missing.addAll(
          client
              .post(
                  "/contents/missing",
                  JsonObject.builder()
                      .put("digests", digests.subList(i, Math.min(digests.size(), i + AT_ONCE)))
                      .build())
              .json()
              .strings("missing"));
    }
    var lacking = byDigest.values().stream().filter(it -> missing.contains(it.digest())).toList();
    var total = lacking.stream().mapToLong(Sent::size).sum();
    if (total > 0) {
      progress.step("sending " + lacking.size() + (lacking.size() == 1 ? " file" : " files"));
    }
    var done = 0L;
    for (var file : lacking) {
      var before = done;
      new Pieces(client, file.file(), sent -> progress.advance(before + sent, total))
          .send("/contents/" + file.digest(), file::digest);
      done += file.size();
      progress.advance(done, total);
    }
  }

  /// A file's bytes as the body of a request.
  static BodyPublisher publisher(Path file) {
    try {
      return BodyPublishers.ofFile(file);
    } catch (FileNotFoundException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  /// Sends a directory, less what its ignore files name.
  ///
  /// @return the snapshot's id, `sha256:…`
  String snapshot(Path source, Snapshot.Limits limits, Progress progress) {
    Path store;
    try {
      store = Files.createTempDirectory("terroir-snapshot");
    } catch (IOException e) {
      throw FoundationException.ofFile("the snapshot cannot be taken", source, e);
    }
    try {
      var files = new ArrayList<Sent>();
      var json = new ArrayList<JsonObject>();
      for (var entry : Snapshot.take(source, store, limits).entries()) {
        var hex = entry.sha256();
        var file =
            new Sent(
                entry.path(),
                store.resolve("objects").resolve(hex.substring(0, 2)).resolve(hex.substring(2)),
                "sha256:" + hex,
                entry.sizeBytes(),
                entry.isExecutable());
        files.add(file);
        json.add(file.toJson().toBuilder().put("isExecutable", entry.isExecutable()).build());
      }
      send(files, progress);
      return client
          .post("/snapshots", JsonObject.builder().put("files", RestClient.array(json)).build())
          .json()
          .string("id");
    } finally {
      Trees.delete(store);
    }
  }

  /// Receives a file; what is cut off goes on where it was cut.
  ///
  /// @param path of it below `/api/v1`
  /// @param size that it must have, or -1
  void receive(String path, Path target, long size) {
    try {
      Files.createDirectories(target.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw FoundationException.ofFile("the folder cannot be made", target, e);
    }
    AtomicFiles.write(target, out -> new Receiving(client, path, target).into(out, size));
  }

  /// A place below a folder; a server does not decide what lies beside it.
  static Path below(Path folder, String name) {
    var place = folder.resolve(name).normalize();
    if (name.isEmpty() || name.startsWith("/") || !place.startsWith(folder.normalize())) {
      throw new ClientException(
          Problem.of(ClientCode.SERVER_INCOMPATIBLE, "the server names a file that leads out of it")
              .at(Place.of("`" + name + "`")));
    }
    return place;
  }
}

package dev.terroir.workspace.data;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeMap;

/// Takes files and folders to a datastore and back, as `upload` and `download` of the retired
/// service: what is there already stays and is not sent, unless it is to be replaced. Thread-safe.
///
/// @since 0.1
public final class DataTransfer {
  private final Datastores stores;
  private final String store;
  private final boolean isOverwriting;
  private final Progress progress;

  /// @param store the datastore's name
  /// @param isOverwriting whether what is there already is replaced
  public DataTransfer(Datastores stores, String store, boolean isOverwriting, Progress progress) {
    this.stores = stores;
    this.store = store;
    this.isOverwriting = isOverwriting;
    this.progress = progress;
  }

  /// What was done.
  ///
  /// @param files how many were taken there
  /// @param skipped how many were there already and stayed
  /// @param sizeBytes of those that were taken
  public record Outcome(int files, int skipped, long sizeBytes) {
    /// As commands show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("files", files)
          .put("skipped", skipped)
          .put("sizeBytes", sizeBytes)
          .build();
    }
  }

  /// Sends a file, or the files of a folder under their paths in it.
  ///
  /// @param target a folder of the datastore, empty for the datastore itself
  public Outcome upload(Path source, String target) {
    var below = folder(target);
    var files = sources(source, below);
    var skipped = isOverwriting ? 0 : leaveOut(there(below).keySet(), files);
    var total = 0L;
    for (var file : files.values()) {
      total += size(file);
    }
    begin("sending", files.size());
    var sent = 0;
    var bytes = 0L;
    for (var file : files.entrySet()) {
      var size = size(file.getValue());
      if (write(file.getKey(), file.getValue())) {
        sent++;
        bytes += size;
      } else {
        skipped++;
      }
      progress.advance(bytes, total);
    }
    return new Outcome(sent, skipped, bytes);
  }

  private boolean write(String name, Path file) {
    try {
      stores.write(store, name, file, isOverwriting);
      return true;
    } catch (TerroirException e) {
      // Somebody else was faster, or it was sent again because no answer came.
      if (!isOverwriting && e.problem().code().id().equals("data-file-exists")) {
        return false;
      }
      throw e;
    }
  }

  /// Fetches files under their paths in the datastore.
  ///
  /// @param prefix a file or folder of the datastore, empty for all of it
  /// @param target a folder of this machine
  public Outcome download(String prefix, Path target) {
    var files = there(folder(prefix));
    if (files.isEmpty() && !folder(prefix).isEmpty()) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.DATA_FILE_NOT_FOUND,
              "the datastore `" + store + "` has nothing at `" + prefix + "`"));
    }
    var skipped = 0;
    if (!isOverwriting) {
      var found = files.size();
      files.keySet().removeIf(name -> Files.exists(place(target, name)));
      skipped = found - files.size();
    }
    var total = files.values().stream().mapToLong(Long::longValue).sum();
    begin("receiving", files.size());
    var bytes = 0L;
    for (var file : files.entrySet()) {
      stores.read(store, file.getKey(), place(target, file.getKey()));
      bytes += file.getValue();
      progress.advance(bytes, total);
    }
    return new Outcome(files.size(), skipped, bytes);
  }

  private void begin(String what, int files) {
    if (files > 0) {
      progress.step(what + " " + files + (files == 1 ? " file" : " files"));
    }
  }

  /// A folder's name as names of files begin with it.
  private static String folder(String text) {
    var path = text.replaceFirst("^(\\./+|/+)+", "").replaceFirst("/+$", "");
    return path.isEmpty() || path.equals(".") ? "" : path + "/";
  }

  private static TreeMap<String, Path> sources(Path source, String below) {
    var files = new TreeMap<String, Path>();
    if (Files.isRegularFile(source)) {
      files.put(below + source.getFileName(), source);
      return files;
    }
    if (!Files.isDirectory(source)) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.DATA_FILE_NOT_FOUND, "there is no file or folder to upload")
              .at(Place.file(source)));
    }
    try (var walk = Files.walk(source)) {
      walk.filter(Files::isRegularFile)
          .forEach(file -> files.put(below + source.relativize(file), file));
      return files;
    } catch (IOException e) {
      throw FoundationException.ofFile("the folder cannot be read", source, e);
    }
  }

  /// The files below a folder, or the one of its name.
  private TreeMap<String, Long> there(String folder) {
    var file = folder.isEmpty() ? "" : folder.substring(0, folder.length() - 1);
    var found = new TreeMap<String, Long>();
    for (var one : stores.files(store, file)) {
      if (one.name().startsWith(folder) || one.name().equals(file)) {
        found.put(one.name(), one.size());
      }
    }
    return found;
  }

  private static int leaveOut(Set<String> there, TreeMap<String, Path> files) {
    var before = files.size();
    files.keySet().removeAll(there);
    return before - files.size();
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  /// A place below a folder; a server does not decide what lies beside it.
  private static Path place(Path target, String name) {
    var folder = target.toAbsolutePath().normalize();
    var place = folder.resolve(name).normalize();
    if (!place.startsWith(folder) || place.equals(folder)) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.DATA_REFUSED, "a file of the datastore leads out of it")
              .at(Place.of("`" + name + "`")));
    }
    return place;
  }
}

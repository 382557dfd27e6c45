package dev.terroir.resolve.conda;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Judges the paths that conda packages want to write, before rattler links any of them: it takes
/// `info/paths.json` at its word and would follow `..` out of the prefix. What was judged is noted
/// by the archive's digest.
final class PackagePaths {
  private final CondaAccess access;
  private final Rattler rattler;
  private final Path notes;

  PackagePaths(CondaAccess access, Rattler rattler) {
    this.access = access;
    this.rattler = rattler;
    this.notes = access.home().cache().resolve("conda/judged");
  }

  /// @throws ResolveException code `conda-archive` for a path that leads out of the prefix
  void check(List<CondaPackage> packages, Progress progress) {
    var unknown = packages.stream().filter(item -> !Files.isRegularFile(note(item))).toList();
    if (unknown.isEmpty()) {
      return;
    }
    var paths =
        rattler
            .call(
                access
                    .fetching(unknown.stream().map(CondaPackage::channel).distinct().toList())
                    .toBuilder()
                    .put("operation", "contents")
                    .put("urls", unknown.stream().map(CondaPackage::url).toList())
                    .build(),
                "the conda packages cannot be installed",
                List.of(),
                progress)
            .optionalObject("paths")
            .orElse(JsonObject.EMPTY);
    for (var item : unknown) {
      for (var path : paths.strings(item.url())) {
        if (leadsOut(path)) {
          throw new ResolveException(
              Problem.of(
                      ResolveCode.CONDA_ARCHIVE,
                      "the conda package " + item.title() + " is refused")
                  .at(Place.of(item.url()))
                  .because("it wants to write `" + path + "`, which leads out of the environment")
                  .hint("nothing was installed; tell whoever looks after the channel"));
        }
      }
      AtomicFiles.writeCached(note(item), "");
    }
  }

  private Path note(CondaPackage item) {
    return notes.resolve(item.digest().replace(':', '-'));
  }

  /// Whether a path is absolute or has a part that leads up.
  static boolean leadsOut(String path) {
    return path.startsWith("/")
        || path.contains("\\")
        || path.indexOf('\0') >= 0
        || Arrays.asList(path.split("/")).contains("..");
  }
}

package dev.terroir.server.registry;

import dev.terroir.image.oci.ImageReference;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.environments.DatabaseEnvironments;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the environments are called as repositories: `environments/` and the name in lower case, in
/// which each run of other characters than letters and digits is `-`, unless it is `.`, `_`, `__`
/// or hyphens alone, which the specification allows; at the end it is left out. So `My Model (v2)`
/// is `environments/my-model-v2`. Tags are versions and labels, as far as they can be tags.
/// Thread-safe.
final class EnvironmentRepositories {
  /// Before the name.
  static final String LEAD = "environments/";

  private static final Pattern BETWEEN = Pattern.compile("[^a-z0-9]+");
  private static final Pattern ALLOWED = Pattern.compile("\\.|__?|-+");

  private final LocalWorkspace workspace;

  EnvironmentRepositories(LocalWorkspace workspace) {
    this.workspace = workspace;
  }

  private DatabaseEnvironments environments() {
    return workspace.environments();
  }

  /// The repository of an environment.
  static String of(String name) {
    var folded =
        BETWEEN
            .matcher(name.toLowerCase(Locale.ROOT))
            .replaceAll(run -> ALLOWED.matcher(run.group()).matches() ? run.group() : "-");
    return LEAD + folded.replaceFirst("^[^a-z0-9]+", "").replaceFirst("[^a-z0-9]+$", "");
  }

  /// All of them, sorted.
  List<String> all() {
    var all = new TreeSet<String>();
    environments().names().stream()
        .map(EnvironmentRepositories::of)
        .filter(ImageReference::isRepository)
        .forEach(all::add);
    return List.copyOf(all);
  }

  /// The environment that a repository is of.
  ///
  /// @throws ServerException code `ambiguous-repository`
  Optional<String> name(String repository) {
    var names =
        environments().names().stream().filter(name -> of(name).equals(repository)).toList();
    if (names.size() > 1) {
      throw ServerException.of(
          ServerCode.AMBIGUOUS_REPOSITORY,
          "`"
              + repository
              + "` may be the environment `"
              + String.join("` or `", names)
              + "`; pull `azureml/azureml_<hash>`, which `terroir environment image` names");
    }
    return names.stream().findFirst();
  }

  /// The version that a tag stands for: a version, else a label, of which every environment has
  /// `latest`.
  Optional<Registered> find(String repository, String tag) {
    return name(repository)
        .flatMap(name -> {
          var version = tag.equals("latest") ? Optional.<Registered>empty() : find(name, tag, null);
          return version.or(() -> find(name, null, tag.equals("latest") ? null : tag));
        });
  }

  private Optional<Registered> find(String name, @Nullable String version, @Nullable String label) {
    try {
      return Optional.of(environments().get(name, version, label));
    } catch (WorkspaceException e) {
      if (e.problem().code() == WorkspaceCode.ENVIRONMENT_NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /// The tags of a repository, sorted.
  List<String> tags(String repository) {
    var tags = new TreeSet<String>();
    name(repository)
        .ifPresent(name -> {
          find(name, null, null)
              .ifPresent(latest -> {
                tags.add("latest");
                tags.add(latest.version());
              });
          for (var version : environments().versions(name)) {
            tags.add(version.version());
            tags.addAll(environments().labels(name, version.version()));
          }
        });
    tags.removeIf(tag -> !ImageReference.isTag(tag));
    return List.copyOf(tags);
  }
}

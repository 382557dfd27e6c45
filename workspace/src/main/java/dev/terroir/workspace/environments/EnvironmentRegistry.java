package dev.terroir.workspace.environments;

import dev.terroir.environment.Environment;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The registered environments of a workspace. Safe for any number of processes.
///
/// Versions are strings, counted from `1` for each name; a definition equal to the latest gets no
/// new one; a version never changes.
///
/// @since 0.1
public interface EnvironmentRegistry {
  /// A registered version.
  ///
  /// @param environment the definition with its version
  /// @param hash the definition hash
  /// @param createdAt UTC, ISO 8601
  /// @param isAutosaved whether a run or deployment registered it by itself
  /// @param isArchived whether lists leave it out
  /// @param isNew whether this call registered it
  record Registered(
      Environment environment,
      String hash,
      String createdAt,
      boolean isAutosaved,
      boolean isArchived,
      boolean isNew) {
    /// The version.
    public String version() {
      return String.valueOf(environment.version());
    }
  }

  /// Registers a definition under its name.
  ///
  /// @throws dev.terroir.environment.EnvironmentException when it has mistakes or a reserved name
  /// @throws dev.terroir.workspace.WorkspaceException code `version-taken` when its version holds
  ///   another definition
  Registered register(Environment environment);

  /// A registered version, a curated one included.
  ///
  /// @param version or null for the latest
  /// @param label instead of a version, or null
  /// @throws dev.terroir.workspace.WorkspaceException code `environment-not-found`
  Registered get(String name, @Nullable String version, @Nullable String label);

  /// The latest version of every name, curated ones first; archived and autosaved ones left out.
  Map<String, Registered> list();

  /// The latest versions of [#list] as they are stored, by name, without reading the definitions.
  List<Listed> listStored();

  /// All versions of a name in the order registered, autosaved ones included.
  List<Registered> versions(String name);

  /// Leaves a version, or all versions of a name, out of lists, or takes them back in.
  ///
  /// @param version or null for all
  void archive(String name, @Nullable String version, boolean archived);

  /// Points labels at a version; each label of a name points at one.
  void label(String name, String version, List<String> labels);

  /// The labels of a version.
  List<String> labels(String name, String version);

  /// What a listing shows of an environment.
  ///
  /// @param version its latest version
  /// @param definition its JSON as it is stored
  record Listed(String name, String version, String definition) {}
}

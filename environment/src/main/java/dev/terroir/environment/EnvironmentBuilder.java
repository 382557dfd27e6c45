package dev.terroir.environment;

/// What makes environments usable: a workspace. Its types of results are its own, since definitions
/// know nothing of images.
///
/// @param <B> a build of an image that goes on or has ended
/// @param <L> what was made on this machine
/// @param <D> what is known of an image
/// @since 0.1
public interface EnvironmentBuilder<B, L, D> {
  /// Starts to build a definition's image into the registry of the workspace.
  B build(Environment environment);

  /// Makes an environment on this machine.
  ///
  /// @param useDocker whether as an image in a container engine, else as a folder
  /// @param pushImageToWorkspaceAcr whether the image is kept in the registry of the workspace too
  L buildLocal(Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr);

  /// What is known of a definition's image; nothing is built.
  D getImageDetails(Environment environment);
}

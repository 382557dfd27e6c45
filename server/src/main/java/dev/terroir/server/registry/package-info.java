/// The registry below `/v2/`: the images of the workspace, and its environments by their names.
///
/// [WorkspaceImageRegistry] decides what a caller may do and lets the protocol answer from
/// `EnvironmentStore`, which adds the repositories `environments/<name>` to those of the layout;
/// `EnvironmentImages` builds what is pulled and was never built. The protocol itself is in
/// `dev.terroir.image.serve`.
@org.jspecify.annotations.NullMarked
package dev.terroir.server.registry;

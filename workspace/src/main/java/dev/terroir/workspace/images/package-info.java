/// The images of a workspace: [dev.terroir.workspace.images.WorkspaceImages] is the door,
/// [dev.terroir.workspace.images.ImageRecords] keeps which image a definition has,
/// [dev.terroir.workspace.images.ImageBuild] is a build that goes on or has ended,
/// [dev.terroir.workspace.images.DefinitionImages] chooses the base, locks and builds, also without
/// a workspace, [dev.terroir.workspace.images.DockerImageDetails] is what the retired service told
/// of an image, [dev.terroir.workspace.images.WorkspaceRegistry] is where they lie,
/// [dev.terroir.workspace.images.EngineDelivery] brings images into a container engine.
@NullMarked
package dev.terroir.workspace.images;

import org.jspecify.annotations.NullMarked;

/// The images of a workspace: [dev.terroir.workspace.images.ImageRecords] keeps `definition hash →
/// image`, `ImageBuild` is a build that goes on or has ended,
/// [dev.terroir.workspace.images.DockerImageDetails] what the retired service told of an image.
@NullMarked
package dev.terroir.workspace.images;

import org.jspecify.annotations.NullMarked;

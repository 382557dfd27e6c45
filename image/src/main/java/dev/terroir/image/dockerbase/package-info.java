/// Bases that a definition gives as a Dockerfile: [dev.terroir.image.dockerbase.DockerfileBase]
/// evaluates one that needs no engine on the image that its FROM names, lets an engine build any
/// other, and gives the result as an image to read.
///
/// The Dockerfile itself is in `image.dockerfile`, engines are in `image.engine`.
@NullMarked
package dev.terroir.image.dockerbase;

import org.jspecify.annotations.NullMarked;

/// Container engines by their command lines: [dev.terroir.image.engine.Engine] finds Podman, Docker
/// or buildah and moves images, [dev.terroir.image.engine.EngineBuild] builds Dockerfiles that need
/// one, [dev.terroir.image.engine.Container] runs a command in an image as
/// [dev.terroir.image.engine.ContainerOptions] say.
///
/// Arguments are lists and never go through a shell; values of environment variables never stand on
/// a command line. What needs no engine is in `image.dockerfile`.
@NullMarked
package dev.terroir.image.engine;

import org.jspecify.annotations.NullMarked;

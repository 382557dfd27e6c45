/// Dockerfiles: read into values, judged, and evaluated without an engine where that is possible.
///
/// Read [dev.terroir.image.dockerfile.Dockerfile] for the file,
/// [dev.terroir.image.dockerfile.Stage], [dev.terroir.image.dockerfile.Step] and
/// [dev.terroir.image.dockerfile.Instruction] for its parts,
/// [dev.terroir.image.dockerfile.EngineNeed] for the question whether an engine is needed, and
/// [dev.terroir.image.dockerfile.Evaluation] for the answer without one.
///
/// Spec: Dockerfile reference (frontend version 1.x). What a container engine does with a
/// Dockerfile is in `image.engine`.
@NullMarked
package dev.terroir.image.dockerfile;

import org.jspecify.annotations.NullMarked;

/// What an image stands on. [dev.terroir.image.base.BaseImages] finds and keeps base images,
/// [dev.terroir.image.base.BaseFacts] is what one holds, found without unpacking or running it,
/// [dev.terroir.image.base.BaseFit] judges it against a lock, and
/// [dev.terroir.image.base.PrefixLayer] is the empty environment that stands on its interpreter.
/// [dev.terroir.image.base.DefaultBases] and [dev.terroir.image.base.GpuRule] are kept as data.
///
/// Spec: OCI image specification 1.1, "Image Index", "Image Manifest", "Image Layer Filesystem
/// Changeset"; Python, "venv".
@NullMarked
package dev.terroir.image.base;

import org.jspecify.annotations.NullMarked;

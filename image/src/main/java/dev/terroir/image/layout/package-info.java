/// Images in files: layouts ([dev.terroir.image.layout.OciLayout]), layouts in a tar file
/// ([dev.terroir.image.layout.OciArchive]) and what `docker save` makes
/// ([dev.terroir.image.layout.DockerArchive]). Archives are read by one strict reader of tar files
/// that never unpacks anything: members are found by name and read where they lie.
///
/// Spec: OCI image specification, "Image layout"; POSIX pax and GNU tar formats.
@NullMarked
package dev.terroir.image.layout;

import org.jspecify.annotations.NullMarked;

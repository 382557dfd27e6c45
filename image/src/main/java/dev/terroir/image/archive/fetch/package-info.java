/// The package archives of a lock as files: [dev.terroir.image.archive.fetch.ArchiveStore] keeps
/// them under their SHA-256, [dev.terroir.image.archive.fetch.Downloads] fetches them over HTTP,
/// [dev.terroir.image.archive.fetch.WheelBuilds] makes the wheel of a source distribution by uv.
/// What is in an archive is read elsewhere.
///
/// Spec: RFC 9110, "Range Requests", "Redirection".
@NullMarked
package dev.terroir.image.archive.fetch;

import org.jspecify.annotations.NullMarked;

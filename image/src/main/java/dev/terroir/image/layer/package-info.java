/// What a package becomes in an image: [dev.terroir.image.layer.PackageLayers] finds or makes the
/// layers, [dev.terroir.image.layer.WheelContent] says which file lies where, and
/// [dev.terroir.image.layer.LayerWriter] writes them.
///
/// A layer is a tar archive with fixed owners, modes and times, in a gzip stream of many members.
/// The members of a wheel are deflate streams with a known CRC-32 and size, which is all that a
/// gzip member is; so each goes into the layer as it is, and what stands between two of them
/// (padding, tar headers, files that are made here) is one more gzip member. Nothing of a wheel is
/// compressed again; it is inflated once, to check it and to hash the tar. What is compressed here
/// goes through JZlib, because the bytes that a platform's zlib writes differ between its versions.
/// The same packages and placement give the same digest everywhere, and a test holds the digest.
///
/// Spec: OCI image specification, "Image layer filesystem changeset"; RFC 1951, RFC 1952; POSIX
/// ustar and pax; Python packaging, "Binary distribution format".
@NullMarked
package dev.terroir.image.layer;

import org.jspecify.annotations.NullMarked;

/// The documents of an image as values: [dev.terroir.image.oci.Digest],
/// [dev.terroir.image.oci.Descriptor], [dev.terroir.image.oci.MediaType] first.
///
/// Spec: OCI image specification 1.1.
@NullMarked
package dev.terroir.image.oci;

import org.jspecify.annotations.NullMarked;

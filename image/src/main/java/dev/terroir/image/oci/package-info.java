/// The names and the documents of an image as values: [dev.terroir.image.oci.ImageReference],
/// [dev.terroir.image.oci.Manifest], [dev.terroir.image.oci.Descriptor] first;
/// [dev.terroir.image.oci.OciDocument] judges their form.
///
/// Spec: OCI image specification 1.1.
@NullMarked
package dev.terroir.image.oci;

import org.jspecify.annotations.NullMarked;

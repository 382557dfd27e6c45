/// Lock → OCI image without a daemon. Read `image.layer` for what a package becomes, `image.base`
/// for what it stands on, `image.build` for how both become an image, `image.transfer` for where
/// images come from and go to.
///
/// Spec: OCI image specification 1.1, OCI distribution specification 1.1.
@NullMarked
package dev.terroir.image;

import org.jspecify.annotations.NullMarked;

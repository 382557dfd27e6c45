/// Blobs on this machine, under their digests: [dev.terroir.image.blob.BlobStore].
@NullMarked
package dev.terroir.image.blob;

import org.jspecify.annotations.NullMarked;

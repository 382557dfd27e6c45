/// A lock and a base image become an image: [dev.terroir.image.build.Buckets] spreads packages over
/// layers, [dev.terroir.image.build.EnvironmentConfiguration] says how containers start,
/// `ImageBuilder` does the whole and hands it to targets.
///
/// Spec: OCI image specification 1.1, "Image configuration", "Image manifest".
@NullMarked
package dev.terroir.image.build;

import org.jspecify.annotations.NullMarked;

/// A lock and a base image become an image: [dev.terroir.image.build.Buckets] spreads packages over
/// layers, [dev.terroir.image.build.EnvironmentConfiguration] says how containers start,
/// `ImageBuilder` does the whole and hands it to targets. Where link scripts of conda packages are
/// allowed, [dev.terroir.image.build.LinkScriptRun] has an engine run them in what was built and
/// makes a layer of what they changed: the only one whose bytes depend on what a program did.
///
/// Spec: OCI image specification 1.1, "Image configuration", "Image manifest".
@NullMarked
package dev.terroir.image.build;

import org.jspecify.annotations.NullMarked;

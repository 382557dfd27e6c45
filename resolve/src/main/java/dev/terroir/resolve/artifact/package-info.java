/// Which artifact of a release is installed: [WheelTags] orders wheels by how well they fit,
/// [Pylock] reads what uv resolved and keeps one artifact of each package.
///
/// Spec: Python packaging, "Platform compatibility tags"; `pylock.toml` (PEP 751).
@NullMarked
package dev.terroir.resolve.artifact;

import org.jspecify.annotations.NullMarked;

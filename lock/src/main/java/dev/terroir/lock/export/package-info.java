/// A lock in the formats of other tools.
///
/// Spec: `pylock.toml` (PEP 751); pip's requirements file format with hashes.
@NullMarked
package dev.terroir.lock.export;

import org.jspecify.annotations.NullMarked;

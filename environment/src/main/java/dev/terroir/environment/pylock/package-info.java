/// The packages of a `pylock.toml`.
///
/// Spec: Python packaging, "pylock.toml Specification" (PEP 751).
@NullMarked
package dev.terroir.environment.pylock;

import org.jspecify.annotations.NullMarked;

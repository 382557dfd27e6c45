/// The dependencies of a `pyproject.toml`.
///
/// Spec: Python packaging, "Declaring project metadata" (PEP 621) and "Dependency Groups" (PEP
/// 735).
@NullMarked
package dev.terroir.environment.pyproject;

import org.jspecify.annotations.NullMarked;

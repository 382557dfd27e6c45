/// Requirements as pip reads them: single ones and files of them.
///
/// [Requirement] is a dependency specifier, [RequirementsFile] a file with its options, includes
/// and constraints.
///
/// Spec: Python packaging, "Dependency specifiers", "Version specifiers", "Names and
/// normalization"; pip, "Requirements File Format".
@NullMarked
package dev.terroir.environment.requirement;

import org.jspecify.annotations.NullMarked;

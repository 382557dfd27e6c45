/// Conda environments that are on this machine already, read without conda.
///
/// [CondaPrefixes] finds one by its name as conda does, [ExistingEnvironment] reads it: the records
/// of `conda-meta` ([PrefixRecord]), what the user asked for ([CondaHistory]), and the
/// distributions that pip installed on top ([InstalledDistribution]).
///
/// Spec: conda, `conda-meta/*.json`, `conda-meta/history` and `conda env export`; Python packaging,
/// "Recording installed projects" and "Recording the Direct URL Origin of installed distributions".
@NullMarked
package dev.terroir.environment.existing;

import org.jspecify.annotations.NullMarked;

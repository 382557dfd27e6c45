/// The files of a run's source directory, kept by content.
///
/// [Snapshot] takes and restores one, [IgnoreRules] says what is left out.
///
/// Spec: gitignore(5); limits and file names of azureml-core.
@NullMarked
package dev.terroir.compute.snapshot;

import org.jspecify.annotations.NullMarked;

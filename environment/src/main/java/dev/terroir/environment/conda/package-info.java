/// The conda part of a definition: the file `environment.yml` and the operations of the retired
/// service's `CondaDependencies` on it.
///
/// [CondaDependencies] is the value, [CondaDependency] an entry of its list, [CondaReader] takes a
/// document apart, [CondaText] edits its text so that comments survive.
///
/// Spec: conda documentation, "Creating an environment from an environment.yml file";
/// `CondaDependencies` of azureml-core. Match specs are kept as text here: only their name matters.
@NullMarked
package dev.terroir.environment.conda;

import org.jspecify.annotations.NullMarked;

/// Conda packages taken from the Python index instead, for workspaces without channels.
///
/// [CondaNames] knows which project stands for which conda package, from a data file whose origin
/// is written in it and from a team's own file, and turns match specs into requirements
/// ([IndexRequirements]).
///
/// Spec: conda's match specs; PEP 440, "Version specifiers"; azureml-v1 definitions.
@NullMarked
package dev.terroir.resolve.mapping;

import org.jspecify.annotations.NullMarked;

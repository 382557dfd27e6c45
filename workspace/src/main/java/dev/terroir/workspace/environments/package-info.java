/// The registered environments: versions, labels, archives, and the curated ones.
/// [EnvironmentRegistry] is the door; the rules are those of azureml-core.
@NullMarked
package dev.terroir.workspace.environments;

import org.jspecify.annotations.NullMarked;

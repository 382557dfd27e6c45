/// What a run is asked to do: the run configurations of the retired service and what Terroir takes
/// from them.
///
/// [RunConfiguration] reads a `.runconfig` file; [ScriptRunConfig] is what is submitted;
/// [DockerConfiguration] says how a run uses a container.
///
/// Spec: `RunConfiguration` of azureml-core; keys of both generations of the file.
@NullMarked
package dev.terroir.compute.configuration;

import org.jspecify.annotations.NullMarked;

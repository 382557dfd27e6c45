/// What the user asks for: the definition of an environment and the files it is read from.
///
/// Read [Environment] first, then its sections ([PythonSection], [DockerSection], [SparkSection])
/// and [SavedDirectory]; `conda` holds the packages, `requirement` and `pyproject` the files they
/// come from, `identity` the canonical form and the hash.
///
/// What a definition is resolved to lies in the module `lock`; nothing here touches the network.
///
/// Spec: the environment definition of Azure Machine Learning SDK v1 (schema of 2019-09-30 and
/// later files).
@NullMarked
package dev.terroir.environment;

import org.jspecify.annotations.NullMarked;

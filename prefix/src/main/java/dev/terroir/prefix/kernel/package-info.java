/// A local environment as a Jupyter kernel.
///
/// Spec: jupyter_client, "Making kernels for Jupyter", kernel specs.
@NullMarked
package dev.terroir.prefix.kernel;

import org.jspecify.annotations.NullMarked;

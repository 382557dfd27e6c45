/// Where runs of a workspace may run, by name: [ComputeTargets].
@NullMarked
package dev.terroir.workspace.compute;

import org.jspecify.annotations.NullMarked;

/// Where a run runs: on this machine, in an environment's own Python.
///
/// Read [Experiment] and [Run] first. `configuration` reads what a run is asked to do, `snapshot`
/// keeps its source directory, `supervisor` starts it and knows what became of it.
@NullMarked
package dev.terroir.compute;

import org.jspecify.annotations.NullMarked;

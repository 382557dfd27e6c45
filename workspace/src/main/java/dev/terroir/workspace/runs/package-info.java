/// The records of experiments and runs. What happens to a run lies in its directory and in the
/// module `compute`.
@NullMarked
package dev.terroir.workspace.runs;

import org.jspecify.annotations.NullMarked;

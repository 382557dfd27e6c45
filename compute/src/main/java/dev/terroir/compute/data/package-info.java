/// How a run comes by data: what a run configuration says of datastores and datasets, and the
/// folders that its script sees. Read [RunData].
@NullMarked
package dev.terroir.compute.data;

import org.jspecify.annotations.NullMarked;

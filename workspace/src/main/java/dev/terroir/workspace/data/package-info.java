/// Data of a workspace: folders that are called datastores, and names for files in them.
///
/// Read [Datastores] first, then [DataTransfer] and [Datasets]. How runs come by data is in the
/// module `compute`.
@NullMarked
package dev.terroir.workspace.data;

import org.jspecify.annotations.NullMarked;

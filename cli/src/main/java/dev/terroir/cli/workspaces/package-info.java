/// The commands `terroir workspace` and `terroir doctor`.
@NullMarked
package dev.terroir.cli.workspaces;

import org.jspecify.annotations.NullMarked;

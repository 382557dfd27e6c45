/// Definition → lock: the tools that resolve, the user's own indexes, replacements of retired
/// packages.
///
/// Read [Resolver] first. `tool` finds or fetches uv, `index` translates pip's configuration for
/// it, `artifact` chooses the one wheel that a lock names.
@NullMarked
package dev.terroir.resolve;

import org.jspecify.annotations.NullMarked;

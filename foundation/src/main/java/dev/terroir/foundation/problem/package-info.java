/// Failures as people see them: what went wrong, where, why, and what to do next.
///
/// Start with [Problem]; a module throws its own subclass of [TerroirException] carrying one, under
/// a [Code] of its own enum. Rendering for a terminal is here, colours are the command line's
/// business.
@NullMarked
package dev.terroir.foundation.problem;

import org.jspecify.annotations.NullMarked;

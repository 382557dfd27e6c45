/// The command `terroir quickstart`: the whole way from a definition to a scored service, on a
/// small real project.
@NullMarked
package dev.terroir.cli.quickstart;

import org.jspecify.annotations.NullMarked;

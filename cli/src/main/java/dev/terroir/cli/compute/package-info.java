/// The commands `terroir computetarget`.
@NullMarked
package dev.terroir.cli.compute;

import org.jspecify.annotations.NullMarked;

/// The commands `terroir run`.
@NullMarked
package dev.terroir.cli.runs;

import org.jspecify.annotations.NullMarked;

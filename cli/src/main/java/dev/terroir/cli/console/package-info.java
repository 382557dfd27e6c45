/// What a person or program sees: results on standard output, progress and problems on standard
/// error.
@NullMarked
package dev.terroir.cli.console;

import org.jspecify.annotations.NullMarked;

/// The `terroir` command.
///
/// [Main] chooses the group of commands and runs one; `command` describes what commands are made
/// of, `console` what they print; each group (`environments`, `runs`, `services`, …) is a package
/// of its own.
@NullMarked
package dev.terroir.cli;

import org.jspecify.annotations.NullMarked;

/// What commands are made of: options, a summary, an example, an action; turned into the parser's
/// model only for the group that is called.
@NullMarked
package dev.terroir.cli.command;

import org.jspecify.annotations.NullMarked;

/// Programs: [dev.terroir.foundation.process.Command] runs one to its end with a time limit and
/// hands on its lines; [dev.terroir.foundation.process.ProcessTree] ends one with all its children.
/// Arguments are lists; no shell is ever involved.
@NullMarked
package dev.terroir.foundation.process;

import org.jspecify.annotations.NullMarked;

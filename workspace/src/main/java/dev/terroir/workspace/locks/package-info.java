/// The first lock of every definition, kept for ever: files below `locks/<definition hash>/`, so
/// that finding one needs no database.
@NullMarked
package dev.terroir.workspace.locks;

import org.jspecify.annotations.NullMarked;

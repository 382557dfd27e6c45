/// Experiments and runs over HTTP. Read [RunResource] first.
@NullMarked
package dev.terroir.server.runs;

import org.jspecify.annotations.NullMarked;

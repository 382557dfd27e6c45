/// workspace
@NullMarked
package dev.terroir.workspace;

import org.jspecify.annotations.NullMarked;

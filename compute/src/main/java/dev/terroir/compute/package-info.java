/// compute
@NullMarked
package dev.terroir.compute;

import org.jspecify.annotations.NullMarked;

/// resolve
@NullMarked
package dev.terroir.resolve;

import org.jspecify.annotations.NullMarked;

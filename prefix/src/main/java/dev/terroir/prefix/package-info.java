/// prefix
@NullMarked
package dev.terroir.prefix;

import org.jspecify.annotations.NullMarked;

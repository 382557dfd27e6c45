/// serving
@NullMarked
package dev.terroir.serving;

import org.jspecify.annotations.NullMarked;

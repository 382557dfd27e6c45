/// environment
@NullMarked
package dev.terroir.environment;

import org.jspecify.annotations.NullMarked;

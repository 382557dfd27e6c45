/// lock
@NullMarked
package dev.terroir.lock;

import org.jspecify.annotations.NullMarked;

/// What long work tells the person who waits for it.
@NullMarked
package dev.terroir.foundation.progress;

import org.jspecify.annotations.NullMarked;

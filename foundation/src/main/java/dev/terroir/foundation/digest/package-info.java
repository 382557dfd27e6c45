/// SHA-256 digests as values.
@NullMarked
package dev.terroir.foundation.digest;

import org.jspecify.annotations.NullMarked;

/// Locks, images and other long work, as resources.
@NullMarked
package dev.terroir.server.work;

import org.jspecify.annotations.NullMarked;

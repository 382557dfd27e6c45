/// The HTTP front of a service: one address for clients, whichever scoring process is behind it.
@NullMarked
package dev.terroir.serving.front;

import org.jspecify.annotations.NullMarked;

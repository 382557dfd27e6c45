/// Compute targets over HTTP.
@NullMarked
package dev.terroir.server.compute;

import org.jspecify.annotations.NullMarked;

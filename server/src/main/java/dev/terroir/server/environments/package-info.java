/// Definitions, their versions and private wheels, as resources.
@NullMarked
package dev.terroir.server.environments;

import org.jspecify.annotations.NullMarked;

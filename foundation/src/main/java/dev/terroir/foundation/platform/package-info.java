/// Operating systems and architectures that environments are made for.
@NullMarked
package dev.terroir.foundation.platform;

import org.jspecify.annotations.NullMarked;

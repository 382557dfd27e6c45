/// cli
@NullMarked
package dev.terroir.cli;

import org.jspecify.annotations.NullMarked;

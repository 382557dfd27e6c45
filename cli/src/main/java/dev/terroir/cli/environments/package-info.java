/// The commands `terroir environment`, `terroir lock` and `terroir kernel`.
@NullMarked
package dev.terroir.cli.environments;

import org.jspecify.annotations.NullMarked;

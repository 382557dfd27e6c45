/// The commands `terroir datastore`.
@NullMarked
package dev.terroir.cli.data;

import org.jspecify.annotations.NullMarked;

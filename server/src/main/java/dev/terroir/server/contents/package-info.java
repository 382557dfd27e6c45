/// Files by their SHA-256 and snapshots of folders, as resources.
@NullMarked
package dev.terroir.server.contents;

import org.jspecify.annotations.NullMarked;

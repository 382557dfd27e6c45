/// What a definition was resolved to: every package with version, artifact and hash, for one
/// platform and one Python.
///
/// [Lock] is the value, [LockFile] its file; `export` writes it in other tools' formats,
/// [LockDifference] compares two. Resolving lies in the module `resolve`.
@NullMarked
package dev.terroir.lock;

import org.jspecify.annotations.NullMarked;

/// Files that appear whole: [dev.terroir.foundation.file.AtomicFiles] writes beside and renames,
/// [dev.terroir.foundation.file.Trees] copies and deletes directories without following links out
/// of them, [dev.terroir.foundation.file.ProcessLock] keeps two processes from doing the same work
/// at once.
@NullMarked
package dev.terroir.foundation.file;

import org.jspecify.annotations.NullMarked;

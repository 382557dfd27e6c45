/// Byte-code of Python modules, the same bytes on every machine:
/// [dev.terroir.image.bytecode.Compiler].
///
/// An interpreter of the environment's version is started once and compiles many modules; it gets
/// their sources by a pipe, never imports them, and writes no file. The `.pyc` are unchecked
/// hash-based ones (PEP 552), so they hold no time, and the file name inside is the one in the
/// image. Three things about `marshal` would still make the bytes differ from process to process,
/// and `compiler.py` takes care of them: it marks an object as worth a reference only when its
/// reference count is not 1 at that moment, which depends on what else the process has interned; so
/// everything that is reachable from the code is held a second time while it is written. It tells
/// interned strings from others, and one-character strings are shared by all modules, so they are
/// all interned from the start. And before Python 3.11 it writes sets in the order of hashes, so
/// the hash seed is fixed.
@NullMarked
package dev.terroir.image.bytecode;

import org.jspecify.annotations.NullMarked;

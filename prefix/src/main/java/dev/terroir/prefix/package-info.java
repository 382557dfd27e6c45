/// Lock → a directory that Python runs from.
///
/// [Prefixes] makes, finds, verifies and repairs them; [LocalPython] is what a run or service is
/// started with; `kernel` offers one to Jupyter.
///
/// Spec: a prefix is a virtual environment (PEP 405), keyed by lock digest, its marker written
/// last.
@NullMarked
package dev.terroir.prefix;

import org.jspecify.annotations.NullMarked;

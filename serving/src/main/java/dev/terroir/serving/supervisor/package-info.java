/// Keeps a service alive: starts its scoring process, restarts it, swaps it for a new revision
/// without dropping a request. Talks to other processes by plain files, so a server can take
/// services over later.
@NullMarked
package dev.terroir.serving.supervisor;

import org.jspecify.annotations.NullMarked;

/// A server of this machine's user alone: started on demand, found by its files, ended when idle.
@NullMarked
package dev.terroir.server.local;

import org.jspecify.annotations.NullMarked;

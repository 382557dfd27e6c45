/// Who starts a run's script and knows what became of it: a small Python program in a session of
/// its own.
///
/// [RunSupervisor] starts it and reads its files; a killed supervisor is noticed by process id and
/// start time. [LogFollower] streams the log.
@NullMarked
package dev.terroir.compute.supervisor;

import org.jspecify.annotations.NullMarked;

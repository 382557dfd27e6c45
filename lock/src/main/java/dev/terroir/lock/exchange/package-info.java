/// Locks of other tools: read whole, written again, and exchanged with Terroir's own.
///
/// Read [ForeignLocks] first, the door; [LockDocument] is what every format is read into, with all
/// its environments and platforms; [LockExchange] turns one environment of one platform into a
/// [dev.terroir.lock.Lock] and back. One class per format: [ExplicitText], [CondaLockText],
/// [PixiText], [MambaJsText].
///
/// Spec: conda's explicit lists (`conda list --explicit`); conda-lock's unified lock, version 1;
/// rattler's lock, versions 1 to 7 (those up to 3 have conda-lock's shape); mambajs' JSON lock.
@NullMarked
package dev.terroir.lock.exchange;

import org.jspecify.annotations.NullMarked;

/// Which definitions are the same: the canonical form, its hash, and what differs between two.
///
/// [CanonicalForm] is written down in `docs/canonical-form.md` and pinned by golden files; a change
/// to it is a new format tag, never a silent one.
@NullMarked
package dev.terroir.environment.identity;

import org.jspecify.annotations.NullMarked;

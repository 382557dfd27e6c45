/// Package archives as they come from an index: [dev.terroir.image.archive.WheelArchive] first, on
/// the one zip reader [dev.terroir.image.archive.ZipArchive]; the small formats inside are
/// [dev.terroir.image.archive.WheelRecord], [dev.terroir.image.archive.EntryPoints] and
/// [dev.terroir.image.archive.DirectUrl].
///
/// The same bytes must mean one thing to every reader. So the zip reader is strict where the format
/// leaves a choice: what two readers could read in two ways is refused, with the archive and the
/// member named. Nothing here writes files; what a member becomes is `image.layer`'s.
///
/// Spec: PKWARE APPNOTE 6.3.10; Python packaging, "Binary distribution format", "Recording
/// installed projects", "Entry points".
@NullMarked
package dev.terroir.image.archive;

import org.jspecify.annotations.NullMarked;

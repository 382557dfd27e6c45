/// A conda environment → an archive that can be unpacked and run anywhere.
///
/// [Pack] writes it. [PackedFiles] decides what goes in and how each file holds the environment's
/// place; [Placeholders] puts back into a file what installing took out of it. `terroir-unpack`, a
/// program in the archive, fits the files to where they lie; it needs nothing of Terroir.
///
/// Spec: conda's `paths.json` (prefix placeholders, text and binary); the archive's own
/// `.terroir-pack.json`, format `terroir-pack/1`.
@NullMarked
package dev.terroir.prefix.pack;

import org.jspecify.annotations.NullMarked;

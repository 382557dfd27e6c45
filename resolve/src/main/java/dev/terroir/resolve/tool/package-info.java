/// The programs that Terroir stands on, found or fetched at pinned versions.
///
/// [UvProgram] finds uv or has the user's pip fetch it; [Uv] runs it and tells its failures in our
/// words.
@NullMarked
package dev.terroir.resolve.tool;

import org.jspecify.annotations.NullMarked;

/// The conda side of a definition: channels and settings as conda reads them
/// ([dev.terroir.resolve.conda.CondaSettings], [dev.terroir.resolve.conda.Channels]), solved and
/// installed by rattler through a driver ([dev.terroir.resolve.conda.Rattler]).
@NullMarked
package dev.terroir.resolve.conda;

import org.jspecify.annotations.NullMarked;

/// The places that people name on a command line, opened: [dev.terroir.image.place.ImagePlaces]
/// turns a location into a source or a target, whatever its transport.
@NullMarked
package dev.terroir.image.place;

import org.jspecify.annotations.NullMarked;

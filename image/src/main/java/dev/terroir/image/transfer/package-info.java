/// Where images come from and go to, one interface each: [dev.terroir.image.transfer.ImageSource]
/// and [dev.terroir.image.transfer.ImageTarget]. Layouts and archives (`image.layout`), registries
/// (`image.registry`) and engines implement them.
@NullMarked
package dev.terroir.image.transfer;

import org.jspecify.annotations.NullMarked;

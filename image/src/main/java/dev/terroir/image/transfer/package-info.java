/// Where images come from and go to, one interface each: [dev.terroir.image.transfer.ImageSource]
/// and [dev.terroir.image.transfer.ImageTarget]. Layouts and archives (`image.layout`), registries
/// (`image.registry`) and engines implement them; [dev.terroir.image.transfer.Copy] moves an image
/// from one to another.
@NullMarked
package dev.terroir.image.transfer;

import org.jspecify.annotations.NullMarked;

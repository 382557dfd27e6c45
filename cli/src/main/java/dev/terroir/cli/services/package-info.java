/// The commands `terroir model` and `terroir service`.
@NullMarked
package dev.terroir.cli.services;

import org.jspecify.annotations.NullMarked;

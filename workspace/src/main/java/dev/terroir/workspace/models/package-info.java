/// The registered models: integer versions of files and folders, kept below
/// `models/<name>/<version>/`.
@NullMarked
package dev.terroir.workspace.models;

import org.jspecify.annotations.NullMarked;

/// Where packages come from: the user's own index settings, as pip keeps them, handed to uv.
///
/// uv does not read pip's configuration; [IndexSettings] translates it into uv's variables, so that
/// credentials in it never stand on a command line.
///
/// [HostCredentials] knows which credentials a host gets, for Terroir's own downloads.
///
/// Spec: pip user guide, "Configuration Files"; uv, "Environment variables".
@NullMarked
package dev.terroir.resolve.index;

import org.jspecify.annotations.NullMarked;

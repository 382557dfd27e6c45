/// Layouts as a registry: [dev.terroir.image.serve.RegistryEndpoint] answers the reading half of
/// the distribution protocol on this machine's own address, for as long as a command needs it, so
/// that an engine pulls only the layers it lacks.
///
/// Spec: OCI distribution specification 1.1, "Pull", "Content discovery".
@NullMarked
package dev.terroir.image.serve;

import org.jspecify.annotations.NullMarked;

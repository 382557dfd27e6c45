/// Layouts as a registry. [dev.terroir.image.serve.RegistryProtocol] is the distribution protocol,
/// pulling and pushing, for whatever server takes the requests and knows who sends them;
/// [dev.terroir.image.serve.RegistryStore] is what it asks, and
/// [dev.terroir.image.serve.LayoutStore] has the answers of a workspace's own layout, where
/// [dev.terroir.image.serve.Uploads] come in. [dev.terroir.image.serve.RegistryEndpoint] serves the
/// reading half on this machine's own address, for as long as a command needs it, so that an engine
/// pulls only the layers it lacks.
///
/// Spec: OCI distribution specification 1.1. Blobs and manifests by digest belong to the whole
/// layout, tags to a repository: a workspace is one circle of trust.
@NullMarked
package dev.terroir.image.serve;

import org.jspecify.annotations.NullMarked;

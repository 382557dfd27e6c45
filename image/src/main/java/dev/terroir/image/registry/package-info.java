/// Registries by the OCI distribution protocol: [dev.terroir.image.registry.Registries] is the
/// client, [dev.terroir.image.registry.RegistryOptions] what it is given,
/// [dev.terroir.image.registry.CredentialFiles] where credentials are found.
///
/// Credentials go to the registry they are for, and to the token server that it names over TLS;
/// never to where it redirects. Nothing that a registry delivers is used before its digest is
/// checked. Why this is written here and not taken: `docs/adr/0005-registry-client.md`.
///
/// Spec: OCI distribution specification 1.1; the token protocol of the distribution project.
@NullMarked
package dev.terroir.image.registry;

import org.jspecify.annotations.NullMarked;

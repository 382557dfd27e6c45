/// What an image says about itself, as artifacts attached to it: bills of materials
/// ([dev.terroir.image.sbom.CycloneDx], [dev.terroir.image.sbom.Spdx]) and how it was made
/// ([dev.terroir.image.sbom.Provenance]). The same image has the same ones, byte for byte: they
/// carry no time and no host.
///
/// Spec: CycloneDX 1.6, SPDX 2.3, in-toto Statement v1 with SLSA Provenance v1, Package URL.
@NullMarked
package dev.terroir.image.sbom;

import org.jspecify.annotations.NullMarked;

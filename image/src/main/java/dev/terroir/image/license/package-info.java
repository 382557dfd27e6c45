/// The licences of all packages of a lock.
///
/// [Licenses] reads them: of conda packages from the lock, which has what the channel says; of
/// Python distributions from the metadata of their wheels, where [WheelLicense] finds them.
///
/// Spec: Python packaging, "Core metadata", `License-Expression`, `License` and `Classifier`.
@NullMarked
package dev.terroir.image.license;

import org.jspecify.annotations.NullMarked;

/// Conda packages: their archives, and what installing one means.
///
/// [dev.terroir.image.conda.CondaArchive] reads both formats strictly, member after member;
/// [dev.terroir.image.conda.PackageInfo] is what a package says of itself, with a
/// [dev.terroir.image.conda.PackagePath] for each file. Installing writes the environment's folder
/// into files ([dev.terroir.image.conda.PrefixReplacement]), puts the modules of `noarch: python`
/// packages where the interpreter looks for them ([dev.terroir.image.conda.PythonPlaces]), and
/// makes scripts ([dev.terroir.image.conda.EntryPoint]). Of two packages that bring one path,
/// [dev.terroir.image.conda.InstallOrder] says which wins. What becomes of it in an image is the
/// subject of `image.layer`.
///
/// Spec: CEP 34 and 35 (conda package format 2), CEP 17 (`site_packages_path`), conda-build,
/// "Package metadata".
@NullMarked
package dev.terroir.image.conda;

import org.jspecify.annotations.NullMarked;

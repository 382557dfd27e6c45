/// Distributions by their names: of projects, versions, wheels and source distributions.
///
/// [DistributionName] folds the spellings of a project's name, [WheelFileName] and [SdistFileName]
/// take the names of archives apart. What a version means is not read here, only whether it is one.
///
/// Spec: Python packaging, "Names and normalization", "Version specifiers", "Binary distribution
/// format", "Source distribution format".
@NullMarked
package dev.terroir.environment.distribution;

import org.jspecify.annotations.NullMarked;

/// YAML as the files of this field use it: read with positions and limits, never constructing
/// objects.
///
/// Read [YamlReader] first; [Yaml] writes. Scalars of conda specifications stay the text they were
/// written as (`3.10` is not a number), so [YamlReader] hands out nodes of its own and leaves their
/// meaning to the reader of each format.
///
/// Spec: YAML 1.2.2, JSON schema for plain scalars, with the booleans' capitalised spellings that
/// older files have.
@NullMarked
package dev.terroir.environment.yaml;

import org.jspecify.annotations.NullMarked;

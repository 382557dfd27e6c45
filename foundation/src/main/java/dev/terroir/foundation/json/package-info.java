/// JSON documents as immutable trees that remember where they were read.
///
/// [dev.terroir.foundation.json.JsonReader] parses (RFC 8259, duplicate names refused, depth and
/// size limited), [dev.terroir.foundation.json.JsonValue] and its records are the tree,
/// [dev.terroir.foundation.json.JsonWriter] writes compact, indented or canonical text. Members
/// keep their order. The grammar is jackson-core's work; data binding is left out on purpose, it
/// doubles the start-up time of a command.
@NullMarked
package dev.terroir.foundation.json;

import org.jspecify.annotations.NullMarked;

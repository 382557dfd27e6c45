/// What every module stands on: [dev.terroir.foundation.problem] (failures as people see them),
/// [dev.terroir.foundation.json] (documents with positions), [dev.terroir.foundation.file] (files
/// that appear whole), [dev.terroir.foundation.process] (programs), [dev.terroir.foundation.home]
/// (where Terroir keeps things and which settings it reads), and the small values that several
/// modules name.
@NullMarked
package dev.terroir.foundation;

import org.jspecify.annotations.NullMarked;

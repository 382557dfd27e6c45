/// The embedded database of a workspace: SQLite with a write-ahead log, migrated forward only.
/// [Database] opens it, [Migrations] hold its schema.
@NullMarked
package dev.terroir.workspace.database;

import org.jspecify.annotations.NullMarked;

/// The database of a workspace: SQLite in a file, with a write-ahead log, or PostgreSQL on a
/// server; migrated forward only.
///
/// [Database] opens either and is all that others see of them; [Leases] say who does what only one
/// may do. [Migrations] hold the schema in SQL that both understand; [Connections] are what
/// differs: [SqliteConnections] loads no class that PostgreSQL needs, since it is there at every
/// start of a command. [PostgresAddress] says where a server is, [PostgresLogin] who asks.
///
/// SQL is written for both: no `rowid`, no column that is neither grouped by nor aggregated, the
/// table's name before a column in `ON CONFLICT … DO UPDATE`, no parameter whose type nothing
/// tells.
@NullMarked
package dev.terroir.workspace.database;

import org.jspecify.annotations.NullMarked;

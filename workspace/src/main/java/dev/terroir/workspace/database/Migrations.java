package dev.terroir.workspace.database;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.util.ArrayList;
import java.util.List;

/// The schema, as the steps that led to it. Steps are only ever added, in SQL that SQLite and
/// PostgreSQL both understand; each database says how many it has had: SQLite in `user_version`,
/// PostgreSQL in the table `terroir_schema`.
final class Migrations {
  private static final List<String> STEPS =
      List.of(
          """
          CREATE TABLE environment (
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            hash TEXT NOT NULL,
            definition TEXT NOT NULL,
            created_at TEXT NOT NULL,
            autosaved INTEGER NOT NULL DEFAULT 0,
            archived INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (name, version)
          );
          CREATE INDEX environment_hash ON environment (hash);
          CREATE TABLE environment_label (
            name TEXT NOT NULL,
            label TEXT NOT NULL,
            version TEXT NOT NULL,
            PRIMARY KEY (name, label)
          );
          CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY,
            experiment TEXT NOT NULL,
            number INTEGER NOT NULL,
            status TEXT NOT NULL,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL,
            UNIQUE (experiment, number)
          );
          CREATE TABLE model (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (name, version)
          );
          CREATE TABLE model_counter (
            name TEXT NOT NULL PRIMARY KEY,
            last INTEGER NOT NULL
          );
          """,
          """
          ALTER TABLE run ADD COLUMN parent TEXT;
          CREATE INDEX run_parent ON run (parent);
          CREATE TABLE experiment (
            name TEXT NOT NULL PRIMARY KEY,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE run_metric (
            run_id TEXT NOT NULL,
            ordinal BIGINT NOT NULL,
            name TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (run_id, ordinal)
          );
          CREATE TABLE run_metric_batch (
            run_id TEXT NOT NULL,
            sender TEXT NOT NULL,
            last BIGINT NOT NULL,
            PRIMARY KEY (run_id, sender)
          );
          CREATE TABLE datastore (
            name TEXT NOT NULL PRIMARY KEY,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE dataset (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (name, version)
          );
          CREATE TABLE compute_target (
            name TEXT NOT NULL PRIMARY KEY,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE access_token (
            id TEXT NOT NULL PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            run_id TEXT,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT,
            last_used_at TEXT
          );
          CREATE TABLE secret (
            name TEXT NOT NULL PRIMARY KEY,
            sealed TEXT NOT NULL,
            updated_at TEXT NOT NULL
          );
          CREATE TABLE audit (
            id TEXT NOT NULL PRIMARY KEY,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE job (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            status TEXT NOT NULL,
            created_at TEXT NOT NULL,
            owner TEXT,
            lease_until TEXT,
            document TEXT NOT NULL
          );
          CREATE INDEX job_status ON job (status);
          CREATE TABLE lease (
            name TEXT NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL,
            until TEXT NOT NULL
          );
          CREATE TABLE idempotency (
            request TEXT NOT NULL,
            actor TEXT NOT NULL,
            digest TEXT NOT NULL,
            status INTEGER NOT NULL,
            answer TEXT NOT NULL,
            created_at TEXT NOT NULL,
            PRIMARY KEY (request, actor)
          );
          """);

  private Migrations() {}

  /// The number of the newest schema.
  static int newest() {
    return STEPS.size();
  }

  /// The statements of a step.
  ///
  /// @param step from 1
  static List<String> statements(int step) {
    var statements = new ArrayList<String>();
    for (var sql : STEPS.get(step - 1).split(";\\s*\n")) {
      if (!sql.isBlank()) {
        statements.add(sql);
      }
    }
    return statements;
  }

  /// Refuses a schema that is not known here.
  ///
  /// @param place of the database
  static void check(int version, Place place) {
    if (version > STEPS.size()) {
      throw new WorkspaceException(
          Problem.of(
                  WorkspaceCode.DATABASE_TOO_NEW,
                  "the workspace's database was written by a later Terroir")
              .at(place)
              .because(
                  "its schema is number "
                      + version
                      + ", this Terroir knows schemas up to "
                      + STEPS.size())
              .hint("use that later Terroir; nothing was changed"));
    }
  }
}

/// Real conda packages and channels, and a real server of PostgreSQL, for tests and measurements;
/// nothing that ships uses it.
///
/// [SampleChannel] is the ready-made set. [CondaSample] builds one package, also of a wheel or of
/// this machine's interpreter; [CondaChannel] is a folder of packages with its repodata;
/// [CondaServer] serves one on loopback, with credentials and with misbehaviour. [PostgresServer]
/// is a database for as long as a test runs.
///
/// Spec: conda's "Package specification", CEP 16 (sharded repodata), CEP 17 (site-packages path),
/// CEP 34 (metadata).
@NullMarked
package dev.terroir.samples;

import org.jspecify.annotations.NullMarked;

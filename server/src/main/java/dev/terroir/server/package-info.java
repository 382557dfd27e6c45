/// A workspace over HTTP: `terroir serve`.
///
/// The contract is `api/openapi.yaml` beside this package: [dev.terroir.server.http] reads methods,
/// paths, parameters and schemas from it and holds requests to them; the resources give each
/// operation its [dev.terroir.server.http.Guarded]. [dev.terroir.server.TerroirServer] wires them.
@NullMarked
package dev.terroir.server;

import org.jspecify.annotations.NullMarked;

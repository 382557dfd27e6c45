/// Scoring services: a model, an entry script and an environment behind one address.
///
/// [Services] deploys, updates and deletes; `configuration` reads the files of `az ml model
/// deploy`; `supervisor` keeps a service alive with the `front` that owns its address and the
/// `scoring` process behind it.
@NullMarked
package dev.terroir.serving;

import org.jspecify.annotations.NullMarked;

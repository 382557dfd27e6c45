/// Registered models over HTTP: [ModelResource].
@NullMarked
package dev.terroir.server.models;

import org.jspecify.annotations.NullMarked;

/// Datastores and datasets over HTTP.
@NullMarked
package dev.terroir.server.data;

import org.jspecify.annotations.NullMarked;

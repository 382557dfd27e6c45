/// From a connection to an operation and back: [dev.terroir.server.http.Endpoint] finds the
/// operation in the [dev.terroir.server.http.ApiDocument], checks caller and request, and writes
/// the answer or a problem detail of RFC 9457.
@NullMarked
package dev.terroir.server.http;

import org.jspecify.annotations.NullMarked;

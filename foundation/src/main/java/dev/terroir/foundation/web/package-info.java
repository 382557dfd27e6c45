/// HTTP as this machine's settings ask for it: [dev.terroir.foundation.web.Web] makes the client,
/// [dev.terroir.foundation.web.Proxies] says which proxy an address goes through.
///
/// Spec: there is none for the variables; the meaning is what curl, pip and uv share.
@NullMarked
package dev.terroir.foundation.web;

import org.jspecify.annotations.NullMarked;

/// Where Terroir keeps things on this machine ([dev.terroir.foundation.home.TerroirHome]) and the
/// process environment it reads ([dev.terroir.foundation.home.Settings], the one list of
/// `TERROIR_*` variables).
@NullMarked
package dev.terroir.foundation.home;

import org.jspecify.annotations.NullMarked;

/// `terroir serve`, `terroir token …` and `terroir login`.
@NullMarked
package dev.terroir.cli.server;

import org.jspecify.annotations.NullMarked;

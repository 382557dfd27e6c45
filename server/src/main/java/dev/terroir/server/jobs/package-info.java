/// Long work that goes on when its request has been answered: [dev.terroir.server.jobs.Jobs].
@NullMarked
package dev.terroir.server.jobs;

import org.jspecify.annotations.NullMarked;

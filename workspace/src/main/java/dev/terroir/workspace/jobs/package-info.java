/// Records of long work that a server does: [dev.terroir.workspace.jobs.Job] and
/// [dev.terroir.workspace.jobs.JobRecords]. Doing it is the server's business.
@NullMarked
package dev.terroir.workspace.jobs;

import org.jspecify.annotations.NullMarked;

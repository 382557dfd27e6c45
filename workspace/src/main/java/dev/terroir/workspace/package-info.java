/// What is remembered: environments and their versions, locks, runs, models, in a folder with an
/// embedded database.
///
/// [Workspace] is the door of the Java SDK; its parts are subjects of their own. What a run or
/// service does lies in the modules after this one.
@NullMarked
package dev.terroir.workspace;

import org.jspecify.annotations.NullMarked;

/// `terroir image …` and `terroir cache …`: images without a workspace, what is in them, and what
/// is kept to make the next ones fast.
@NullMarked
package dev.terroir.cli.images;

import org.jspecify.annotations.NullMarked;

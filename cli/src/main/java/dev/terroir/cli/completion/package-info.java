/// Shell completions for bash, zsh and fish, made from the same descriptions as help.
@NullMarked
package dev.terroir.cli.completion;

import org.jspecify.annotations.NullMarked;

package dev.terroir.cli.command;

import java.util.List;
import java.util.function.Supplier;

/// Commands under one word. Immutable.
///
/// @param name the word
/// @param summary one line of help
/// @param leaves its commands, made only when the group is called; a group of one unnamed command
///   is that command
/// @since 0.1
public record Group(String name, String summary, Supplier<List<Leaf>> leaves) {}

package dev.terroir.resolve.conda;

import java.util.List;

/// What a workspace decides about conda. Immutable.
///
/// @param source where conda's names are looked for
/// @param restricted what happens with channels whose terms restrict commercial use
/// @param channelPriority `strict`, `flexible` or `disabled`; empty for that of conda's settings
/// @param virtualPackages what the machine offers that runs it, such as `__cuda=12.4`, over what is
///   detected here, or over the usual machine of another platform
/// @param linkScripts conda packages whose link scripts may be run
/// @param names lines of the workspace's own table of names for the Python index, `conda = index`
/// @since 0.1
public record CondaOptions(
    Source source,
    Restricted restricted,
    String channelPriority,
    List<String> virtualPackages,
    List<String> linkScripts,
    List<String> names) {
  /// As a new workspace has it.
  public static final CondaOptions DEFAULT =
      new CondaOptions(Source.CHANNELS, Restricted.WARN, "", List.of(), List.of(), List.of());

  /// Where conda's names are looked for.
  public enum Source {
    /// In channels.
    CHANNELS,
    /// On the Python index, under the names that a table gives.
    PYPI
  }

  /// What happens with a channel whose terms restrict commercial use.
  public enum Restricted {
    /// A warning.
    WARN,
    /// An error.
    ERROR,
    /// Nothing: the licence is there.
    ALLOW
  }

  /// Copies the lists.
  public CondaOptions {
    virtualPackages = List.copyOf(virtualPackages);
    linkScripts = List.copyOf(linkScripts);
    names = List.copyOf(names);
  }

  /// The same with what a machine offers.
  public CondaOptions withVirtualPackages(List<String> packages) {
    return new CondaOptions(source, restricted, channelPriority, packages, linkScripts, names);
  }
}

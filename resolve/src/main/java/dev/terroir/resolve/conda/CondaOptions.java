package dev.terroir.resolve.conda;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;

/// What a workspace decides about conda. Immutable.
///
/// @param source where conda's names are looked for
/// @param restricted what happens with channels whose terms restrict commercial use
/// @param channelPriority `strict`, `flexible` or `disabled`; empty for that of conda's settings
/// @param virtualPackages what the machine offers that runs it, such as `__cuda=12.4`, over what is
///   detected here, or over the usual machine of another platform
/// @param linkScripts conda packages whose link scripts may be run
/// @param names lines of the workspace's own table of names for the Python index: a conda name and
///   a project
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

  /// The same with more that the machine offers, over what is said already.
  ///
  /// @param packages as `__cuda=12.4` or `__glibc=2.17=0`
  public CondaOptions adding(List<String> packages) {
    if (packages.isEmpty()) {
      return this;
    }
    var all = new LinkedHashMap<String, String>();
    Stream.concat(virtualPackages.stream(), packages.stream())
        .forEach(item -> all.put(item.split("=", 2)[0], item));
    return new CondaOptions(
        source, restricted, channelPriority, List.copyOf(all.values()), linkScripts, names);
  }

  /// The same with other packages whose link scripts may be run.
  public CondaOptions withLinkScripts(List<String> allowed) {
    return new CondaOptions(source, restricted, channelPriority, virtualPackages, allowed, names);
  }
}

package dev.terroir.lock.exchange;

import dev.terroir.lock.CondaPackage;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The channels of an environment of a document.
///
/// @param environment which has them
record LockChannels(LockDocument.EnvironmentEntry environment) {
  /// The channels of the file first, in its order, and those that packages come from besides.
  List<String> ordered(Set<String> used) {
    var ordered = new LinkedHashSet<String>();
    for (var channel : environment.channels()) {
      var name = strip(Fields.anonymous(channel.url()));
      for (var one : used) {
        if (one.equals(name) || one.endsWith("/" + name)) {
          ordered.add(one);
        }
      }
    }
    ordered.addAll(used);
    return List.copyOf(ordered);
  }

  List<String> urls(Map<String, CondaPackage> conda) {
    var urls = new LinkedHashSet<String>();
    conda.values().forEach(item -> urls.add(item.channel()));
    var ordered = new LinkedHashSet<String>();
    for (var channel : environment.channels()) {
      var name = strip(Fields.anonymous(channel.url()));
      urls.stream()
          .filter(url -> url.equals(name) || url.endsWith("/" + name))
          .forEach(ordered::add);
    }
    ordered.addAll(urls);
    return List.copyOf(ordered);
  }

  /// The name by which the file calls a channel, else its URL.
  String shortName(String url) {
    return environment.channels().stream()
        .map(channel -> strip(Fields.anonymous(channel.url())))
        .filter(name -> !name.contains("://") && !name.isEmpty() && url.endsWith("/" + name))
        .findFirst()
        .orElse(url);
  }

  private static String strip(String url) {
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }
}

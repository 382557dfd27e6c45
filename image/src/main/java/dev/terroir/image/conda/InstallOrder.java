package dev.terroir.image.conda;

import dev.terroir.lock.CondaPackage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The order in which conda packages are installed: dependencies first. Of two that bring one path,
/// the later wins, in images as in a prefix that rattler makes; so this is rattler's order, which
/// depends on names and dependencies alone.
///
/// Packages that nothing depends on are taken from the last name to the first, and each brings what
/// it needs before it, from the last name to the first too. So of two that have nothing to do with
/// each other, the one whose name comes first wins.
///
/// @since 0.1
public final class InstallOrder {
  private static final Pattern NAME = Pattern.compile("(?:[^\\s:]*::?)*([A-Za-z0-9_.-]+).*");

  private InstallOrder() {}

  /// The packages in that order.
  public static List<CondaPackage> of(List<CondaPackage> packages) {
    Map<String, CondaPackage> byName = new TreeMap<>();
    packages.forEach(item -> byName.put(item.name(), item));
    Map<String, List<String>> needs = new HashMap<>();
    byName.forEach((name, item) -> needs.put(name, needs(item, byName)));
    var order = new ArrayList<CondaPackage>();
    var seen = new HashSet<String>();
    for (var root : roots(byName, needs)) {
      visit(root, needs, seen, name -> order.add(byName.get(name)));
    }
    return List.copyOf(order);
  }

  private static List<String> needs(CondaPackage item, Map<String, CondaPackage> byName) {
    var names = new TreeSet<String>(Collections.reverseOrder());
    for (var spec : item.depends()) {
      var matcher = NAME.matcher(spec.strip());
      if (matcher.matches() && byName.containsKey(matcher.group(1))) {
        names.add(matcher.group(1));
      }
    }
    return List.copyOf(names);
  }

  /// Packages that nothing needs, last name first; of a circle that nothing outside needs, its last
  /// name.
  private static List<String> roots(
      Map<String, CondaPackage> byName, Map<String, List<String>> needs) {
    var needed = new HashSet<String>();
    needs.forEach((name, others) ->
        others.stream().filter(other -> !other.equals(name)).forEach(needed::add));
    var roots = new TreeSet<String>(Collections.reverseOrder());
    var reached = new HashSet<String>();
    for (var name : byName.keySet()) {
      if (!needed.contains(name)) {
        roots.add(name);
        visit(name, needs, reached, _ -> {});
      }
    }
    // What is left lies in circles, or is needed by one. A package of a circle above all others is
    // one from which the others of its circle, and none above, can be reached.
    var left = new TreeSet<String>(Collections.reverseOrder());
    left.addAll(byName.keySet());
    left.removeAll(reached);
    while (!left.isEmpty()) {
      var top = top(left, needs);
      roots.add(top);
      visit(top, needs, reached, _ -> {});
      left.removeAll(reached);
    }
    return List.copyOf(roots);
  }

  private static String top(TreeSet<String> left, Map<String, List<String>> needs) {
    for (var name : left) {
      var below = reach(name, needs);
      boolean isTop =
          left.stream()
              .filter(other -> !below.contains(other))
              .noneMatch(other -> reach(other, needs).contains(name));
      if (isTop) {
        return name;
      }
    }
    return left.first();
  }

  private static Set<String> reach(String from, Map<String, List<String>> needs) {
    var reached = new HashSet<String>();
    visit(from, needs, reached, _ -> {});
    return reached;
  }

  private record Step(String name, boolean isLeft) {}

  /// Depth first without recursion, as chains of dependencies may be long.
  private static void visit(
      String root,
      Map<String, List<String>> needs,
      Set<String> seen,
      java.util.function.Consumer<String> left) {
    var stack = new ArrayDeque<Step>();
    stack.push(new Step(root, false));
    while (!stack.isEmpty()) {
      var step = stack.pop();
      if (step.isLeft()) {
        left.accept(step.name());
      } else if (seen.add(step.name())) {
        stack.push(new Step(step.name(), true));
        // The last name was pushed last by rattler, and is on top.
        for (var other : needs.getOrDefault(step.name(), List.of()).reversed()) {
          stack.push(new Step(other, false));
        }
      }
    }
  }
}

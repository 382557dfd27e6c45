package dev.terroir.image.build;

import dev.terroir.image.layer.Placement;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What the conda packages of an image ask of whoever starts a container of it. Immutable.
///
/// @param isThere whether there are conda packages
/// @param isActivated whether packages bring activation scripts
/// @param variables that packages set
/// @param linkScripts the packages that bring scripts to be run when they are linked, by name
/// @param postLink names of those of them whose script is to be run after linking
/// @param preLink names of those of them whose script is to be run before linking, which is never
///   done: the package is in its layer already
/// @param ran titles of packages whose scripts were run
record CondaFacts(
    boolean isThere,
    boolean isActivated,
    Map<String, String> variables,
    Map<String, String> linkScripts,
    Set<String> postLink,
    Set<String> preLink,
    List<String> ran) {
  static final CondaFacts NONE =
      new CondaFacts(false, false, Map.of(), Map.of(), Set.of(), Set.of(), List.of());

  /// The annotation and label that names packages whose link scripts were not run.
  static final String SKIPPED_LINK_SCRIPTS = "dev.terroir.conda.link-scripts-skipped";

  /// The annotation and label that names packages whose link scripts were run.
  static final String RUN_LINK_SCRIPTS = "dev.terroir.conda.link-scripts-run";

  private static final String ROOT = Placement.PREFIX.substring(1);

  /// A script before a package is unlinked has nothing to do in an image.
  private static final Pattern LINK_SCRIPT =
      Pattern.compile(Pattern.quote(ROOT) + "/bin/\\.(.+)-(post|pre)-link\\.sh");

  private static final Pattern ACTIVATION =
      Pattern.compile(Pattern.quote(ROOT) + "/etc/conda/activate\\.d/[^/]+\\.sh");

  /// Finds them in what is remembered of the layers.
  static CondaFacts of(CondaPart conda, List<PackageStack.Stacked> stack) {
    var isActivated = false;
    var variables = new TreeMap<String, String>();
    var scripts = new TreeMap<String, String>();
    var postLink = new TreeSet<String>();
    var preLink = new TreeSet<String>();
    for (var stacked : stack) {
      if (!stacked.bucket().isConda()) {
        continue;
      }
      variables.putAll(stacked.made().variables());
      for (var root : stacked.made().roots()) {
        isActivated |= ACTIVATION.matcher(root).matches();
        var matcher = LINK_SCRIPT.matcher(root);
        if (matcher.matches()) {
          var names = matcher.group(2).equals("post") ? postLink : preLink;
          conda
              .find(matcher.group(1))
              .ifPresent(item -> {
                scripts.put(item.name(), item.title());
                names.add(item.name());
              });
        }
      }
    }
    return new CondaFacts(true, isActivated, variables, scripts, postLink, preLink, List.of());
  }

  /// The same after scripts were run.
  ///
  /// @param packages in the order in which they ran
  CondaFacts ran(List<CondaPackage> packages) {
    return new CondaFacts(
        isThere,
        isActivated,
        variables,
        linkScripts,
        postLink,
        preLink,
        packages.stream().map(CondaPackage::title).toList());
  }

  /// Packages whose link scripts were not run, with their versions.
  List<String> skippedPackages() {
    var skipped = new TreeSet<String>();
    linkScripts.forEach((name, title) -> {
      if (preLink.contains(name) || !ran.contains(title)) {
        skipped.add(title);
      }
    });
    return List.copyOf(skipped);
  }

  /// What is told of them.
  Optional<String> skipped() {
    var skipped = skippedPackages();
    return skipped.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "the link scripts of "
                + String.join(", ", skipped)
                + " were not run: they are programs of the packages' own, and those that run after"
                + " linking are run where they are allowed by name: `--link-scripts` of a"
                + " workspace, `--allow-link-scripts` of `terroir image build`");
  }
}

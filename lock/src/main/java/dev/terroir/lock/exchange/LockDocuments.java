package dev.terroir.lock.exchange;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Writes locks as documents.
final class LockDocuments {
  private static final Pattern SPEC_NAME = Pattern.compile("[A-Za-z0-9_.*-]+");

  private LockDocuments() {}

  static String specName(String spec) {
    var text = spec.contains("::") ? spec.substring(spec.lastIndexOf("::") + 2) : spec;
    var matcher = SPEC_NAME.matcher(text.strip());
    return matcher.lookingAt() ? matcher.group() : "";
  }

  /// A lock as a document of one environment and one platform.
  static LockDocument of(Lock lock) {
    var subdir = Subdirs.of(lock.platform());
    var uses = new ArrayList<LockDocument.Use>();
    for (var item : inOrder(lock.conda().packages())) {
      uses.add(new LockDocument.Use(condaEntry(item), JsonObject.EMPTY, Place.of(item.title())));
    }
    var requires = new HashMap<String, List<String>>();
    for (var item : lock.packages()) {
      for (var by : item.requiredBy()) {
        requires.computeIfAbsent(by, _ -> new ArrayList<>()).add(item.name());
      }
    }
    var indexes = new LinkedHashSet<String>();
    for (var item : lock.packages()) {
      if (item.index() != null) {
        indexes.add(item.index());
      }
      uses.add(
          new LockDocument.Use(
              new LockEntry.Pypi(
                  item.url(),
                  item.name(),
                  item.version(),
                  // The bytes of what is built of a commit are no other tool's to hold it to.
                  item.commit().isPresent() ? null : item.digest(),
                  null,
                  requires.getOrDefault(item.name(), List.of()),
                  null,
                  JsonObject.EMPTY),
              JsonObject.EMPTY,
              Place.of(item.title())));
    }
    var packages = new LinkedHashMap<String, List<LockDocument.Use>>();
    packages.put(subdir, uses);
    return new LockDocument(
        LockDocument.Format.EXPLICIT,
        1,
        List.of(
            new LockDocument.PlatformEntry(
                subdir, subdir, lock.conda().virtualPackages(), JsonObject.EMPTY)),
        List.of(
            new LockDocument.EnvironmentEntry(
                LockDocument.DEFAULT,
                lock.conda().channels().stream()
                    .map(url -> new LockDocument.Channel(url, JsonObject.EMPTY))
                    .toList(),
                List.copyOf(indexes),
                packages,
                JsonObject.EMPTY)),
        List.of(),
        JsonObject.builder()
            .put(
                "comments",
                List.of(
                    "# This file may be used to create an environment using:",
                    "# $ conda create --name <env> --file <this file>"))
            .put("contentHash", lock.digest().hex())
            .build());
  }

  private static LockEntry.Conda condaEntry(CondaPackage item) {
    var more = JsonObject.builder().put("build_number", item.buildNumber());
    if (item.sitePackagesPath() != null) {
      more.put("python_site_packages_path", item.sitePackagesPath());
    }
    return new LockEntry.Conda(
        item.url(),
        item.name(),
        item.version(),
        item.build(),
        item.subdir(),
        item.sha256(),
        item.md5(),
        item.sizeBytes(),
        item.depends(),
        item.constrains(),
        item.noarch(),
        item.license(),
        item.timestampMillis(),
        item.distributions().isEmpty()
            ? null
            : item.distributions().stream().map(one -> "pkg:pypi/" + one.name()).toList(),
        more.build());
  }

  private static List<CondaPackage> inOrder(List<CondaPackage> packages) {
    var byName = new TreeMap<String, CondaPackage>();
    packages.forEach(item -> byName.put(item.name(), item));
    var done = new HashSet<String>();
    var ordered = new ArrayList<CondaPackage>();
    byName.keySet().forEach(name -> visit(name, byName, done, ordered));
    return ordered;
  }

  private static void visit(
      String name, Map<String, CondaPackage> byName, Set<String> done, List<CondaPackage> ordered) {
    var item = byName.get(name);
    // Marked before its dependencies are visited, so that a circle ends.
    if (item == null || !done.add(name)) {
      return;
    }
    item.depends().stream()
        .map(LockDocuments::specName)
        .sorted()
        .forEach(needed -> visit(needed, byName, done, ordered));
    ordered.add(item);
  }
}

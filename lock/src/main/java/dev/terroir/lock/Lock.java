package dev.terroir.lock;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Everything that a definition was resolved to. Immutable; packages are sorted by name.
///
/// @param definitionHash 32 hex digits of the definition it was made from
/// @param platform what it is for
/// @param pythonVersion the `major.minor` it is for; empty when it has no Python, as an environment
///   of conda packages for R may
/// @param requirements what was asked for, as lines of a requirements file after replacements
/// @param options option lines that decide where packages come from, without credentials
/// @param replacements names of the retired service and what took their place
/// @param packages what is installed from a Python index
/// @param conda what is installed from conda channels
/// @param tools name and version of the tools that made it
/// @since 0.1
public record Lock(
    String definitionHash,
    Platform platform,
    String pythonVersion,
    List<String> requirements,
    List<String> options,
    Map<String, String> replacements,
    List<LockedPackage> packages,
    CondaPart conda,
    Map<String, String> tools) {

  /// Sorts and copies.
  public Lock {
    requirements = List.copyOf(requirements);
    options = List.copyOf(options);
    replacements = java.util.Collections.unmodifiableMap(new TreeMap<>(replacements));
    // Not `Comparator.comparing`, whose lambda is made at run time and not kept in the AOT cache.
    packages = packages.stream().sorted((a, b) -> a.name().compareTo(b.name())).toList();
    tools = java.util.Collections.unmodifiableMap(new TreeMap<>(tools));
  }

  /// A lock without conda packages.
  public Lock(
      String definitionHash,
      Platform platform,
      String pythonVersion,
      List<String> requirements,
      List<String> options,
      Map<String, String> replacements,
      List<LockedPackage> packages,
      Map<String, String> tools) {
    this(
        definitionHash,
        platform,
        pythonVersion,
        requirements,
        options,
        replacements,
        packages,
        CondaPart.NONE,
        tools);
  }

  /// The lock digest: SHA-256 of what is installed and on which Python; where it was fetched and
  /// which tools found it do not count.
  public Sha256 digest() {
    var content = new StringBuilder("terroir-lock-content/1\n");
    content.append(platform).append('\n').append(pythonVersion).append('\n');
    for (var item : packages) {
      content
          .append(item.name())
          .append(' ')
          .append(item.version())
          .append(' ')
          .append(item.artifact().fileName())
          .append(' ')
          .append(item.artifact().sha256())
          .append('\n');
    }
    // The channel says where a package was found, and its record names it; so does the layer.
    for (var item : conda.packages()) {
      content
          .append("conda ")
          .append(item.channel())
          .append(' ')
          .append(item.subdir())
          .append(' ')
          .append(item.fileName())
          .append(' ')
          .append(item.digest())
          .append('\n');
    }
    return Sha256.of(content.toString());
  }

  /// Everything that is installed: conda packages, then those of the index, each sorted by name.
  public List<Locked> everything() {
    var all = new ArrayList<Locked>(conda.packages());
    all.addAll(packages);
    return List.copyOf(all);
  }

  /// The package of a name from a Python index.
  public Optional<LockedPackage> find(String name) {
    return packages.stream().filter(item -> item.name().equals(name)).findFirst();
  }

  /// The packages of a name: that of a conda channel, then that of the Python index. At least one
  /// must be there.
  public List<Locked> named(String name) {
    var found = new ArrayList<Locked>();
    conda.find(name.toLowerCase(java.util.Locale.ROOT)).ifPresent(found::add);
    find(DistributionName.normalized(name)).ifPresent(found::add);
    if (found.isEmpty()) {
      throw missing(name);
    }
    return List.copyOf(found);
  }

  /// The package of a name that must be there.
  public LockedPackage get(String name) {
    var normalized = DistributionName.normalized(name);
    return find(normalized).orElseThrow(() -> missing(normalized));
  }

  private LockException missing(String name) {
    return new LockException(
        Problem.of(LockCode.NOT_LOCKED, "the lock has no package `" + name + "`")
            .at(Place.of("lock " + digest().hex().substring(0, 12)))
            .hint("`terroir lock show` lists what it has"));
  }

  /// The same with these packages of a Python index.
  public Lock withPackages(List<LockedPackage> others) {
    return new Lock(
        definitionHash,
        platform,
        pythonVersion,
        requirements,
        options,
        replacements,
        others,
        conda,
        tools);
  }

  /// The bytes to fetch, as far as they are known.
  public long sizeBytes() {
    return everything().stream().mapToLong(item -> Math.max(0, item.sizeBytes())).sum();
  }

  @Override
  public String toString() {
    return JsonWriter.indented(LockFile.toJson(this), 2);
  }
}

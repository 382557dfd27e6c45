package dev.terroir.lock;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One conda package of a lock. Immutable.
///
/// Spec: CEP 34 and the repodata record of conda's "Package metadata".
///
/// @param name its name, lower case
/// @param version a version of conda's scheme
/// @param build the build string
/// @param buildNumber what orders builds of one version
/// @param subdir the platform folder of the channel that it lies in, such as `linux-64` or `noarch`
/// @param channel URL of the channel, without credentials and without the subdir
/// @param url where it is fetched, without credentials
/// @param sha256 64 hex digits, or null when the channel does not tell it
/// @param md5 32 hex digits, or null; told beside SHA-256, or in place of it by old channels
/// @param sizeBytes its size, or -1 when the channel did not say
/// @param depends match specs of what it needs, as the channel has them
/// @param constrains match specs that others have to satisfy if they are there
/// @param noarch `python` or `generic`, or null for a package of one platform
/// @param sitePackagesPath of a Python interpreter: where its packages lie in the prefix when it
///   says so (CEP 17), or null
/// @param license as the channel has it, or null
/// @param timestampMillis when it was built, milliseconds since 1970, or -1
/// @param distributions the Python distributions it brings
/// @param requiredBy names of the packages that require it, [LockedPackage#DEFINITION] for the
///   definition itself
/// @since 0.1
public record CondaPackage(
    String name,
    String version,
    String build,
    long buildNumber,
    String subdir,
    String channel,
    String url,
    @Nullable String sha256,
    @Nullable String md5,
    long sizeBytes,
    List<String> depends,
    List<String> constrains,
    @Nullable String noarch,
    @Nullable String sitePackagesPath,
    @Nullable String license,
    long timestampMillis,
    List<Distribution> distributions,
    List<String> requiredBy)
    implements Locked {

  /// A Python distribution inside a conda package.
  ///
  /// @param name normalised project name
  /// @param version PEP 440 version
  public record Distribution(String name, String version) {}

  /// Copies the lists.
  ///
  /// @throws IllegalArgumentException without any digest
  public CondaPackage {
    if (sha256 == null && md5 == null) {
      throw new IllegalArgumentException(name + " has no digest");
    }
    depends = List.copyOf(depends);
    constrains = List.copyOf(constrains);
    distributions = List.copyOf(distributions);
    requiredBy = List.copyOf(requiredBy);
  }

  @Override
  public String fileName() {
    return url.substring(url.lastIndexOf('/') + 1);
  }

  @Override
  public String digest() {
    return sha256 != null ? sha256 : "md5:" + md5;
  }

  @Override
  public String title() {
    return name + " " + version + " " + build;
  }

  /// `name-version-build`, which names its record in `conda-meta`.
  public String stem() {
    return name + "-" + version + "-" + build;
  }

  /// Whether it is a `noarch: python` package, whose modules go to the site-packages of the
  /// environment's interpreter.
  public boolean isNoarchPython() {
    return "python".equals(noarch);
  }

  /// The same with the Python distributions that it brings.
  public CondaPackage withDistributions(List<Distribution> bring) {
    return with(bring, requiredBy);
  }

  /// The same with the packages that require it.
  public CondaPackage withRequiredBy(List<String> names) {
    return with(distributions, names);
  }

  private CondaPackage with(List<Distribution> bring, List<String> by) {
    return new CondaPackage(
        name,
        version,
        build,
        buildNumber,
        subdir,
        channel,
        url,
        sha256,
        md5,
        sizeBytes,
        depends,
        constrains,
        noarch,
        sitePackagesPath,
        license,
        timestampMillis,
        bring,
        by);
  }
}

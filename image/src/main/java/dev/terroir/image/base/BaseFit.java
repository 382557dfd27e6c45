package dev.terroir.image.base;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.lock.Lock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Judges a base image against a lock.
///
/// Spec: Python packaging, "Platform compatibility tags" (PEP 600, PEP 656).
///
/// @since 0.1
public final class BaseFit {
  private static final Pattern MANYLINUX = Pattern.compile("manylinux_([0-9]+)_([0-9]+)_.+");
  private static final Pattern VERSION = Pattern.compile("([0-9]+)(?:\\.([0-9]+))?.*");

  private static final String NO_SHELL =
      "it has no program `/bin/sh`, which containers of environments are started with: name a"
          + " base with a shell, not one of the kind `scratch` or `distroless`";

  private BaseFit() {}

  /// What a wheel asks of the C library.
  ///
  /// @param tag the platform tag that asks least
  /// @param glibcMinor of glibc 2, or -1 for musl
  private record Need(String wheel, String tag, int glibcMinor) {}

  /// The interpreter that the environment stands on; empty when it brings its own, or has none.
  ///
  /// @throws ImageException code `base-not-fit`, with all reasons at once
  public static Optional<BasePython> choose(BaseImage image, BaseFacts facts, Lock lock) {
    var reasons = new ArrayList<String>();
    if (!image.platform().equals(lock.platform())) {
      reasons.add(
          "it is for "
              + image.platform()
              + ", the lock for "
              + lock.platform()
              + ": name a base for "
              + lock.platform()
              + ", or lock for "
              + image.platform());
    }
    boolean isOnBase = needsPython(lock);
    var python = isOnBase ? python(facts, lock, reasons) : null;
    cLibrary(facts, lock, reasons);
    condaLibrary(facts, lock, reasons);
    distribution(facts, reasons);
    if (!facts.hasShell()) {
      reasons.add(NO_SHELL);
    }
    if (reasons.isEmpty()) {
      return Optional.ofNullable(python);
    }
    throw notFit(image, reasons);
  }

  /// Whether the packages of a lock run on a Python of the base: not when conda brings one, nor
  /// when there are conda packages only.
  public static boolean needsPython(Lock lock) {
    return lock.conda().python().isEmpty()
        && (lock.conda().packages().isEmpty() || !lock.packages().isEmpty());
  }

  /// Conda packages of a platform stand on the base's glibc, which is the one library that they do
  /// not bring.
  private static void condaLibrary(BaseFacts facts, Lock lock, List<String> reasons) {
    var first =
        lock.conda().packages().stream()
            .filter(item -> item.subdir().startsWith("linux-"))
            .findFirst();
    if (first.isEmpty()) {
      return;
    }
    if (!"glibc".equals(facts.libc())) {
      reasons.add(
          (facts.libc() == null ? "it has no C library" : "its C library is " + facts.libc())
              + ", and "
              + first.get().title()
              + " and the other packages of conda need glibc: name a base with glibc, such as"
              + " Debian or Ubuntu");
      return;
    }
    var version = facts.glibcVersion();
    if (version == null) {
      return;
    }
    for (var item : lock.conda().packages()) {
      for (var spec : item.depends()) {
        var need = GlibcNeed.of(spec);
        if (need.isPresent() && !need.get().isMetBy(version)) {
          reasons.add(
              "its glibc is "
                  + version
                  + ", and "
                  + item.title()
                  + " needs `"
                  + spec
                  + "`: name a base with such a glibc, or lock for this one (`__glibc` "
                  + version
                  + ")");
          return;
        }
      }
    }
  }

  /// Judges a base whose packages the user manages.
  ///
  /// @param interpreterPath as the definition has it
  /// @param found where that program lies in the base, or null
  /// @throws ImageException code `base-not-fit`, with all reasons at once
  public static void checkUserManaged(
      BaseImage image, BaseFacts facts, String interpreterPath, @Nullable String found) {
    var reasons = new ArrayList<String>();
    if (found == null) {
      var there = facts.pythons().stream().map(BasePython::executable).toList();
      reasons.add(
          "it has no program `"
              + interpreterPath
              + "`, which the definition names as `python.interpreterPath`"
              + (there.isEmpty()
                  ? ", and no other Python: name a base with a Python"
                  : ": name one that is there, such as `" + String.join("`, `", there) + "`"));
    }
    distribution(facts, reasons);
    if (!facts.hasShell()) {
      reasons.add(NO_SHELL);
    }
    if (!reasons.isEmpty()) {
      throw notFit(image, reasons);
    }
  }

  private static ImageException notFit(BaseImage image, List<String> reasons) {
    var problem =
        Problem.of(ImageCode.BASE_NOT_FIT, "the base image does not fit the environment")
            .at(Place.of(image.reference() + " (" + image.manifest().digest() + ")"));
    for (var reason : reasons) {
      problem = problem.because(reason);
    }
    return new ImageException(problem.hint("name another base image with --base"));
  }

  private static @Nullable BasePython python(BaseFacts facts, Lock lock, List<String> reasons) {
    var wanted = lock.pythonVersion();
    var found = new LinkedHashSet<String>();
    for (var python : facts.pythons()) {
      found.add(python.version() + " (" + python.executable() + ")");
    }
    var fitting =
        facts.pythons().stream().filter(python -> python.version().equals(wanted)).toList();
    if (fitting.isEmpty()) {
      reasons.add(
          found.isEmpty()
              ? "it has no Python: name a base with Python " + wanted
              : "it has no Python "
                  + wanted
                  + ", only "
                  + String.join(", ", found)
                  + ": name a base with Python "
                  + wanted
                  + ", or ask for `python="
                  + facts.pythons().getFirst().version()
                  + "`");
      return null;
    }
    String why = null;
    for (var python : fitting) {
      var architecture = python.architecture();
      if (architecture != null && !architecture.equals(lock.platform().architecture())) {
        why =
            "its Python "
                + python.executable()
                + " is a program for "
                + architecture
                + ", the lock is for "
                + lock.platform()
                + ": name a base for that platform";
      } else if (python.standardLibrary() == null) {
        why =
            "its Python "
                + python.executable()
                + " has no standard library: name a base with a"
                + " whole Python "
                + wanted;
      } else if (!python.isComplete()) {
        why =
            "its Python "
                + python.executable()
                + " lacks most of the standard library, as Debian's"
                + " `python3-minimal` does: install `python3` in it, or name another base";
      } else {
        return python;
      }
    }
    reasons.add(String.valueOf(why));
    return null;
  }

  private static void cLibrary(BaseFacts facts, Lock lock, List<String> reasons) {
    var needs = new ArrayList<Need>();
    for (var item : lock.packages()) {
      need(item.artifact().fileName()).ifPresent(needs::add);
    }
    var libc = facts.libc();
    if (libc == null) {
      if (!needs.isEmpty()) {
        var first = needs.getFirst();
        reasons.add(
            "it has no C library, which `"
                + first.wheel()
                + "` (`"
                + first.tag()
                + "`) needs: name a base with glibc");
      }
      return;
    }
    var isMusl = libc.equals("musl");
    var has = isMusl ? -1 : minor(facts.glibcVersion());
    // The one that asks most speaks for all.
    Need worst = null;
    var others = 0;
    for (var need : needs) {
      var isMet =
          isMusl
              ? need.glibcMinor() < 0
              : need.glibcMinor() >= 0 && (has < 0 || need.glibcMinor() <= has);
      if (!isMet) {
        others += worst == null ? 0 : 1;
        if (worst == null || need.glibcMinor() > worst.glibcMinor()) {
          worst = need;
        }
      }
    }
    if (worst == null) {
      return;
    }
    var more =
        others == 0
            ? ""
            : others == 1 ? " (and one more wheel)" : " (and " + others + " more wheels)";
    var subject = "`" + worst.wheel() + "` (`" + worst.tag() + "`)" + more;
    if (isMusl) {
      reasons.add(
          "its C library is musl, "
              + subject
              + " needs glibc: name a base with glibc, such as Debian"
              + " or Ubuntu, not Alpine");
    } else if (worst.glibcMinor() < 0) {
      reasons.add(
          "its C library is glibc, "
              + subject
              + " needs musl: name a base with musl, or lock the"
              + " wheel for manylinux");
    } else {
      reasons.add(
          "its glibc is "
              + facts.glibcVersion()
              + ", "
              + subject
              + " needs 2."
              + worst.glibcMinor()
              + ": name a base with glibc 2."
              + worst.glibcMinor()
              + " or later"
              + example(worst.glibcMinor())
              + ", or ask for a version with an older tag");
    }
  }

  /// What a wheel asks of the C library; empty when nothing. Of several tags the easiest counts.
  private static Optional<Need> need(String wheel) {
    if (!wheel.endsWith(".whl")) {
      return Optional.empty();
    }
    var platforms = wheel.substring(wheel.lastIndexOf('-') + 1, wheel.length() - ".whl".length());
    Need easiest = null;
    for (var tag : platforms.split("\\.")) {
      var matcher = MANYLINUX.matcher(tag);
      int minor;
      if (tag.startsWith("manylinux1_")) {
        minor = 5;
      } else if (tag.startsWith("manylinux2010_")) {
        minor = 12;
      } else if (tag.startsWith("manylinux2014_")) {
        minor = 17;
      } else if (matcher.matches()
          && matcher.group(1).equals("2")
          && matcher.group(2).length() < 4) {
        minor = Integer.parseInt(matcher.group(2));
      } else if (tag.startsWith("musllinux_")) {
        minor = -1;
      } else {
        // `any`, or `linux_…`, which promises nothing that could be checked.
        return Optional.empty();
      }
      if (easiest == null
          || (minor >= 0 && (easiest.glibcMinor() < 0 || minor < easiest.glibcMinor()))) {
        easiest = new Need(wheel, tag, minor);
      }
    }
    return Optional.ofNullable(easiest);
  }

  private static int minor(@Nullable String glibc) {
    var matcher = VERSION.matcher(glibc == null ? "" : glibc);
    return matcher.matches() && matcher.group(2) != null ? Integer.parseInt(matcher.group(2)) : -1;
  }

  /// The first distributions with such a glibc.
  private static String example(int glibcMinor) {
    if (glibcMinor <= 28) {
      return " (Debian 10, Ubuntu 20.04)";
    }
    if (glibcMinor <= 31) {
      return " (Debian 11, Ubuntu 20.04)";
    }
    if (glibcMinor <= 35) {
      return " (Debian 12, Ubuntu 22.04)";
    }
    return glibcMinor <= 39 ? " (Debian 13, Ubuntu 24.04)" : "";
  }

  /// What the retired service required of its bases.
  private static void distribution(BaseFacts facts, List<String> reasons) {
    var name = facts.distribution();
    var version = facts.distributionVersion();
    if (name == null || version == null) {
      return;
    }
    var oldest =
        switch (name) {
          case "ubuntu" -> "16.04";
          case "debian" -> "9";
          default -> "";
        };
    if (!oldest.isEmpty() && isOlder(version, oldest)) {
      var title = facts.distributionName();
      reasons.add(
          "it is "
              + (title == null ? name + " " + version : title)
              + ", too old to stand on: name a base of Ubuntu 16.04, Debian 9 or later");
    }
  }

  private static boolean isOlder(String version, String oldest) {
    var one = VERSION.matcher(version);
    var other = VERSION.matcher(oldest);
    if (!one.matches() || !other.matches() || one.group(1).length() > 6) {
      return false;
    }
    var major = Integer.compare(Integer.parseInt(one.group(1)), Integer.parseInt(other.group(1)));
    if (major != 0) {
      return major < 0;
    }
    var minor = one.group(2) == null || one.group(2).length() > 6 ? "0" : one.group(2);
    var least = other.group(2) == null ? "0" : other.group(2);
    return Integer.parseInt(minor) < Integer.parseInt(least);
  }
}

package dev.terroir.image.base;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The empty environment at `/opt/env`, standing on an interpreter of the base image: what Python's
/// `venv` makes there, without pip. The same interpreter gives the same bytes.
///
/// Spec: Python, "venv" and "site" (`pyvenv.cfg`).
///
/// @since 0.1
public final class PrefixLayer {
  /// Where the environment lies in every image, so that a package's layer is the same in all.
  public static final String PREFIX = "/opt/env";

  private PrefixLayer() {}

  /// A name of the layer.
  public sealed interface Entry {
    /// Without a leading `/`.
    String path();

    /// A directory.
    ///
    /// @param path without a leading or final `/`
    /// @param mode permission bits
    record Directory(String path, int mode) implements Entry {}

    /// A regular file.
    ///
    /// @param path without a leading `/`
    /// @param mode permission bits
    /// @param text its content, UTF-8
    record File(String path, int mode, String text) implements Entry {
      /// Its bytes.
      public byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
      }
    }

    /// A symbolic link.
    ///
    /// @param path without a leading `/`
    /// @param target as it stands in the link
    record Link(String path, String target) implements Entry {}
  }

  /// The entries, sorted by path; a directory comes before what it holds.
  ///
  /// @param python of [BaseFit#choose]
  public static List<Entry> entries(BasePython python) {
    var root = PREFIX.substring(1);
    var versioned = "python" + python.version();
    var entries = new ArrayList<Entry>();
    for (var folder :
        List.of(
            "",
            "/bin",
            "/include",
            "/include/" + versioned,
            "/lib",
            "/lib/" + versioned,
            "/lib/" + versioned + "/site-packages")) {
      entries.add(new Entry.Directory(root + folder, 0755));
    }
    entries.add(new Entry.Link(root + "/lib64", "lib"));
    entries.add(new Entry.Link(root + "/bin/python", python.executable()));
    entries.add(new Entry.Link(root + "/bin/python3", "python"));
    entries.add(new Entry.Link(root + "/bin/" + versioned, "python"));
    entries.add(new Entry.File(root + "/pyvenv.cfg", 0644, configuration(python)));
    entries.add(new Entry.File(root + "/bin/activate", 0644, ACTIVATE));
    entries.sort(Comparator.comparing(Entry::path));
    return List.copyOf(entries);
  }

  private static String configuration(BasePython python) {
    return "home = "
        + python.home()
        + "\ninclude-system-site-packages = false\nversion = "
        + python.fullVersion()
        + "\nexecutable = "
        + python.executable()
        + "\n";
  }

  private static final String ACTIVATE =
      """
      # For POSIX shells: `. /opt/env/bin/activate`; `deactivate` takes it back.
      deactivate() {
        if [ -n "${TERROIR_OUTER_PATH+set}" ]; then
          PATH=$TERROIR_OUTER_PATH
          export PATH
          unset TERROIR_OUTER_PATH
        fi
        if [ -n "${TERROIR_OUTER_PS1+set}" ]; then
          PS1=$TERROIR_OUTER_PS1
          unset TERROIR_OUTER_PS1
        fi
        unset VIRTUAL_ENV
        [ "${1-}" = again ] || unset -f deactivate
        hash -r 2>/dev/null || :
      }

      deactivate again
      TERROIR_OUTER_PATH=${PATH-}
      VIRTUAL_ENV=/opt/env
      PATH=$VIRTUAL_ENV/bin${PATH:+:$PATH}
      export VIRTUAL_ENV PATH
      unset PYTHONHOME
      if [ -n "${PS1-}" ]; then
        TERROIR_OUTER_PS1=$PS1
        PS1="(env) $PS1"
      fi
      hash -r 2>/dev/null || :
      """;
}

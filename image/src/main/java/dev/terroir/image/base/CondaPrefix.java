package dev.terroir.image.base;

import dev.terroir.image.base.PrefixLayer.Entry;
import dev.terroir.lock.CondaPart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// What an environment of conda packages has beside them: its history, which says what was asked
/// for, and where packages bring activation scripts, programs that run them before what a container
/// is started with. The same lock gives the same bytes.
///
/// Spec: conda, `History`; conda-build, "Activate scripts".
///
/// @since 0.1
public final class CondaPrefix {
  /// Starts what it is given in the activated environment.
  public static final String ACTIVATED = PrefixLayer.PREFIX + "/libexec/terroir/activated";

  /// Python in the activated environment.
  public static final String ACTIVATED_PYTHON = PrefixLayer.PREFIX + "/libexec/terroir/python";

  private static final int PROGRAM = 0755;

  private CondaPrefix() {}

  /// The entries, sorted by path.
  ///
  /// @param isActivated whether packages bring activation scripts
  public static List<Entry> entries(CondaPart conda, boolean isActivated) {
    var root = PrefixLayer.PREFIX.substring(1);
    var entries = new ArrayList<Entry>();
    entries.add(new Entry.Directory(root, 0755));
    entries.add(new Entry.Directory(root + "/conda-meta", 0755));
    entries.add(
        new Entry.File(root + "/conda-meta/history", 0644, conda.history("terroir image build")));
    if (isActivated) {
      entries.add(new Entry.Directory(root + "/libexec", 0755));
      entries.add(new Entry.Directory(root + "/libexec/terroir", 0755));
      entries.add(new Entry.File(ACTIVATED.substring(1), PROGRAM, ACTIVATED_TEXT));
      entries.add(new Entry.File(ACTIVATED_PYTHON.substring(1), PROGRAM, PYTHON_TEXT));
    }
    entries.sort(Comparator.comparing(Entry::path));
    return List.copyOf(entries);
  }

  // Activation scripts are written for bash by many, so it runs them where it is there.
  private static final String ACTIVATED_TEXT =
      """
      #!/bin/sh
      # Runs the activation scripts of the packages of /opt/env, then becomes what it is given.
      if [ -z "${BASH_VERSION-}" ] && [ -x /bin/bash ]; then
        exec /bin/bash "$0" "$@"
      fi
      if [ -z "${TERROIR_ACTIVATED-}" ]; then
        TERROIR_ACTIVATED=1
        CONDA_PREFIX=/opt/env
        export TERROIR_ACTIVATED CONDA_PREFIX
        for script in /opt/env/etc/conda/activate.d/*.sh; do
          if [ -r "$script" ]; then
            . "$script"
          fi
        done
        unset script
      fi
      exec "$@"
      """;

  private static final String PYTHON_TEXT =
      """
      #!/bin/sh
      exec /opt/env/libexec/terroir/activated /opt/env/bin/python "$@"
      """;
}

package dev.terroir.image.conda;

import dev.terroir.image.archive.EntryPoints;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A script that a `noarch: python` package asks for in its `info/link.json`. Immutable.
///
/// The parts become code, so nothing but names of files and identifiers is taken: see
/// CVE-2026-47425.
///
/// @param command the script's name
/// @param module dotted name of the module
/// @param function dotted name of the function in it
/// @since 0.1
public record EntryPoint(String command, String module, String function) {
  /// Reads `command = module:function`; empty when it is not of that form.
  public static Optional<EntryPoint> parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      return Optional.empty();
    }
    var command = text.substring(0, equals).strip();
    // Some packages quote the reference.
    var reference = text.substring(equals + 1).strip().replaceAll("^\"|\"$", "").strip();
    int colon = reference.indexOf(':');
    if (colon < 0) {
      return Optional.empty();
    }
    var module = reference.substring(0, colon).strip();
    var function = reference.substring(colon + 1).strip();
    return EntryPoints.isFileName(command)
            && EntryPoints.isDotted(module)
            && EntryPoints.isDotted(function)
        ? Optional.of(new EntryPoint(command, module, function))
        : Optional.empty();
  }

  /// The script's text.
  ///
  /// @param python path of the interpreter
  public String script(String python) {
    int dot = function.indexOf('.');
    return """
    %s# -*- coding: utf-8 -*-
    import re
    import sys

    from %s import %s

    if __name__ == '__main__':
    \tsys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])
    \tsys.exit(%s())
    """
        .formatted(
            shebang(python), module, dot < 0 ? function : function.substring(0, dot), function);
  }

  /// The first line of a Python script, or the two that stand for it when Linux would not read it.
  ///
  /// @param python path of the interpreter
  public static String shebang(String python) {
    var line = "#!" + python + "\n";
    boolean isRead =
        !python.contains(" ")
            && line.getBytes(StandardCharsets.UTF_8).length <= PrefixReplacement.MAX_SHEBANG_BYTES;
    return isRead ? line : "#!/bin/sh\n'''exec' \"" + python + "\" \"$0\" \"$@\" #'''\n";
  }
}

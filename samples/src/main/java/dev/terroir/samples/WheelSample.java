package dev.terroir.samples;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/// The conda package of a wheel, laid out as pip would install it while conda-build packs it.
final class WheelSample {
  private static final Pattern FILE_NAME =
      Pattern.compile("([^-]+)-([^-]+)(?:-\\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\\.whl");
  private static final Pattern CPYTHON = Pattern.compile("cp(\\d)(\\d+)");
  private static final Pattern REQUIREMENT =
      Pattern.compile("([A-Za-z0-9._-]+)\\s*(?:\\[[^]]*])?\\s*\\(?([^();]*)\\)?\\s*");

  private WheelSample() {}

  /// @param python `major.minor`, or null to take it from the file name
  /// @param isForced whether a pure wheel becomes a package of one platform too
  static CondaSample.Builder read(Path wheel, @Nullable String python, boolean isForced)
      throws IOException {
    var name = FILE_NAME.matcher(wheel.getFileName().toString());
    if (!name.matches()) {
      throw new IOException(wheel + " is not named like a wheel");
    }
    var isPure = !isForced && name.group(4).equals("none") && name.group(5).equals("any");
    var minor = python != null ? python : ofTag(name.group(3));
    var sample =
        CondaSample.of(name.group(1).toLowerCase(Locale.ROOT).replace('_', '-'), name.group(2));
    if (minor == null && !isPure) {
      throw new IOException(wheel + " does not say which Python it is for");
    }
    var site = isPure ? "site-packages" : "lib/python" + minor + "/site-packages";
    var placed = new Placed(sample, isPure, site, minor == null ? "" : minor);
    try (var zip = new ZipFile(wheel.toFile())) {
      for (var entry : zip.stream().filter(item -> !item.isDirectory()).toList()) {
        try (var in = zip.getInputStream(entry)) {
          placed.add(entry.getName(), in.readAllBytes());
        }
      }
    }
    if (isPure || minor == null) {
      sample.noarchPython().build("pyhd_0", 0).depends("python");
    } else {
      var parts = List.of(minor.split("\\."));
      sample
          .build("py" + parts.get(0) + parts.get(1) + "_0", 0)
          .depends(
              "python >="
                  + minor
                  + ",<"
                  + parts.get(0)
                  + "."
                  + (Integer.parseInt(parts.get(1)) + 1)
                  + ".0a0");
    }
    return placed.finish();
  }

  private static @Nullable String ofTag(String tag) {
    var matcher = CPYTHON.matcher(tag);
    return matcher.matches() ? matcher.group(1) + "." + matcher.group(2) : null;
  }

  private static final class Placed {
    private final CondaSample.Builder sample;
    private final boolean isPure;
    private final String site;
    private final String python;
    private final Map<String, byte[]> recorded = new TreeMap<>();
    private final Map<String, byte[]> scripts = new LinkedHashMap<>();
    private String distInfo = "";
    private final List<String> entryPoints = new ArrayList<>();

    Placed(CondaSample.Builder sample, boolean isPure, String site, String python) {
      this.sample = sample;
      this.isPure = isPure;
      this.site = site;
      this.python = python;
    }

    void add(String path, byte[] bytes) {
      if (path.matches("[^/]+\\.data/.*")) {
        var parts = path.split("/", 3);
        switch (parts[1]) {
          case "purelib", "platlib" -> module(parts[2], bytes);
          case "scripts" -> scripts.put(parts[2], bytes);
          case "data" -> sample.file(SampleFile.of(parts[2], bytes, 0644));
          case "headers" -> sample.file(SampleFile.of("include/" + parts[2], bytes, 0644));
          default -> throw new IllegalArgumentException("no place for " + path);
        }
        return;
      }
      var leaf = path.substring(path.lastIndexOf('/') + 1);
      if (path.matches("[^/]+\\.dist-info/[^/]+")) {
        distInfo = path.substring(0, path.indexOf('/'));
        var text = new String(bytes, StandardCharsets.UTF_8);
        switch (leaf) {
          case "RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER" -> {
            return;
          }
          case "METADATA" -> metadata(text);
          case "entry_points.txt" -> entryPoints(text);
          default -> {}
        }
      }
      module(path, bytes);
    }

    private void module(String path, byte[] bytes) {
      recorded.put(path, bytes);
    }

    private void metadata(String text) {
      for (var line : text.lines().takeWhile(item -> !item.isEmpty()).toList()) {
        if (line.startsWith("License: ")) {
          sample.license(line.substring(9).strip());
        } else if (line.startsWith("License-Expression: ")) {
          sample.license(line.substring(20).strip());
        } else if (line.startsWith("Summary: ")) {
          sample.summary(line.substring(9).strip());
        } else if (line.startsWith("Requires-Dist: ") && !line.contains(";")) {
          var matcher = REQUIREMENT.matcher(line.substring(15).strip());
          if (matcher.matches()) {
            var version = matcher.group(2).replace(" ", "");
            sample.depends((matcher.group(1).toLowerCase(Locale.ROOT) + " " + version).strip());
          }
        }
      }
    }

    private void entryPoints(String text) {
      var isScripts = false;
      for (var line : text.lines().map(String::strip).toList()) {
        if (line.startsWith("[")) {
          isScripts = line.equals("[console_scripts]") || line.equals("[gui_scripts]");
        } else if (isScripts && line.contains("=")) {
          var name = line.substring(0, line.indexOf('=')).strip();
          var target = line.substring(line.indexOf('=') + 1).strip().replaceAll("\\s*\\[.*", "");
          entryPoints.add(name + " = " + target);
        }
      }
    }

    CondaSample.Builder finish() {
      recorded.put(distInfo + "/INSTALLER", "conda\n".getBytes(StandardCharsets.UTF_8));
      var record = new StringBuilder();
      recorded.forEach((path, bytes) -> {
        var digest = HexFormat.of().parseHex(Sha256.of(bytes).hex());
        record
            .append(path)
            .append(",sha256=")
            .append(Base64.getUrlEncoder().withoutPadding().encodeToString(digest))
            .append(',')
            .append(bytes.length)
            .append('\n');
      });
      record.append(distInfo).append("/RECORD,,\n");
      recorded.put(distInfo + "/RECORD", record.toString().getBytes(StandardCharsets.UTF_8));
      recorded.forEach((path, bytes) -> sample.file(SampleFile.of(site + "/" + path, bytes, 0644)));
      scripts.forEach(this::script);
      for (var entryPoint : entryPoints) {
        if (isPure) {
          sample.entryPoint(entryPoint);
        } else {
          launcher(entryPoint);
        }
      }
      return sample;
    }

    private void script(String name, byte[] bytes) {
      var text = new String(bytes, StandardCharsets.ISO_8859_1);
      var folder = isPure ? "python-scripts/" : "bin/";
      if (text.startsWith("#!python")) {
        var shebang = "#!" + CondaSample.PLACEHOLDER + "/bin/python" + python;
        var made = shebang + text.substring(text.indexOf('\n'));
        sample.file(
            SampleFile.of(folder + name, made.getBytes(StandardCharsets.ISO_8859_1), 0755)
                .withTextPlaceholder(CondaSample.PLACEHOLDER));
      } else {
        sample.file(SampleFile.of(folder + name, bytes, 0755));
      }
    }

    private void launcher(String entryPoint) {
      var name = entryPoint.substring(0, entryPoint.indexOf(" = "));
      var module = entryPoint.substring(name.length() + 3).split(":");
      sample.textWithPrefix(
          "bin/" + name,
          "#!{prefix}/bin/python%1$s\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom %2$s import %3$s\nif __name__ == '__main__':\n    sys.exit(%4$s())\n"
              .formatted(python, module[0], module[1].split("\\.")[0], module[1]),
          0755);
    }
  }
}

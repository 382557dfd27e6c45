package dev.terroir.resolve.artifact;

import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.distribution.DistributionVersion;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// The Python distributions that conda packages bring, as uv can be told of them: a folder with an
/// empty wheel of each, so that their versions are there although no index has them, and
/// constraints that allow no other version. Immutable.
///
/// @since 0.1
public final class ProvidedDistributions {
  /// No distribution at all.
  public static final ProvidedDistributions NONE = new ProvidedDistributions(Map.of());

  private record Provided(String version, CondaPackage by) {}

  private final Map<String, Provided> provided;

  private ProvidedDistributions(Map<String, Provided> provided) {
    this.provided = provided;
  }

  /// What packages bring. A version that is none of PEP 440 cannot be told to uv and is left out.
  public static ProvidedDistributions of(List<CondaPackage> packages) {
    var provided = new TreeMap<String, Provided>();
    for (var item : packages) {
      for (var distribution : item.distributions()) {
        if (DistributionVersion.isValid(distribution.version())) {
          provided.put(distribution.name(), new Provided(distribution.version(), item));
        }
      }
    }
    return new ProvidedDistributions(provided);
  }

  /// Whether there is none.
  public boolean isEmpty() {
    return provided.isEmpty();
  }

  /// Whether a project comes from conda.
  ///
  /// @param name normalised
  public boolean contains(String name) {
    return provided.containsKey(name);
  }

  /// Writes the empty wheels.
  ///
  /// @param folder made when needed
  public void writeWheels(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (var entry : provided.entrySet()) {
      write(folder, entry.getKey(), entry.getValue().version());
    }
  }

  /// Constraints that allow no other version, as lines.
  public String constraints() {
    var pins = new StringBuilder();
    provided.forEach(
        (name, one) -> pins.append(name).append("==").append(one.version()).append('\n'));
    return pins.toString();
  }

  private static void write(Path folder, String name, String version) throws IOException {
    var file = name.replace('-', '_') + "-" + version + "-py2.py3-none-any.whl";
    var info = name.replace('-', '_') + "-" + version + ".dist-info/";
    var members = new TreeMap<String, String>();
    members.put(
        info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n");
    members.put(
        info + "WHEEL",
        "Wheel-Version: 1.0\nGenerator: terroir\nRoot-Is-Purelib: true\nTag: py2-none-any\n"
            + "Tag: py3-none-any\n");
    var record = new StringBuilder();
    members.forEach((path, text) ->
        record
            .append(path)
            .append(",sha256=")
            .append(
                Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(HexFormat.of().parseHex(Sha256.of(text).hex())))
            .append(',')
            .append(text.length())
            .append('\n'));
    record.append(info).append("RECORD,,\n");
    members.put(info + "RECORD", record.toString());
    try (var zip = new ZipOutputStream(Files.newOutputStream(folder.resolve(file)))) {
      for (var member : members.entrySet()) {
        zip.putNextEntry(new ZipEntry(member.getKey()));
        zip.write(member.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
  }

  /// What has to be installed on top of conda's packages.
  public List<LockedPackage> without(List<LockedPackage> packages) {
    return packages.stream().filter(item -> !contains(item.name())).toList();
  }

  /// A failed resolution told with both sides, when what conda brings has a part in it; otherwise
  /// the failure as it is.
  ///
  /// @param lines the pip section
  public ResolveException explained(ResolveException failure, List<String> lines) {
    var problem = failure.problem();
    if (problem.code() != ResolveCode.UNSOLVABLE || provided.isEmpty()) {
      return failure;
    }
    var text = String.join("\n", problem.why());
    var sides = new ArrayList<String>();
    for (var entry : provided.entrySet()) {
      var name = entry.getKey();
      var mention =
          Pattern.compile(
              "(?<![A-Za-z0-9._-])" + Pattern.quote(name) + "(?![A-Za-z0-9_-]|\\.[A-Za-z])");
      if (mention.matcher(text).find()) {
        sides.add(side(name, entry.getValue(), lines));
      }
    }
    if (sides.isEmpty()) {
      return failure;
    }
    var told =
        Problem.of(
            ResolveCode.CONDA_PIP_CONFLICT, "the pip section does not go with what conda brings");
    for (var side : sides) {
      told = told.because(side);
    }
    return new ResolveException(
        told.because(text)
            .hint("ask for versions that both sides allow, or take the package from one side only"),
        failure);
  }

  private static String side(String name, Provided provided, List<String> lines) {
    var by = provided.by();
    var asked =
        by.requiredBy().contains(LockedPackage.DEFINITION)
            ? "the definition asks for it"
            : "needed by " + String.join(", ", by.requiredBy());
    var own =
        lines.stream()
            .filter(line -> CondaDependency.pipName(line).filter(name::equals).isPresent())
            .findFirst()
            .map(line -> "; the pip section asks for `" + line + "`")
            .orElse("; something in the pip section needs another version");
    return "conda brings "
        + name
        + " "
        + provided.version()
        + " ("
        + by.title()
        + ", "
        + asked
        + ")"
        + own;
  }
}

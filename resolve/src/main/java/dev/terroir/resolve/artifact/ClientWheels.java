package dev.terroir.resolve.artifact;

import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// The wheels of Terroir's own Python clients, which the program brings along: no index is asked
/// for them, so nobody else's package of such a name can take their place.
///
/// A lock names one by `terroir:wheels/FILE`, the same on every machine; its SHA-256 says which
/// bytes. Before it is installed it is laid below Terroir's home, where those of former versions
/// stay for the locks that name them.
///
/// @since 0.1
public final class ClientWheels {
  private static final String SCHEME = "terroir:wheels/";
  private static final String RESOURCES = "/dev/terroir/clients/";

  private ClientWheels() {}

  /// A wheel that the program brings.
  ///
  /// @param name normalised project name
  /// @param version PEP 440 version
  /// @param fileName its file name
  /// @param sha256 64 hex digits
  /// @param sizeBytes its size
  /// @param requiresPython the Pythons that it works with, as a specifier set
  public record Wheel(
      String name,
      String version,
      String fileName,
      String sha256,
      long sizeBytes,
      String requiresPython) {
    private static final Pattern AT_LEAST = Pattern.compile(">=\\s*(\\d+)\\.(\\d+)");

    /// Whether it works with a Python.
    ///
    /// @param python `major.minor`
    public boolean worksWith(String python) {
      var least = AT_LEAST.matcher(requiresPython);
      var parts = python.split("\\.");
      return !least.find()
          || parts.length < 2
          || Integer.parseInt(parts[0]) * 1000 + Integer.parseInt(parts[1])
              >= Integer.parseInt(least.group(1)) * 1000 + Integer.parseInt(least.group(2));
    }
  }

  private static final class Known {
    private static final Map<String, Wheel> WHEELS = read();

    private static Map<String, Wheel> read() {
      var wheels = new LinkedHashMap<String, Wheel>();
      try (var in = open("wheels.json")) {
        var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        for (var item : JsonReader.parseObject(text, "wheels.json").array("wheels")) {
          var wheel = (JsonObject) item;
          wheels.put(
              wheel.string("name"),
              new Wheel(
                  wheel.string("name"),
                  wheel.string("version"),
                  wheel.string("file"),
                  wheel.string("sha256"),
                  wheel.longValue("sizeBytes"),
                  wheel.string("requiresPython")));
        }
      } catch (IOException e) {
        throw new IllegalStateException("the list of client wheels cannot be read", e);
      }
      return wheels;
    }
  }

  private static InputStream open(String name) {
    var in = ClientWheels.class.getResourceAsStream(RESOURCES + name);
    if (in == null) {
      throw new IllegalStateException(RESOURCES + name + " is missing");
    }
    return in;
  }

  /// The wheel that a requirement line asks for, when the program brings one.
  public static Optional<Wheel> find(String line) {
    return CondaDependency.pipName(line).map(Known.WHEELS::get);
  }

  /// Constraints that have uv take the program's own wheels where they require each other.
  public static String constraints(TerroirHome home) {
    var text = new StringBuilder();
    for (var wheel : Known.WHEELS.values()) {
      text.append(wheel.name()).append(" @ ").append(laid(wheel, home).toUri()).append('\n');
    }
    return text.toString();
  }

  /// The line that has uv take the program's own wheel, for a line that asks for one of its
  /// projects, whatever version that line wants; else the line itself.
  public static String lockable(String line, TerroirHome home) {
    var wheel = find(line);
    if (wheel.isEmpty()) {
      return line;
    }
    var marker = line.indexOf(';');
    return wheel.get().name()
        + " @ "
        + laid(wheel.get(), home).toUri()
        + (marker < 0 ? "" : " " + line.substring(marker));
  }

  /// Names the program's own wheels as locks do, wherever they lie here.
  public static List<LockedPackage> named(List<LockedPackage> packages) {
    return packages.stream()
        .map(item -> {
          var wheel = Known.WHEELS.get(item.name());
          return wheel == null || !wheel.sha256().equals(item.artifact().sha256())
              ? item
              : new LockedPackage(
                  item.name(),
                  item.version(),
                  new LockedPackage.Artifact(
                      "wheel",
                      SCHEME + wheel.fileName(),
                      wheel.fileName(),
                      wheel.sha256(),
                      wheel.sizeBytes()),
                  null,
                  item.requiredBy());
        })
        .toList();
  }

  /// The same package with the place of its file on this machine, when it is one of the program's
  /// own; else the package itself.
  ///
  /// @throws ResolveException code `client-wheel-gone` when neither this program brings the bytes
  ///   that the lock wants nor a former one left them here
  public static LockedPackage here(LockedPackage item, TerroirHome home) {
    var artifact = item.artifact();
    if (!artifact.url().startsWith(SCHEME)) {
      return item;
    }
    return new LockedPackage(
        item.name(),
        item.version(),
        new LockedPackage.Artifact(
            artifact.kind(),
            file(item, home).toUri().toString(),
            artifact.fileName(),
            artifact.sha256(),
            artifact.sizeBytes()),
        item.index(),
        item.requiredBy());
  }

  /// The same lock as other tools can use it on this machine: the program's own wheels are named by
  /// their files, and options name the folders of those.
  public static Lock here(Lock lock, TerroirHome home) {
    var options = new ArrayList<>(lock.options());
    folders(lock, home).forEach(folder -> options.add("--find-links " + folder));
    return new Lock(
        lock.definitionHash(),
        lock.platform(),
        lock.pythonVersion(),
        lock.requirements(),
        options,
        lock.replacements(),
        lock.packages().stream().map(item -> here(item, home)).toList(),
        lock.conda(),
        lock.tools());
  }

  /// The folders that hold the program's own wheels of a lock.
  public static List<Path> folders(Lock lock, TerroirHome home) {
    return lock.packages().stream()
        .filter(item -> item.artifact().url().startsWith(SCHEME))
        .map(item -> file(item, home).resolveSibling("").normalize())
        .toList();
  }

  private static Path file(LockedPackage item, TerroirHome home) {
    var wheel = Known.WHEELS.get(item.name());
    var artifact = item.artifact();
    if (wheel != null && wheel.sha256().equals(artifact.sha256())) {
      return laid(wheel, home);
    }
    var former = folder(home).resolve(artifact.sha256()).resolve(artifact.fileName());
    if (Files.isRegularFile(former)) {
      return former;
    }
    throw new ResolveException(
        Problem.of(
                ResolveCode.CLIENT_WHEEL_GONE,
                "the lock wants `"
                    + item.name()
                    + "` "
                    + item.version()
                    + " of another Terroir than this one")
            .at(Place.of(artifact.fileName()))
            .because(
                wheel == null
                    ? "this one brings no such package"
                    : "this one brings version " + wheel.version() + " with other bytes")
            .hint("make the lock anew with --update, or use the Terroir that made it"));
  }

  private static Path folder(TerroirHome home) {
    return home.data().resolve("client-wheels");
  }

  private static Path laid(Wheel wheel, TerroirHome home) {
    var file = folder(home).resolve(wheel.sha256()).resolve(wheel.fileName());
    try {
      if (!Files.isRegularFile(file) || Files.size(file) != wheel.sizeBytes()) {
        try (var in = open(wheel.fileName())) {
          var bytes = in.readAllBytes();
          if (!Sha256.of(bytes).hex().equals(wheel.sha256())) {
            throw new IllegalStateException(wheel.fileName() + " is not what its list says");
          }
          AtomicFiles.write(file, out -> out.write(bytes));
        }
      }
      return file;
    } catch (IOException e) {
      throw FoundationException.ofFile("a wheel of Terroir cannot be laid there", file, e);
    }
  }
}

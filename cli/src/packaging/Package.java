import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;

/// Makes the distribution: `bin`, `lib` with its ahead-of-time cache, completions, and the archive
/// of them.
///
/// Arguments: class path, the module's own jar, target directory, version, root of the checkout.
public final class Package {
  private static final Map<String, String> NATIVE =
      Map.of("x86_64", "linux-amd64", "aarch64", "linux-arm64");

  private Package() {}

  public static void main(String[] arguments) throws Exception {
    var target = Path.of(arguments[2]);
    var root = Path.of(arguments[4]);
    var dist = target.resolve("dist");
    var lib = dist.resolve("lib");
    delete(dist);
    Files.createDirectories(lib);
    Files.createDirectories(dist.resolve("bin"));
    Files.copy(
        root.resolve("cli/src/main/dist/bin/terroir"),
        dist.resolve("bin/terroir"),
        StandardCopyOption.COPY_ATTRIBUTES);
    // The Python clients, for the environments that people work in themselves.
    Files.createDirectories(dist.resolve("wheels"));
    try (var wheels = Files.list(root.resolve("clients/target/wheels"))) {
      for (var wheel : wheels.toList()) {
        Files.copy(wheel, dist.resolve("wheels").resolve(wheel.getFileName()));
      }
    }
    for (var name : List.of("LICENSE", "README.md")) {
      if (Files.exists(root.resolve(name))) {
        Files.copy(root.resolve(name), dist.resolve(name));
      }
    }

    var jars = new LinkedHashMap<String, Path>();
    var own = Path.of(arguments[1]);
    jars.put(own.getFileName().toString(), own);
    for (var entry : arguments[0].split(":")) {
      var jar = Path.of(entry);
      if (entry.endsWith(".jar")) {
        jars.put(jar.getFileName().toString(), jar);
      }
    }
    var digest = MessageDigest.getInstance("SHA-256");
    for (var jar : jars.entrySet()) {
      Files.copy(jar.getValue(), lib.resolve(jar.getKey()));
      digest.update(Files.readAllBytes(jar.getValue()));
      if (jar.getKey().startsWith("sqlite-jdbc")) {
        unpackNative(jar.getValue(), lib.resolve("native"));
      }
    }
    Files.writeString(lib.resolve("classpath"), String.join(" ", jars.keySet()) + "\n");

    var name = HexFormat.of().formatHex(digest.digest()).substring(0, 16) + ".aot";
    train(target, dist, lib.resolve("terroir-" + name), dist.resolve("completions").toString());
    train(target, dist, lib.resolve("images-" + name), "images");
    archive(target, dist, arguments[3]);
  }

  /// The SQLite library lies unpacked, so that no command has to unpack it.
  private static void unpackNative(Path jar, Path target) throws IOException {
    try (var zip = new ZipFile(jar.toFile())) {
      for (var machine : NATIVE.entrySet()) {
        var file = target.resolve(machine.getValue()).resolve("libsqlitejdbc.so");
        Files.createDirectories(file.getParent());
        try (var in =
            zip.getInputStream(
                zip.getEntry(
                    "org/sqlite/native/Linux/" + machine.getKey() + "/libsqlitejdbc.so"))) {
          Files.copy(in, file);
        }
      }
    }
  }

  /// Runs the commands that have to start fast and keeps what the JVM learned.
  ///
  /// @param argument where the completions are written too, or `images` to build one as well
  private static void train(Path target, Path dist, Path cache, String argument) throws Exception {
    var home = target.resolve("training-home");
    delete(home);
    var command = new ArrayList<>(List.of(dist.resolve("bin/terroir").toString(), argument));
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(target.resolve("training.log").toFile());
    builder.environment().put("TERROIR_HOME", home.toString());
    builder.environment().put("TERROIR_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TERROIR_TRAINING", cache.toString());
    if (builder.start().waitFor() != 0 || !Files.exists(cache)) {
      throw new IOException(
          "the training run failed:\n" + Files.readString(target.resolve("training.log")));
    }
    delete(home);
  }

  private static void archive(Path target, Path dist, String version) throws Exception {
    var name = "terroir-" + version;
    var process =
        new ProcessBuilder(
                "tar",
                "--sort=name",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                "--transform",
                "s,^dist," + name + ",",
                "-czf",
                target.resolve(name + ".tar.gz").toString(),
                "-C",
                target.toString(),
                "dist")
            .inheritIO()
            .start();
    if (process.waitFor() != 0) {
      throw new IOException("tar failed");
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (var walk = Files.walk(directory)) {
        for (var file : walk.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}

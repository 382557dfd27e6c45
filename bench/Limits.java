import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipFile;

/// What each part of making layers takes alone, on one core, once the compilers are warm: the limit
/// of this hardware with this Java. Prints seconds as `name value`, for the wheels that are its
/// arguments; the last argument is a folder to write to.
public final class Limits {
  private Limits() {}

  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    var wheels = new ArrayList<Path>();
    for (int i = 0; i < arguments.length - 1; i++) {
      wheels.add(Path.of(arguments[i]));
    }
    var target = Path.of(arguments[arguments.length - 1]);
    report("inflating", () -> inflate(wheels));
    report("hashing", () -> hash(wheels));
    report("writing", () -> write(wheels, target));
  }

  private static void report(String name, Work work) throws Exception {
    var best = Double.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      var begin = System.nanoTime();
      work.run();
      best = Math.min(best, (System.nanoTime() - begin) / 1e9);
    }
    System.out.printf(java.util.Locale.ROOT, "%s %.3f%n", name, best);
  }

  private static long inflate(List<Path> wheels) throws IOException {
    var buffer = new byte[1 << 16];
    var total = 0L;
    for (var wheel : wheels) {
      try (var zip = new ZipFile(wheel.toFile())) {
        for (var entries = zip.entries(); entries.hasMoreElements(); ) {
          try (var in = zip.getInputStream(entries.nextElement())) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
              total += read;
            }
          }
        }
      }
    }
    return total;
  }

  /// The content twice, for RECORD and for the layer's uncompressed digest; the archive and the
  /// compressed layer once each.
  private static void hash(List<Path> wheels) throws Exception {
    var content = 0L;
    var packed = 0L;
    for (var wheel : wheels) {
      packed += Files.size(wheel);
      try (var zip = new ZipFile(wheel.toFile())) {
        content += zip.stream().mapToLong(entry -> entry.getSize()).sum();
      }
    }
    var engine = MessageDigest.getInstance("SHA-256");
    var block = new byte[1 << 16];
    for (long done = 0; done < 2 * content + 2 * packed; done += block.length) {
      engine.update(block);
    }
    engine.digest();
  }

  private static void write(List<Path> wheels, Path target) throws IOException {
    for (var wheel : wheels) {
      var copy = target.resolve("copy");
      Files.copy(wheel, copy);
      Files.delete(copy);
    }
  }
}

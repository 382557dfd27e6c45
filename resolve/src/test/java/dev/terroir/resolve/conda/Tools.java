package dev.terroir.resolve.conda;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.tool.Uv;
import java.nio.file.Path;
import java.util.Map;

/// uv and rattler for the tests of this module, installed once below `target`.
final class Tools {
  private static final Path HOME = Path.of("target/terroir").toAbsolutePath();

  private Tools() {}

  /// This process's variables with their own home and some more.
  static Settings settings(Map<String, String> more) {
    var settings = Settings.system().with(Settings.TERROIR_HOME, HOME.toString());
    for (var entry : more.entrySet()) {
      settings = settings.with(entry.getKey(), entry.getValue());
    }
    return settings;
  }

  static Uv uv(Settings settings) {
    return Uv.open(settings, TerroirHome.of(settings), Progress.SILENT);
  }

  static CondaSolver solver(Settings settings, CondaOptions options) {
    var access = CondaAccess.of(settings, TerroirHome.of(settings));
    var rattler = Rattler.open(uv(settings), access.settings().variables(), Progress.SILENT);
    return new CondaSolver(rattler, access, options);
  }
}

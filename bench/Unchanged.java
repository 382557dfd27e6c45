import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.locks.LockStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// What an image that was built before takes when it is asked for again, in a process that runs
/// already: the median in milliseconds. Arguments: a saved environment, a base, a target.
public final class Unchanged {
  private static final int WARM_UP = 200;
  private static final int RUNS = 101;

  private Unchanged() {}

  public static void main(String[] arguments) {
    var settings = Settings.system();
    var home = TerroirHome.of(settings);
    var directory = Path.of(arguments[0]);
    var target = ImageLocation.parse(arguments[2]);
    try (var images =
            new DefinitionImages(
                settings,
                home,
                new LockStore(home.data().resolve("locks")),
                DefaultBases.builtIn(),
                CondaOptions.DEFAULT,
                () -> Uv.open(settings, home, Progress.SILENT),
                List.of());
        var places = new ImagePlaces(settings)) {
      var times = new double[RUNS];
      for (int i = -WARM_UP; i < RUNS; i++) {
        var begin = System.nanoTime();
        var environment = SavedDirectory.load(directory, _ -> {});
        var wish =
            new DefinitionImages.Wish(
                environment,
                Platform.LINUX_AMD64,
                null,
                false,
                false,
                directory,
                ImageLocation.parse(arguments[1]),
                ImageBuilder.Options.DEFAULT);
        var destination = places.target(target);
        try (var _ = destination.target()) {
          var outcome = images.build(wish, List.of(destination), Progress.SILENT);
          if (!outcome.isCached()) {
            throw new IllegalStateException("it was built, although it is there");
          }
        }
        if (i >= 0) {
          times[i] = (System.nanoTime() - begin) / 1e6;
        }
      }
      Arrays.sort(times);
      System.out.printf(Locale.ROOT, "%.3f%n", times[RUNS / 2]);
    }
  }
}

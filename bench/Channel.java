import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import java.nio.file.Path;

/// Makes a conda channel of an interpreter and of wheels: `DIR PYTHON WHEEL…`.
public final class Channel {
  private Channel() {}

  public static void main(String[] arguments) throws Exception {
    var channel = CondaChannel.at(Path.of(arguments[0]));
    channel.add(CondaSample.ofInterpreter(Path.of(arguments[1])));
    for (int i = 2; i < arguments.length; i++) {
      channel.add(CondaSample.ofWheel(Path.of(arguments[i])));
    }
    channel.index();
  }
}

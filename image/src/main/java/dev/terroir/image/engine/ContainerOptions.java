package dev.terroir.image.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How a command runs in an image. Immutable; made by [#of].
///
/// @since 0.1
public final class ContainerOptions {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]*");

  /// A folder or file of this machine inside of the container.
  ///
  /// @param source absolute, on this machine
  /// @param target absolute, in the container
  /// @param isReadOnly whether the container may not change it
  public record Bind(Path source, String target, boolean isReadOnly) {}

  private final String image;
  private final String name;
  private final List<String> command;
  private final SortedMap<String, String> environment;
  private final SortedMap<String, String> labels;
  private final List<Bind> binds;
  private final List<String> arguments;
  private final @Nullable String entrypoint;
  private final @Nullable String workingDirectory;
  private final @Nullable String shmSize;
  private final @Nullable String network;
  private final double cpus;
  private final long memoryBytes;
  private final boolean ownsOutputs;

  private ContainerOptions(Builder builder) {
    image = builder.image;
    name = builder.name;
    command = List.copyOf(builder.command);
    environment = Collections.unmodifiableSortedMap(new TreeMap<>(builder.environment));
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(builder.labels));
    binds = List.copyOf(builder.binds);
    arguments = List.copyOf(builder.arguments);
    entrypoint = builder.entrypoint;
    workingDirectory = builder.workingDirectory;
    shmSize = builder.shmSize;
    network = builder.network;
    cpus = builder.cpus;
    memoryBytes = builder.memoryBytes;
    ownsOutputs = builder.ownsOutputs;
  }

  /// Starts with an image and a name by which the container is found again.
  ///
  /// @param name letters, digits, `_`, `.` and `-`, unique on this machine
  public static Builder of(String image, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("`" + name + "` cannot be the name of a container");
    }
    return new Builder(image, name);
  }

  /// The image.
  public String image() {
    return image;
  }

  /// The container's name.
  public String name() {
    return name;
  }

  SortedMap<String, String> environment() {
    return environment;
  }

  /// The arguments of `run`.
  ///
  /// @param engine whose
  /// @param environmentFile a file with the variables that fit into one, or null
  /// @param inherited names of variables that the engine's own process has
  /// @param uid the caller's number
  /// @param gid the number of the caller's group
  /// @param isKept whether the container stays when its command has ended
  List<String> arguments(
      Engine.Kind engine,
      @Nullable Path environmentFile,
      List<String> inherited,
      int uid,
      int gid,
      boolean isKept) {
    var line = new ArrayList<>(List.of("run"));
    if (!isKept) {
      line.add("--rm");
    }
    line.addAll(List.of("--name", name, "--pull=never"));
    labels.forEach((key, value) -> line.addAll(List.of("--label", key + "=" + value)));
    if (environmentFile != null) {
      line.addAll(List.of("--env-file", environmentFile.toString()));
    }
    inherited.forEach(variable -> line.addAll(List.of("--env", variable)));
    for (var bind : binds) {
      line.addAll(List.of("--mount", mount(bind)));
    }
    // Root in a rootless container is the caller already; keep-id serves images with another USER.
    if (ownsOutputs && uid != 0) {
      line.addAll(
          engine == Engine.Kind.PODMAN
              ? List.of("--userns=keep-id")
              : List.of("--user", uid + ":" + gid));
    }
    option(line, "--workdir", workingDirectory);
    option(line, "--shm-size", shmSize);
    option(line, "--network", network);
    option(line, "--entrypoint", entrypoint);
    if (cpus > 0) {
      line.addAll(List.of("--cpus", String.valueOf(cpus)));
    }
    if (memoryBytes > 0) {
      line.addAll(List.of("--memory", memoryBytes + "b"));
    }
    line.addAll(arguments);
    line.add(image);
    line.addAll(command);
    return line;
  }

  private static void option(List<String> line, String name, @Nullable String value) {
    if (value != null) {
      line.addAll(List.of(name, value));
    }
  }

  private static String mount(Bind bind) {
    return "type=bind,"
        + field("source=" + bind.source())
        + ","
        + field("target=" + bind.target())
        + (bind.isReadOnly() ? ",readonly" : "");
  }

  /// A field of comma-separated values.
  private static String field(String text) {
    return text.contains(",") || text.contains("\"")
        ? "\"" + text.replace("\"", "\"\"") + "\""
        : text;
  }

  /// Collects options. For one thread.
  public static final class Builder {
    private final String image;
    private final String name;
    private List<String> command = List.of();
    private final Map<String, String> environment = new TreeMap<>();
    private final Map<String, String> labels = new TreeMap<>();
    private final List<Bind> binds = new ArrayList<>();
    private final List<String> arguments = new ArrayList<>();
    private @Nullable String entrypoint;
    private @Nullable String workingDirectory;
    private @Nullable String shmSize;
    private @Nullable String network;
    private double cpus;
    private long memoryBytes;
    private boolean ownsOutputs = true;

    private Builder(String image, String name) {
      this.image = image;
      this.name = name;
    }

    /// What runs, instead of the image's CMD.
    public Builder command(List<String> words) {
      command = List.copyOf(words);
      return this;
    }

    /// The program that runs, instead of the image's ENTRYPOINT; empty for none.
    public Builder entrypoint(String program) {
      entrypoint = program;
      return this;
    }

    /// Variables; their values never stand on a command line.
    public Builder environment(Map<String, String> variables) {
      environment.putAll(variables);
      return this;
    }

    /// A label, by which leftovers are found.
    public Builder label(String key, String value) {
      labels.put(key, value);
      return this;
    }

    /// A folder or file of this machine.
    public Builder bind(Path source, String target, boolean isReadOnly) {
      binds.add(new Bind(source.toAbsolutePath(), target, isReadOnly));
      return this;
    }

    /// Where the command runs.
    public Builder workingDirectory(String directory) {
      workingDirectory = directory;
      return this;
    }

    /// The size of `/dev/shm`, such as `2g`.
    public Builder shmSize(String size) {
      shmSize = size;
      return this;
    }

    /// The network, such as `host` or `none`.
    public Builder network(String kind) {
      network = kind;
      return this;
    }

    /// How many processors it may use.
    public Builder cpus(double count) {
      cpus = count;
      return this;
    }

    /// How much memory it may use, in bytes.
    public Builder memoryBytes(long bytes) {
      memoryBytes = bytes;
      return this;
    }

    /// More arguments of the engine's `run`, as the user gave them.
    public Builder arguments(List<String> more) {
      arguments.addAll(more);
      return this;
    }

    /// Whether files that it writes belong to the caller; true unless told otherwise.
    public Builder ownsOutputs(boolean owns) {
      ownsOutputs = owns;
      return this;
    }

    /// The finished options.
    public ContainerOptions build() {
      return new ContainerOptions(this);
    }
  }
}

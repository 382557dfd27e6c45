package dev.terroir.image.dockerfile;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What one instruction of a Dockerfile says, before variables are replaced. Immutable; equality is
/// about meaning, where it stands is [Step]'s business.
///
/// Texts are kept as written, quotes, escapes and `$name` included, wherever the reference lets
/// variables be replaced; [Expansion] makes the final text of them.
///
/// Spec: Dockerfile reference, one record for each instruction.
///
/// @since 0.1
public sealed interface Instruction {

  /// The instruction's name in capitals.
  default String name() {
    return getClass().getSimpleName().toUpperCase(Locale.ROOT);
  }

  /// How a command is written.
  sealed interface CommandForm {
    /// A JSON array: the program and its arguments.
    ///
    /// @param arguments in order
    record Exec(List<String> arguments) implements CommandForm {
      /// Copies the list.
      public Exec {
        arguments = List.copyOf(arguments);
      }
    }

    /// A line for the shell that SHELL names.
    ///
    /// @param line continuation lines joined
    record ShellLine(String line) implements CommandForm {}
  }

  /// `key=value` as written.
  ///
  /// @param key with its quotes
  /// @param value with its quotes
  record Pair(String key, String value) {}

  /// The flags of COPY and ADD.
  ///
  /// @param from a stage, its number or an image, or null (COPY only)
  /// @param chown `user[:group]`, or null
  /// @param chmod octal or symbolic mode, or null
  /// @param link whether the files do not depend on what lies below
  /// @param parents whether the sources' parent directories are kept (COPY only)
  /// @param excludes patterns of files to leave out
  /// @param checksum what a remote source must be, or null (ADD only)
  /// @param keepGitDir whether `.git` of a repository is kept (ADD only)
  /// @param unpack whether archives are unpacked, or null for the rule of ADD (ADD only)
  record FileFlags(
      @Nullable String from,
      @Nullable String chown,
      @Nullable String chmod,
      boolean link,
      boolean parents,
      List<String> excludes,
      @Nullable String checksum,
      boolean keepGitDir,
      @Nullable Boolean unpack) {
    /// No flags.
    public static final FileFlags NONE =
        new FileFlags(null, null, null, false, false, List.of(), null, false, null);

    /// Copies the list.
    public FileFlags {
      excludes = List.copyOf(excludes);
    }
  }

  /// COPY or ADD.
  sealed interface FileTransfer extends Instruction {
    /// The flags.
    FileFlags flags();

    /// Paths and patterns, as written.
    List<String> sources();

    /// Where to, as written.
    String destination();

    /// Files whose content stands in the Dockerfile; they come after the sources.
    List<Heredoc> heredocs();
  }

  /// `FROM [--platform=…] image [AS name]`.
  ///
  /// @param platform as written, or null
  /// @param image an image, an earlier stage or `scratch`, as written
  /// @param alias the stage's name in lower case, or null
  record From(@Nullable String platform, String image, @Nullable String alias)
      implements Instruction {}

  /// `RUN`.
  ///
  /// @param mounts `--mount`
  /// @param network `--network`, or null
  /// @param security `--security`, or null
  /// @param devices `--device`
  /// @param command what runs
  /// @param heredocs in order of their markers
  record Run(
      List<Mount> mounts,
      @Nullable String network,
      @Nullable String security,
      List<String> devices,
      CommandForm command,
      List<Heredoc> heredocs)
      implements Instruction {
    /// Copies the lists.
    public Run {
      mounts = List.copyOf(mounts);
      devices = List.copyOf(devices);
      heredocs = List.copyOf(heredocs);
    }
  }

  /// `CMD`.
  ///
  /// @param command the default command, or the default arguments of the entry point
  record Cmd(CommandForm command) implements Instruction {}

  /// `ENTRYPOINT`.
  ///
  /// @param command what a container always runs
  record Entrypoint(CommandForm command) implements Instruction {}

  /// `SHELL`.
  ///
  /// @param command what runs commands in shell form
  record Shell(List<String> command) implements Instruction {
    /// Copies the list.
    public Shell {
      command = List.copyOf(command);
    }
  }

  /// `ENV`.
  ///
  /// @param pairs in order
  /// @param isSpaced whether it is the old form `ENV key value`, which has one pair
  record Env(List<Pair> pairs, boolean isSpaced) implements Instruction {
    /// Copies the list.
    public Env {
      pairs = List.copyOf(pairs);
    }
  }

  /// `LABEL`.
  ///
  /// @param pairs in order
  /// @param isSpaced whether it is the old form `LABEL key value`, which has one pair
  record Label(List<Pair> pairs, boolean isSpaced) implements Instruction {
    /// Copies the list.
    public Label {
      pairs = List.copyOf(pairs);
    }
  }

  /// `ARG`.
  ///
  /// @param arguments in order
  record Arg(List<Argument> arguments) implements Instruction {
    /// One build argument.
    ///
    /// @param name its name
    /// @param defaultValue as written, or null
    public record Argument(String name, @Nullable String defaultValue) {}

    /// Copies the list.
    public Arg {
      arguments = List.copyOf(arguments);
    }
  }

  /// `COPY`.
  ///
  /// @param flags its flags
  /// @param sources paths and patterns
  /// @param destination where to
  /// @param heredocs files whose content stands in the Dockerfile
  record Copy(FileFlags flags, List<String> sources, String destination, List<Heredoc> heredocs)
      implements FileTransfer {
    /// Copies the lists.
    public Copy {
      sources = List.copyOf(sources);
      heredocs = List.copyOf(heredocs);
    }
  }

  /// `ADD`.
  ///
  /// @param flags its flags
  /// @param sources paths, patterns, URLs and git repositories
  /// @param destination where to
  /// @param heredocs files whose content stands in the Dockerfile
  record Add(FileFlags flags, List<String> sources, String destination, List<Heredoc> heredocs)
      implements FileTransfer {
    /// Copies the lists.
    public Add {
      sources = List.copyOf(sources);
      heredocs = List.copyOf(heredocs);
    }
  }

  /// `WORKDIR`.
  ///
  /// @param path absolute, or below the present one
  record Workdir(String path) implements Instruction {}

  /// `USER`.
  ///
  /// @param user `user[:group]`
  record User(String user) implements Instruction {}

  /// `VOLUME`.
  ///
  /// @param paths at least one
  record Volume(List<String> paths) implements Instruction {
    /// Copies the list.
    public Volume {
      paths = List.copyOf(paths);
    }
  }

  /// `EXPOSE`.
  ///
  /// @param ports `port[-port][/protocol]`, at least one
  record Expose(List<String> ports) implements Instruction {
    /// Copies the list.
    public Expose {
      ports = List.copyOf(ports);
    }
  }

  /// `STOPSIGNAL`.
  ///
  /// @param signal a name or a number
  record StopSignal(String signal) implements Instruction {}

  /// `HEALTHCHECK`.
  ///
  /// @param interval between checks, or null
  /// @param timeout of one check, or null
  /// @param startPeriod in which failures do not count, or null
  /// @param startInterval between checks in the start period, or null
  /// @param retries failures in a row that make it unhealthy, or null
  /// @param test the command, or null for `NONE`
  record Healthcheck(
      @Nullable Duration interval,
      @Nullable Duration timeout,
      @Nullable Duration startPeriod,
      @Nullable Duration startInterval,
      @Nullable Integer retries,
      @Nullable CommandForm test)
      implements Instruction {}

  /// `ONBUILD`.
  ///
  /// @param trigger what an image built on this one does first
  record Onbuild(Instruction trigger) implements Instruction {
    /// The trigger as one line, as the image's configuration keeps it.
    public String text() {
      return DockerfilePrinter.line(trigger);
    }
  }

  /// `MAINTAINER`, deprecated for `LABEL org.opencontainers.image.authors=…`.
  ///
  /// @param author name and address
  record Maintainer(String author) implements Instruction {}
}

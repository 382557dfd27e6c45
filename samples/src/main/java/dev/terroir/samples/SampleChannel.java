package dev.terroir.samples;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The ready-made channel.
///
/// | package | what it shows |
/// |---|---|
/// | `python` | this machine's interpreter, or one of bytes |
/// | `pip` | `noarch: python` of the wheel that the interpreter brings, where it brings one |
/// | `greeter` 1.0, 2.0 | `noarch: python`, command `greet`, needs `python` |
/// | `placed` | a compiled program with its prefix inside, command `placed` |
/// | `scripted` | text files with the prefix, a script among them |
/// | `linked` | symbolic links to files and folders, a hard link, one to nowhere |
/// | `activated` | activation scripts and variables |
/// | `libfoo` 1.0, 1.1, 2.0 | builds `a_0` and `b_1` of each |
/// | `foo`, `bar` | need `libfoo` 1 and 2: not both |
/// | `baz` 1.0, 2.0 | 1.0 needs any `libfoo`, 2.0 needs `libfoo` 2 |
/// | `posted` | a post-link script, `.tar.bz2` |
/// | `clobber-a`, `clobber-b` | both have `share/clobber.txt` |
/// | `generic` | `noarch: generic` |
/// | `old-format` | `.tar.bz2` and `.conda` of one build |
/// | `gpu-only` | needs `__cuda >=12` |
/// | `circle-a`, `circle-b` | need each other |
///
/// @since 0.1
public final class SampleChannel {
  private SampleChannel() {}

  /// Writes it into a folder, with an interpreter that runs.
  ///
  /// @param python an executable of this machine
  /// @param wheels further packages
  public static CondaChannel standard(Path directory, Path python, Path... wheels)
      throws IOException {
    return standard(directory, python, CondaFormat.CONDA, wheels);
  }

  /// The same with most packages in one format: [CondaFormat#TAR_BZ2] for clients that read no
  /// other.
  public static CondaChannel standard(
      Path directory, Path python, CondaFormat format, Path... wheels) throws IOException {
    return fill(
        CondaChannel.at(directory).writing(format),
        CondaSample.ofInterpreter(python),
        pip(python),
        wheels);
  }

  /// Writes it into a folder, with an interpreter of bytes: made in a fraction of a second.
  public static CondaChannel small(Path directory) throws IOException {
    return fill(CondaChannel.at(directory), CondaSample.fakePython("3.11.7"), Optional.empty());
  }

  /// A Python 3.11 of this machine, if there is one: on PATH first, then Debian's.
  public static Optional<Path> python() {
    var path = Settings.system().get("PATH").orElse("");
    return Stream.concat(Stream.of(path.split(":")), Stream.of("/usr/bin"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, "python3.11"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Optional<Path> pip(Path python) throws IOException {
    for (var folder :
        List.of(InterpreterSample.bundledWheels(python), Path.of("/usr/share/python-wheels"))) {
      if (Files.isDirectory(folder)) {
        try (var list = Files.list(folder)) {
          var found =
              list.filter(file -> file.getFileName().toString().matches("pip-.*\\.whl"))
                  .findFirst();
          if (found.isPresent()) {
            return found;
          }
        }
      }
    }
    return Optional.empty();
  }

  private static CondaChannel fill(
      CondaChannel channel, CondaSample.Builder python, Optional<Path> pip, Path... wheels)
      throws IOException {
    channel.add(python);
    if (pip.isPresent()) {
      channel.add(CondaSample.ofWheel(pip.get()));
    }
    for (var wheel : wheels) {
      channel.add(CondaSample.ofWheel(wheel));
    }
    channel.add(greeter("1.0")).add(greeter("2.0"));
    channel.add(CondaSample.ofProgram("placed", "1.0").license("GPL-3.0-only"));
    channel.add(
        CondaSample.of("scripted", "1.0")
            .textWithPrefix("bin/where-am-i", "#!/bin/sh\necho {prefix}\n", 0755)
            .textWithPrefix("etc/scripted.conf", "home={prefix}\nlib={prefix}/lib\n", 0644)
            .binaryWithPrefix("lib/scripted.bin", 0644, "{prefix}/lib", "{prefix}"));
    channel.add(
        CondaSample.of("linked", "1.0")
            .text("lib/liblinked.so.1.0", "a library\n")
            .symlink("lib/liblinked.so.1", "liblinked.so.1.0")
            .symlink("lib/liblinked.so", "liblinked.so.1")
            .text("share/linked/data.txt", "data\n")
            .symlink("share/linked-folder", "linked")
            .symlink("share/linked/nowhere", "not-there")
            .hardlink("share/linked/same.txt", "share/linked/data.txt"));
    channel.add(
        CondaSample.of("activated", "1.0")
            .activation("export ACTIVATED=\"$CONDA_PREFIX\"\n", "unset ACTIVATED\n")
            .environmentVariables(Map.of("ACTIVATED_BY", "variables")));
    for (var version : List.of("1.0", "1.1", "2.0")) {
      for (int number = 0; number < 2; number++) {
        channel.add(
            CondaSample.of("libfoo", version)
                .build((number == 0 ? "a_" : "b_") + number, number)
                .runExports("weak", "libfoo >=" + version)
                .text("share/libfoo.txt", version + " " + number + "\n"));
      }
    }
    channel.add(CondaSample.of("foo", "1.0").depends("libfoo >=1,<2"));
    channel.add(CondaSample.of("bar", "1.0").depends("libfoo >=2,<3"));
    channel.add(CondaSample.of("baz", "1.0").depends("libfoo"));
    channel.add(CondaSample.of("baz", "2.0").depends("libfoo 2.*"));
    channel.add(
        CondaSample.of("posted", "1.0")
            .text("share/posted.txt", "posted\n")
            .postLink("#!/bin/sh\necho \"$PREFIX\" > \"$PREFIX/share/post-link-ran.txt\"\n")
            .build(),
        CondaFormat.TAR_BZ2);
    channel.add(CondaSample.of("clobber-a", "1.0").text("share/clobber.txt", "a\n"));
    channel.add(CondaSample.of("clobber-b", "1.0").text("share/clobber.txt", "b\n"));
    channel.add(
        CondaSample.of("generic", "1.0").noarchGeneric().text("share/generic.txt", "generic\n"));
    var both = CondaSample.of("old-format", "1.0").text("share/old.txt", "old\n").build();
    channel.add(both, CondaFormat.TAR_BZ2).add(both, CondaFormat.CONDA);
    channel.add(CondaSample.of("gpu-only", "1.0").depends("__cuda >=12"));
    channel.add(CondaSample.of("circle-a", "1.0").depends("circle-b"));
    channel.add(CondaSample.of("circle-b", "1.0").depends("circle-a"));
    return channel.index();
  }

  private static CondaSample.Builder greeter(String version) {
    var info = "site-packages/greeter-" + version + ".dist-info/";
    return CondaSample.of("greeter", version)
        .noarchPython()
        .build("pyh0_0", 0)
        .depends("python >=3.8")
        .license("BSD-3-Clause")
        .text(
            "site-packages/greeter/__init__.py",
            "import sys\n\nVERSION = '"
                + version
                + "'\n\n\ndef main():\n"
                + "    print('hello from', VERSION, 'in', sys.prefix)\n")
        .text(info + "METADATA", "Metadata-Version: 2.1\nName: greeter\nVersion: " + version + "\n")
        .text(info + "INSTALLER", "conda\n")
        .text(
            info + "RECORD",
            "greeter/__init__.py,,\ngreeter-%1$s.dist-info/METADATA,,\ngreeter-%1$s.dist-info/INSTALLER,,\ngreeter-%1$s.dist-info/RECORD,,\n"
                .formatted(version))
        .text(info + "entry_points.txt", "[console_scripts]\ngreet = greeter:main\n")
        .entryPoint("greet = greeter:main");
  }
}

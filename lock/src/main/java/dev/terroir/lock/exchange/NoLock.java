package dev.terroir.lock.exchange;

import dev.terroir.environment.pylock.TomlLock;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Files that are taken for a lock and are none that can be read: each is refused by what it is,
/// where the parser of YAML would only say that it is no YAML.
final class NoLock {
  private static final Pattern EXPORTED = Pattern.compile("[\\w.-]+=[^=\\s]+=[^=\\s]+");
  private static final Pattern SPEC =
      Pattern.compile("(?:[\\w./-]+::)?[A-Za-z0-9_][\\w.-]*(?:\\s*[=<>!~].*|\\s*\\[.*])?");
  private static final Pattern ARCHIVE =
      Pattern.compile("(?:[a-z]+://|/|\\./)\\S+\\.(?:conda|tar\\.bz2)(?:#\\S*)?");
  private static final Pattern PIP =
      Pattern.compile(
          "-[a-z] .+|--[a-z].+|[A-Za-z0-9][\\w.-]*(?:\\[[\\w., -]*])?\\s*(?:={2,3}|~=|@ ).+");
  private static final Pattern TABLE = Pattern.compile("\\[{1,2}([\\w\"'][\\w.\"' -]*)]{1,2}");

  private static final String CREATE = "make an environment of it with `terroir environment create";

  /// A line that says something.
  ///
  /// @param number 1-based
  private record Line(int number, String text) {}

  private final String source;
  private final List<String> all;
  private final List<Line> lines;

  private NoLock(String text, String source) {
    this.source = source;
    this.all = text.lines().toList();
    this.lines =
        java.util.stream.IntStream.range(0, all.size())
            .mapToObj(i -> new Line(i + 1, all.get(i).strip()))
            .filter(line -> !line.text().isEmpty() && !line.text().startsWith("#"))
            .toList();
  }

  /// Refuses a text that is another kind of file.
  ///
  /// @throws LockException code `foreign-lock`
  static void check(String text, String source) {
    var file = new NoLock(text, source);
    if (file.lines.isEmpty()) {
      throw new LockException(
          Problem.of(LockCode.FOREIGN_LOCK, "the file is empty, and no lock").at(Place.of(source)));
    }
    file.toml();
    file.list(file.lines.getFirst());
  }

  /// Refuses a document without the keys of a lock.
  static LockException document(JsonObject root, String source, String why) {
    if (root.has("_meta")) {
      return new LockException(
          Problem.of(LockCode.FOREIGN_LOCK, "the file is a lock of Pipenv, which is not read")
              .at(root.place("_meta"))
              .hint(
                  "write a requirements.txt with `pipenv requirements --hash`, and "
                      + CREATE
                      + " -f`"));
    }
    return new LockException(
        Problem.of(LockCode.FOREIGN_LOCK, "the file is no lock of a kind that can be read")
            .at(Place.of(source))
            .because(why)
            .hint(
                "give an explicit list (`@EXPLICIT`), a conda-lock.yml, a pixi.lock or a lock of"
                    + " mambajs"));
  }

  private LockException refused(Line line, String what, String hint) {
    return new LockException(
        Problem.of(LockCode.FOREIGN_LOCK, what)
            .at(Place.position(source, line.number(), 1, line.text()))
            .hint(hint));
  }

  private Optional<Line> table(String... names) {
    return lines.stream()
        .filter(line -> {
          var matcher = TABLE.matcher(line.text());
          return matcher.matches() && List.of(names).contains(matcher.group(1));
        })
        .findFirst();
  }

  // The tables of TOML stand on lines of their own, which YAML and lists do not have.
  private void toml() {
    if (lines.stream().noneMatch(line -> TABLE.matcher(line.text()).matches())) {
      return;
    }
    var lock = TomlLock.in(all, source.substring(source.lastIndexOf('/') + 1));
    if (lock.isPresent()) {
      var line = new Line(lock.get().line(), all.get(lock.get().line() - 1).strip());
      var kind = lock.get().kind();
      throw kind == TomlLock.PYLOCK
          ? refused(
              line,
              "the file is a `pylock.toml`, whose packages a definition names",
              CREATE + " -f` and lock that: it takes the same files by their hashes")
          : refused(
              line,
              "the file is a lock of " + kind.tool() + ", which is not read",
              "write a requirements.txt with " + kind.export() + ", and " + CREATE + " -f`");
    }
    var manifest = table("workspace", "dependencies", "pypi-dependencies", "feature", "tasks");
    throw refused(
        manifest.or(() -> table("project")).orElse(lines.getFirst()),
        manifest.isPresent()
            ? "the file is a manifest of pixi, which says what is wanted, and a lock what was"
                + " chosen"
            : "the file is TOML, and no lock of a kind that can be read",
        manifest.isPresent()
            ? "give the pixi.lock that lies beside it"
            : table("project").isPresent()
                ? CREATE + " -f` and lock that"
                : "give an explicit list (`@EXPLICIT`), a conda-lock.yml or a pixi.lock");
  }

  // Lists without `@EXPLICIT`.
  private void list(Line line) {
    var text = line.text();
    if (EXPORTED.matcher(text).matches()) {
      throw new LockException(
          Problem.of(
                  LockCode.FOREIGN_LOCK,
                  "the file is what `conda list --export` writes, which is no lock")
              .at(Place.position(source, line.number(), 1, text))
              .because("its lines have neither the place nor the digest of a package")
              .hint("write a list with `conda list --explicit --sha256`"));
    }
    if (ARCHIVE.matcher(text).matches()) {
      throw refused(
          line,
          "the list of archives has no line `@EXPLICIT`",
          "put `@EXPLICIT` above the first archive");
    }
    if (PIP.matcher(text).matches()) {
      throw refused(
          line,
          "the file is a list of requirements for pip, which is read as what is wanted",
          CREATE + " -f` and lock that");
    }
    if (SPEC.matcher(text).matches()) {
      throw refused(
          line,
          "the file lists what is wanted, and a lock says what was chosen",
          "put the specs under `dependencies` of an environment.yml and lock that");
    }
  }
}

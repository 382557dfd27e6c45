package dev.terroir.lock.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Whatever a document holds is read as it was written")
class RandomLocksTest {
  @Test
  void inEveryFormatAndVersion() {
    qt().withExamples(200)
        .forAll(integers().between(0, 1_000_000), integers().between(0, 7))
        .checkAssert((seed, version) -> {
          var format =
              version == 0
                  ? LockDocument.Format.EXPLICIT
                  : version < 4 ? LockDocument.Format.CONDA_LOCK : LockDocument.Format.PIXI;
          var document = new Documents(new Random(seed)).document(format, Math.max(1, version));
          var written = ForeignLocks.write(document);
          var read = ForeignLocks.parse(written, "written", _ -> {});
          assertThat(read).as(written).isEqualTo(document);
          assertThat(ForeignLocks.write(read)).isEqualTo(written);
        });
  }

  /// Makes documents. For one thread.
  private static final class Documents {
    /// Texts that YAML readers like to take for something else.
    private static final List<String> TEXTS =
        List.of(
            "1.10",
            "2024a",
            "1e5",
            "0x1f",
            "yes",
            "null",
            "~",
            ">=1.2,<2.0a0",
            "* *_cpython",
            "a: b",
            "a #b",
            "[x]",
            "{y}",
            "- z",
            "'q'",
            "\"d\"",
            "é ü",
            "12:30",
            "1_0",
            "!t",
            "&a",
            "%p",
            "@h");

    private static final List<String> PLATFORMS =
        List.of("linux-64", "linux-aarch64", "osx-arm64", "win-64");

    private final Random random;

    Documents(Random random) {
      this.random = random;
    }

    private String text() {
      return TEXTS.get(random.nextInt(TEXTS.size()));
    }

    private @Nullable String maybe(String text) {
      return random.nextBoolean() ? text : null;
    }

    private List<String> specs() {
      var specs = new ArrayList<String>();
      for (int i = random.nextInt(4); i > 0; i--) {
        specs.add("dep" + i + " " + text());
      }
      return specs;
    }

    private JsonObject more(String... keys) {
      var more = JsonObject.builder();
      for (var key : keys) {
        switch (random.nextInt(5)) {
          case 0 -> more.put(key, text());
          case 1 -> more.put(key, random.nextInt(99));
          case 2 -> more.put(key, random.nextBoolean());
          case 3 -> more.put(key, JsonObject.builder().put("in", text()).build());
          default -> {}
        }
      }
      return more.build();
    }

    private LockEntry.Conda conda(int number, String subdir, boolean isFull, JsonObject more) {
      var version = List.of("1.10", "1!2.0", "2024a", "0.1.post1").get(random.nextInt(4));
      var build = List.of("0", "h1e5_0", "conda_forge").get(random.nextInt(3));
      var name = "p" + number;
      // A line of an explicit list has room for one digest.
      var sha256 = maybe(Sha256.of(name + random.nextInt()).hex());
      var md5 = isFull || sha256 == null ? maybe("0".repeat(31) + random.nextInt(10)) : null;
      return new LockEntry.Conda(
          "https://c.example/m/" + subdir + "/" + name + "-" + version + "-" + build + ".conda",
          name,
          version,
          build,
          subdir,
          sha256,
          md5,
          isFull && random.nextBoolean() ? random.nextLong(1L << 40) : -1,
          isFull ? specs() : List.of(),
          isFull ? specs() : List.of(),
          isFull ? maybe("python") : null,
          isFull ? maybe(text() + "x") : null,
          isFull && random.nextBoolean() ? random.nextLong(1L << 41) : -1,
          isFull && random.nextBoolean() ? List.of("pkg:pypi/x?source=a:b") : null,
          more);
    }

    private LockDocument document(LockDocument.Format format, long version) {
      var isPixi = format == LockDocument.Format.PIXI;
      var isExplicit = format == LockDocument.Format.EXPLICIT;
      var platforms =
          isExplicit ? PLATFORMS.subList(0, 1) : PLATFORMS.subList(0, 1 + random.nextInt(4));
      var channels =
          isExplicit
              ? List.<LockDocument.Channel>of()
              : List.of(new LockDocument.Channel("https://c.example/m/", more("used_env_vars")));
      var environments = new ArrayList<LockDocument.EnvironmentEntry>();
      var names = isPixi ? List.of("default", "gpu-12", "on") : List.of("main", "dev");
      var number = 0;
      for (var name : isExplicit ? List.of(LockDocument.DEFAULT) : names) {
        Map<String, List<LockDocument.Use>> packages = new LinkedHashMap<>();
        for (var platform : platforms) {
          var uses = new ArrayList<LockDocument.Use>();
          for (int i = 1 + random.nextInt(5); i > 0; i--) {
            number++;
            LockEntry entry =
                random.nextInt(4) > 0 || isExplicit
                    ? conda(
                        number,
                        platform,
                        !isExplicit,
                        isExplicit ? JsonObject.EMPTY : more("features", "arch"))
                    : new LockEntry.Pypi(
                        "https://f.example/q" + number + "-1.0-py3-none-any.whl",
                        "q" + number,
                        "1.0",
                        maybe(Sha256.of("q" + number).hex()),
                        null,
                        specs(),
                        maybe(">=3.8"),
                        more("source"));
            uses.add(
                new LockDocument.Use(
                    entry, isPixi ? more("extras") : JsonObject.EMPTY, Place.of("here")));
          }
          packages.put(platform, uses);
        }
        environments.add(
            new LockDocument.EnvironmentEntry(
                name,
                channels,
                isPixi ? List.of("https://i.example/simple") : List.of(),
                packages,
                isPixi ? more("options", "find-links") : JsonObject.EMPTY));
      }
      var rest =
          switch (format) {
            case EXPLICIT -> JsonObject.builder().put("comments", List.of("# a", "#b: c")).build();
            case CONDA_LOCK ->
                JsonObject.builder()
                    .put("metadata", more("content_hash", "sources", "custom_metadata"))
                    .build();
            case PIXI, MAMBAJS -> more("odd");
          };
      var entries =
          platforms.stream()
              .map(name ->
                  new LockDocument.PlatformEntry(
                      name,
                      name,
                      isPixi && version >= 7 ? List.of("__glibc=2.28", text()) : List.of(),
                      JsonObject.EMPTY))
              .toList();
      return new LockDocument(
          format,
          version,
          entries,
          environments,
          isPixi ? List.of(conda(++number, "noarch", true, JsonObject.EMPTY)) : List.of(),
          rest);
    }
  }
}

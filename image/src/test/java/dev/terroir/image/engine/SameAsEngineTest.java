package dev.terroir.image.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.BuildRequest;
import dev.terroir.image.dockerfile.Dockerfile;
import dev.terroir.image.dockerfile.Evaluation;
import dev.terroir.image.dockerfile.FileTree;
import dev.terroir.image.dockerfile.TarTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An evaluated Dockerfile is what an engine makes of it")
class SameAsEngineTest {
  private static final List<String> FIELDS =
      List.of(
          "Env",
          "Cmd",
          "Entrypoint",
          "Labels",
          "WorkingDir",
          "User",
          "ExposedPorts",
          "Volumes",
          "StopSignal",
          "Shell",
          "Healthcheck",
          "OnBuild");

  @TempDir Path folder;

  /// A docker-archive, taken apart.
  private record Image(JsonObject configuration, List<Path> layers) {}

  private Image open(Path archive, String name) throws IOException {
    var directory = Files.createDirectories(folder.resolve(name));
    try (var tar = new TarFile(archive)) {
      var members = new TreeMap<String, byte[]>();
      for (var entry : tar.getEntries()) {
        if (entry.isFile() && !entry.isSymbolicLink()) {
          members.put(entry.getName(), tar.getInputStream(entry).readAllBytes());
        }
      }
      var text = new String(members.get("manifest.json"));
      var manifest =
          (JsonObject)
              ((JsonValue.JsonArray) JsonReader.parse(text, "manifest")).elements().getFirst();
      var layers = new ArrayList<Path>();
      for (var layer : manifest.strings("Layers")) {
        layers.add(Files.write(directory.resolve("layer" + layers.size()), members.get(layer)));
      }
      return new Image(
          JsonReader.parseObject(
              new String(members.get(manifest.string("Config"))), "configuration"),
          layers);
    }
  }

  private static Map<String, String> files(List<Path> layers) throws IOException {
    try (var tree = TarTree.open(layers)) {
      var found = new TreeMap<String, String>();
      walk(tree, "", found);
      return found;
    }
  }

  private static void walk(FileTree tree, String directory, Map<String, String> found)
      throws IOException {
    for (var name : tree.children(directory)) {
      var path = directory.isEmpty() ? name : directory + "/" + name;
      var entry = tree.find(path).orElseThrow();
      var content = "";
      if (entry.type() == FileTree.Type.FILE && entry.sizeBytes() < 1000) {
        try (var in = tree.open(entry)) {
          content = new String(in.readAllBytes());
        }
      }
      found.put(
          path,
          "%s %o %d:%d %s %s"
              .formatted(
                  entry.type(), entry.mode(), entry.uid(), entry.gid(), entry.target(), content));
      walk(tree, path, found);
    }
  }

  private static Map<String, JsonValue> fields(JsonObject configuration) {
    var inner = configuration.object("config");
    var fields = new TreeMap<String, JsonValue>();
    for (var name : FIELDS) {
      inner
          .get(name)
          .filter(value -> !(value instanceof JsonValue.JsonNull))
          .filter(value -> !value.equals(JsonValue.of("")))
          .filter(value -> !value.equals(new JsonValue.JsonArray(List.of())))
          .ifPresent(value -> fields.put(name, value));
    }
    // The order of variables is the engine's own, and it signs with a label.
    fields.put(
        "Env", JsonValue.JsonArray.ofStrings(inner.strings("Env").stream().sorted().toList()));
    fields.put("Labels", inner.object("Labels").toBuilder().remove("io.buildah.version").build());
    return fields;
  }

  private void write(Path context, String path, String mode) throws IOException {
    var file = context.resolve(path);
    for (var at = file.getParent(); at.startsWith(context); at = at.getParent()) {
      Files.createDirectories(at);
      Files.setPosixFilePermissions(at, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Files.writeString(file, path);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  @Test
  void filesAndConfigurationAreEqual() throws IOException {
    var test = new EngineTest();
    test.folder = folder;
    test.aStoreOfItsOwn();
    var engine = test.engine(Engine.Kind.BUILDAH);
    var context = Files.createDirectories(folder.resolve("context"));
    write(context, "a.txt", "rw-r--r--");
    write(context, "app/main.py", "rw-r--r--");
    write(context, "app/run.sh", "rwxr-xr-x");
    write(context, "app/data/x.csv", "rw-r--r--");
    write(context, "app/data/y.key", "rw-r--r--");
    Files.createSymbolicLink(context.resolve("app/link"), Path.of("main.py"));
    Files.writeString(context.resolve(".dockerignore"), "**/*.key\n.dockerignore\n");
    var lines =
        """
        ARG TAG=1
        FROM localhost/terroir-test-base:${TAG} AS first
        COPY --chown=7:8 app /first
        FROM localhost/terroir-test-base:1
        ARG NAME=x
        ENV A=$NAME-1 B="two words" PATH=/opt/bin:$PATH
        ENV old form "kept"
        LABEL a.b=c "d e"='f g'
        WORKDIR /srv/work
        WORKDIR below
        COPY a.txt .
        COPY a.txt renamed
        COPY app /app/
        COPY app/*.py app/r[tu]n.sh /many/
        COPY --chmod=600 a.txt /mode/a
        COPY --from=first /first/data /from/
        COPY . /all
        EXPOSE 80 53/udp
        VOLUME ["/data"]
        USER 5
        STOPSIGNAL SIGINT
        HEALTHCHECK --interval=5s --retries=2 CMD true
        ONBUILD COPY a.txt /b
        CMD echo $A
        ENTRYPOINT ["/bin/sh", "-c"]
        SHELL ["/bin/sh", "-ec"]
        """;
    var built =
        new EngineBuild(() -> engine, folder.resolve("kept"))
            .build(
                new EngineBuild.Order(
                    lines,
                    "Dockerfile",
                    BuildContext.of(context, null),
                    BuildRequest.DEFAULT,
                    List.of(),
                    Duration.ofMinutes(5)),
                false,
                test.progress);
    var theirs = open(built.archive(), "theirs");
    var base = open(folder.resolve("base-BUILDAH.tar"), "base");
    Evaluation.Result ours;
    try (var tree = TarTree.open(base.layers())) {
      var image =
          new Evaluation.BaseImage() {
            @Override
            public JsonObject configuration() {
              return base.configuration();
            }

            @Override
            public FileTree files() {
              return tree;
            }
          };
      ours =
          new Evaluation(
                  BuildContext.of(context, null),
                  (_, _, _) -> image,
                  folder.resolve("work"),
                  Instant.EPOCH)
              .evaluate(
                  Dockerfile.parse(lines, "Dockerfile"),
                  new BuildRequest(Map.of(), Platform.current(), null));
    }
    var layers = new ArrayList<>(base.layers());
    ours.layers().forEach(layer -> layers.add(layer.tar()));
    assertThat(files(layers)).isEqualTo(files(theirs.layers()));
    assertThat(fields(ours.configuration())).isEqualTo(fields(theirs.configuration()));
  }
}

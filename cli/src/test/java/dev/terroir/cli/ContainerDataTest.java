package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.image.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName(
    "Data of runs, and commands in place of scripts, in containers of a real engine and here")
class ContainerDataTest {
  @TempDir static Path folder;
  private static Terroir terroir;
  private static Path store;

  @BeforeAll
  static void begin() throws IOException {
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    // A path of two words, as folders of people have.
    terroir = new Terroir(Files.createDirectories(folder.resolve("two words")), variables);
    assumeTrue(
        Engine.of(Engine.Kind.PODMAN, terroir.settings).isPresent(),
        "podman is not there or does not answer");
    terroir.write(
        "plain/azureml_environment.json",
        """
        {"name": "plain",
         "python": {"userManagedDependencies": true, "interpreterPath": "/usr/bin/python3"},
         "docker": {"baseImage": "%s"}}
        """
            .formatted(DebianBase.location()));
    terroir.run("environment register -d", terroir.project.resolve("plain").toString()).succeeds();
    terroir.write("source/.keep", "");
    terroir.write(".azureml/first.runconfig", "command: 'true'\n");
    submit("first").succeeds();
    try (var walk = Files.walk(terroir.home)) {
      store =
          Files.createDirectories(
              walk.filter(path -> path.endsWith("runs"))
                  .findFirst()
                  .orElseThrow()
                  .resolveSibling("datastores/workspaceblobstore"));
    }
    Files.createDirectories(store.resolve("in/deep"));
    Files.writeString(store.resolve("in/a.txt"), "A");
    Files.writeString(store.resolve("in/deep/b.txt"), "B");
  }

  private static Terroir.Outcome submit(String configuration) {
    return terroir.run(
        "run submit-script -e test --output json --environment plain -c " + configuration,
        "--source",
        terroir.project.resolve("source").toString());
  }

  private static String log(JsonObject run) throws IOException {
    return Files.readString(
        Path.of(
            java.net.URI.create(run.object("logFiles").string("azureml-logs/70_driver_log.txt"))));
  }

  private static void configuration(String name, String start, String docker) {
    terroir.write(
        ".azureml/" + name + ".runconfig",
        """
        {START, DOCKER
         "dataReferences": {
           "plain": {"dataStoreName": "workspaceblobstore", "mode": "mount",
                     "pathOnDataStore": "in"},
           "at": {"dataStoreName": "workspaceblobstore", "mode": "mount",
                  "pathOnDataStore": "in", "pathOnCompute": "/data/at"},
           "near": {"dataStoreName": "workspaceblobstore", "mode": "mount",
                    "pathOnDataStore": "in/deep", "pathOnCompute": "near/it"},
           "copy": {"dataStoreName": "workspaceblobstore", "mode": "download",
                    "pathOnDataStore": "in", "pathOnCompute": "/copied here"},
           "up": {"dataStoreName": "workspaceblobstore", "mode": "upload",
                  "pathOnDataStore": "NAME", "pathOnCompute": "/up"},
           "upnear": {"dataStoreName": "workspaceblobstore", "mode": "upload",
                      "pathOnDataStore": "NAME/near", "pathOnCompute": "up/near"}},
         "data": {
           "set": {"dataLocation": {"dataset": {"definition": {"paths": [
                     {"datastore": "workspaceblobstore", "path": "in/**/*.txt"}]}}},
                   "mechanism": "mount", "pathOnCompute": "/set"},
           "file": {"dataLocation": {"dataset": {"definition": {"paths": [
                      {"datastore": "workspaceblobstore", "path": "in/a.txt"}]}}},
                    "mechanism": "mount"}}}
        """
            .replace("START", start)
            .replace("DOCKER", docker)
            .replace("NAME", name));
  }

  @Test
  void anOutputMayBeAFileInAContainerToo() throws IOException {
    terroir.write(
        ".azureml/leave.runconfig",
        """
        {"command": "test ! -e $AZUREML_DATAREFERENCE_file && echo made > $AZUREML_DATAREFERENCE_file",
         "docker": {"useDocker": true},
         "dataReferences": {
           "file": {"mode": "upload", "pathOnDataStore": "left/file", "makeFolder": false}}}
        """);
    submit("leave").succeeds();
    assertThat(store.resolve("left/file")).hasContent("made");
  }

  private static final String DOCKER = "\"docker\": {\"useDocker\": true},";

  @Test
  void everyFolderIsWhereItsArgumentSaysAndWhatIsLeftComesBack() throws IOException {
    terroir.write(
        "source/main.py",
        """
        import os, sys
        plain, at, near, copy, up, upnear, set, file = sys.argv[1:]
        print("places", at, near, copy, up, set, os.environ["AZUREML_DATAREFERENCE_at"])
        print("read", [open(os.path.join(p, "a.txt")).read() for p in (plain, at, copy)],
              open(near + "/b.txt").read(), open("near/it/b.txt").read(), open(file).read())
        print("set", sorted(os.listdir(set)), open(set + "/deep/b.txt").read(), os.environ["set"])
        open(plain + "/new.txt", "w").write("written")
        open(copy + "/a.txt", "w").write("changed")
        open(up + "/y.txt", "w").write("back")
        open(upnear + "/z.txt", "w").write("near")
        for path in (file, set + "/a.txt"):
            try:
                open(path, "w")
            except OSError as e:
                print("refused", e.errno)
        """);
    configuration(
        "inside",
        """
        "script": "main.py", "arguments": ["$AZUREML_DATAREFERENCE_plain",
         "$AZUREML_DATAREFERENCE_at", "$AZUREML_DATAREFERENCE_near",
         "$AZUREML_DATAREFERENCE_copy", "$AZUREML_DATAREFERENCE_up",
         "$AZUREML_DATAREFERENCE_upnear", "DatasetConsumptionConfig:set",
         "DatasetConsumptionConfig:file"]\
        """,
        DOCKER);
    var run = submit("inside").succeeds().json();
    assertThat(log(run))
        .contains(
            "places /data/at /azureml-run/near/it /copied here /up /set /data/at",
            "read ['A', 'A', 'A'] B B A",
            "set ['a.txt', 'deep'] B /set",
            "refused 30\nrefused 30");
    assertThat(store.resolve("in/a.txt")).hasContent("A");
    assertThat(store.resolve("in/new.txt")).hasContent("written");
    assertThat(store.resolve("inside/y.txt")).hasContent("back");
    assertThat(store.resolve("inside/near/z.txt")).hasContent("near");
    Files.delete(store.resolve("in/new.txt"));
  }

  @Test
  void aCommandHasTheEnvironmentsPythonAndPlacesAsWordsInAContainerAndHere() throws IOException {
    for (var docker : List.of(DOCKER, "")) {
      var name = docker.isEmpty() ? "here" : "contained";
      configuration(
          name,
          """
          "command": ["python3", "-c", "'import sys; print(len(sys.argv), *sys.argv[2:])'",
            "DatasetConsumptionConfig:file", "$AZUREML_DATAREFERENCE_copy", "&&", "cat",
            "\\"$AZUREML_DATAREFERENCE_copy/deep/b.txt\\"", "DatasetConsumptionConfig:file",
            "&&", "echo", "done", ">", "$AZUREML_DATAREFERENCE_up/done.txt"]\
          """,
          docker);
      var run = submit(name).succeeds().json();
      assertThat(log(run)).contains("3 ").contains("BA");
      assertThat(store.resolve(name + "/done.txt")).hasContent("done");
      assertThat(run.has("container")).isEqualTo(!docker.isEmpty());
    }
    terroir.write(".azureml/broken.runconfig", "command: [exit, '7']\ndocker: {useDocker: true}\n");
    var broken = submit("broken");
    assertThat(broken.json().longValue("exitCode")).isEqualTo(7);
  }

  @Test
  void dataCannotCoverWhatAContainerNeeds() {
    for (var place : List.of("/", "/x/..", "/azureml-run")) {
      terroir.write(
          ".azureml/covering.runconfig",
          """
          {"command": "true", "docker": {"useDocker": true},
           "dataReferences": {"d": {"mode": "mount", "pathOnDataStore": "in",
                                    "pathOnCompute": "PLACE"}}}
          """
              .replace("PLACE", place));
      var refused = submit("covering");
      assertThat(refused.code()).isNotZero();
      assertThat(refused.out() + refused.err()).contains("cannot be at `" + place + "`");
    }
  }
}

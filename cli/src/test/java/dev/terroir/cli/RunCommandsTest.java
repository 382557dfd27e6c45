package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir run")
class RunCommandsTest {
  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
  }

  private Terroir.Outcome submit(String script, String text, String... arguments) {
    terroir.write("source/" + script, text);
    return terroir.run(
        "run submit-script -e test --environment demo --output json --source "
            + terroir.project.resolve("source")
            + " "
            + script,
        arguments);
  }

  @Test
  void aScriptAndTheCommandOfARunConfigurationExcludeEachOther() {
    terroir.write(".azureml/told.runconfig", "command: echo told\n");
    var words =
        "run submit-script -e test -c told --environment demo --source "
            + terroir.write("source/train.py", "print('trained')\n").getParent();
    assertThat(terroir.run(words).succeeds().out()).contains("told\n");
    var both = terroir.run(words + " train.py --epochs 3");
    assertThat(both.code()).isEqualTo(2);
    assertThat(both.err()).contains("`train.py`", "`echo told`", "exclude each other", "hint:");
    assertThat(terroir.run("run list -e test").succeeds().out())
        .as("nothing was submitted")
        .containsOnlyOnce("\"runId\"");
  }

  @Test
  void aScriptGetsItsEnvironmentArgumentsAndVariables() {
    var run =
        submit(
                "train.py",
                """
                import alpha, os, sys
                print(alpha.VERSION, sys.argv[1:], os.environ["AZUREML_ARM_PROJECT_NAME"])
                open("outputs/model.txt", "w").write("model")
                """,
                "--epochs",
                "3")
            .succeeds()
            .json();
    assertThat(run.string("status")).isEqualTo("Completed");
    assertThat(run.longValue("exitCode")).isZero();
    var id = run.string("runId");
    assertThat(id).matches("test_[0-9]+_[0-9a-f]{8}");
    assertThat(terroir.run("run logs -r " + id).out()).contains("2.0 ['--epochs', '3'] test");
    assertThat(terroir.run("run environment -r " + id).json().string("version")).isEqualTo("1");
    terroir.run("run download -r " + id + " -p outputs/ -d " + folder.resolve("out")).succeeds();
    assertThat(folder.resolve("out/outputs/model.txt")).hasContent("model");
    var model =
        terroir
            .run("model register -n m --run-id " + id + " --asset-path outputs/model.txt")
            .succeeds()
            .json();
    assertThat(model.string("id")).isEqualTo("m:1");
  }

  @Test
  void whatARunHasLoggedIsListedAndTagsAreSet() {
    var id = submit("log.py", "print('logged')").succeeds().json().string("runId");
    try (var workspace =
        Workspace.create(Workspace.DEFAULT_NAME, null, true, terroir.settings, Progress.SILENT)) {
      var items =
          List.of(
              JsonReader.parseObject(
                  "{\"name\": \"loss\", \"kind\": \"scalar\", \"value\": 0.5}", "test"),
              JsonReader.parseObject(
                  "{\"name\": \"other\", \"kind\": \"scalar\", \"value\": 7}", "test"));
      assertThat(workspace.metrics().add(id, "s", 1, items)).isEqualTo(2);
    }
    assertThat(terroir.run("run metrics --output table -r " + id).succeeds().out())
        .contains("loss", "0.5", "other");
    assertThat(terroir.run("run metrics -n loss -r " + id).succeeds().out())
        .contains("\"value\": 0.5")
        .doesNotContain("other");
    terroir.run("run tag -r " + id + " -t quality=good -t a=b").succeeds();
    assertThat(terroir.run("run show -r " + id).json().stringMap("tags"))
        .containsEntry("quality", "good")
        .containsEntry("a", "b");
    assertThat(terroir.run("run tag -r " + id).code()).isEqualTo(2);
  }

  @Test
  void aScriptHasATokenOfItsRunAloneThatEndsWithIt() {
    var text =
        """
        import os
        print("address", "AZUREML_SERVICE_ENDPOINT" in os.environ)
        open("outputs/token", "w").write(os.environ["AZUREML_RUN_TOKEN"])
        """;
    terroir =
        new Terroir(
            folder,
            List.of(
                "AZUREML_SERVICE_ENDPOINT=https://team.example",
                "AZUREML_RUN_TOKEN=of the run that submits this one"));
    var ids =
        List.of("a.py", "b.py").stream()
            .map(script -> submit(script, text).succeeds().json().string("runId"))
            .toList();
    try (var workspace =
        Workspace.create(Workspace.DEFAULT_NAME, null, true, terroir.settings, Progress.SILENT)) {
      var tokens = new Tokens(workspace.database(), workspace.clock());
      for (var id : ids) {
        assertThat(terroir.run("run logs -r " + id).out()).contains("address False");
        terroir.run("run download -r " + id + " -p outputs/ -d " + folder.resolve(id)).succeeds();
        var token = tokens.find(content(folder.resolve(id).resolve("outputs/token"))).orElseThrow();
        assertThat(token.runId()).isEqualTo(id);
        assertThat(token.revokedAt()).isNotNull();
      }
      assertThat(tokens.runs()).isEmpty();
    }
  }

  private static String content(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aScriptThatFailsIsAFailedRunWithItsReason() {
    var outcome = submit("fail.py", "import sys; sys.exit(9)");
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.json().string("error")).contains("exit code 9");
    var killed = submit("kill.py", "import os; os.kill(os.getpid(), 9)");
    assertThat(killed.code()).isEqualTo(1);
    assertThat(killed.json().string("error")).contains("signal 9");
  }

  @Test
  void aMissingScriptOrTargetIsRefusedBeforeAnythingIsRecorded() {
    var outcome = terroir.run("run submit-script -e test --environment demo no.py");
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err()).contains("script-not-found", "no.py");
    assertThat(terroir.run("run list").out().strip()).isEqualTo("[]");
  }

  @Test
  void anOutputThatIsRegisteredUnderNoNameIsRefusedBeforeAnythingIsRecorded() {
    terroir.write(
        ".azureml/nameless.runconfig",
        """
        {"command": "true",
         "dataReferences": {"out": {"dataStoreName": "workspaceblobstore", "mode": "upload",
                                    "pathOnDataStore": "x", "registerOnComplete": {}}}}
        """);
    var outcome =
        terroir.run(
            "run submit-script -e test -c nameless --environment demo --source "
                + terroir.write("source/train.py", "").getParent());
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("run-configuration", "the output `out`", "under no name");
    assertThat(terroir.run("run list").out().strip()).isEqualTo("[]");
  }

  @Test
  void anOutputMayBeAFileAndOneThatNothingWasWrittenToIsAnEmptyFolder() {
    terroir.write(
        ".azureml/leave.runconfig",
        """
        {"command": "test ! -e $AZUREML_DATAREFERENCE_file && test ! -e $AZUREML_DATAREFERENCE_near && echo made > $AZUREML_DATAREFERENCE_file && mkdir $AZUREML_DATAREFERENCE_near && echo near > below/near/it && test -d $AZUREML_DATAREFERENCE_made",
         "dataReferences": {
           "file": {"mode": "upload", "pathOnDataStore": "left/file", "makeFolder": false},
           "near": {"mode": "upload", "pathOnDataStore": "left/near", "makeFolder": false,
                    "pathOnCompute": "below/near"},
           "none": {"mode": "upload", "pathOnDataStore": "left/none", "makeFolder": false},
           "made": {"mode": "upload", "pathOnDataStore": "left/made"}}}
        """);
    terroir.write(
        ".azureml/take.runconfig",
        """
        {"command": "cat $AZUREML_DATAREFERENCE_left/file $AZUREML_DATAREFERENCE_left/near/it && ls $AZUREML_DATAREFERENCE_none $AZUREML_DATAREFERENCE_made",
         "dataReferences": {
           "left": {"mode": "mount", "pathOnDataStore": "left"},
           "none": {"mode": "mount", "pathOnDataStore": "left/none"},
           "made": {"mode": "mount", "pathOnDataStore": "left/made"}}}
        """);
    var words = " --environment demo --source " + terroir.write("source/train.py", "").getParent();
    terroir.run("run submit-script -e test -c leave" + words).succeeds();
    assertThat(terroir.run("run submit-script -e test -c take" + words).succeeds().out())
        .contains("made\nnear\n");
  }

  @Test
  void whatAScriptLeavesIsEnded() throws Exception {
    var marker = folder.resolve("alive");
    submit(
            "leave.py",
            """
            import subprocess, sys
            subprocess.Popen([sys.executable, "-c", "import time\\nwhile True:\\n  open('%s','a').write('x'); time.sleep(0.05)"],
                             start_new_session=True)
            """
                .formatted(marker))
        .succeeds();
    var size = Files.exists(marker) ? Files.size(marker) : 0;
    Thread.sleep(400);
    assertThat(Files.exists(marker) ? Files.size(marker) : 0).isEqualTo(size);
  }

  @Test
  void aTimeLimitEndsTheScript() {
    terroir.write("source/sleep.py", "import time; time.sleep(60)");
    var outcome =
        terroir.run(
            "run submit-script -e test --environment demo --timeout 1 --output json --source "
                + terroir.project.resolve("source")
                + " sleep.py");
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.json().string("error")).contains("time limit");
  }

  @Test
  void aDetachedRunCanBeFollowedAndCanceled() {
    terroir.write("source/sleep.py", "import time; print('begun', flush=True); time.sleep(60)");
    var run =
        terroir
            .run(
                "run submit-script -e test --environment demo --detach --source "
                    + terroir.project.resolve("source")
                    + " sleep.py")
            .succeeds()
            .json();
    var id = run.string("runId");
    var canceled = terroir.run("run cancel -r " + id).succeeds().json();
    assertThat(canceled.string("status")).isEqualTo("Canceled");
    assertThat(terroir.run("run logs -f -r " + id).code()).isZero();
  }

  @Test
  void ignoredFilesAreNotPartOfTheSnapshot() {
    terroir.write("source/.amlignore", "secret*\ndata/\n");
    terroir.write("source/secret.txt", "x");
    terroir.write("source/data/large.bin", "x");
    terroir.write("source/kept.txt", "x");
    submit("list.py", "import os; print(sorted(os.listdir('.')))").succeeds();
    var id = terroir.run("run list").out().replaceAll("(?s).*?\"runId\": \"([^\"]+)\".*", "$1");
    assertThat(terroir.run("run logs -r " + id).out())
        .contains("kept.txt")
        .doesNotContain("secret.txt", "data");
  }

  @Test
  void aRunConfigurationOfTheRetiredServiceIsRead() {
    terroir.write("source/train.py", "import sys, os; print(sys.argv[1:], os.environ['FROM'])");
    terroir.write(
        ".azureml/demo.runconfig",
        """
        script: train.py
        arguments: [--a, 1]
        target: local
        environmentVariables: {FROM: runconfig}
        environment:
          name: configured
          python:
            userManagedDependencies: true
            interpreterPath: python3
        """);
    var outcome =
        terroir.run(
            "run submit-script -e test -c demo --source "
                + terroir.project.resolve("source")
                + " train.py");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out()).contains("['--a', '1'] runconfig");
    assertThat(outcome.err()).contains("environment configured version Autosave_");
  }

  @Test
  void withoutSnapshotNothingOfTheSourceIsKept() throws IOException {
    terroir.write("source/.amlignore", "ignored.txt\n");
    terroir.write("source/ignored.txt", "x");
    terroir.write("source/tool.sh", "#!/bin/sh\necho tool\n").toFile().setExecutable(true);
    terroir.write(
        "source/train.py",
        """
        import os, subprocess
        print(sorted(os.listdir(".")), subprocess.check_output("./tool.sh"))
        open("outputs/made", "w").write("x")
        """);
    terroir.write(
        ".azureml/plain.runconfig",
        "script: train.py\ntarget: local\nhistory: {snapshotProject: false}\n"
            + "environment: {name: demo}\n");
    var run =
        terroir
            .run(
                "run submit-script -e test -c plain --environment demo --output json --source "
                    + terroir.project.resolve("source")
                    + " train.py")
            .succeeds()
            .json();
    assertThat(run.optionalString("snapshotId")).isEmpty();
    var id = run.string("runId");
    assertThat(terroir.run("run logs -r " + id).out())
        .contains("train.py", "b'tool")
        .doesNotContain("ignored.txt");
    try (var walk = Files.walk(terroir.home)) {
      assertThat(walk.map(path -> path.getFileName().toString()))
          .contains("made")
          .doesNotContain("snapshots", "manifests", "objects", "train.py");
    }
  }

  @Test
  void aFloodIsCutAndSaidSo() throws IOException {
    var run =
        submit("flood.py", "import os\nfor _ in range(230): os.write(1, b'x' * (1 << 20))")
            .succeeds()
            .json();
    var log =
        Path.of(
            java.net.URI.create(run.object("logFiles").string("azureml-logs/70_driver_log.txt")));
    assertThat(Files.size(log)).isLessThan(202L << 20);
    try (var file = new java.io.RandomAccessFile(log.toFile(), "r")) {
      file.seek(file.length() - 60);
      assertThat(file.readLine() + file.readLine()).contains("more bytes of output were dropped");
    }
  }
}

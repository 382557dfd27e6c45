package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Parser;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/// Who adds a command says here what it does with a workspace on a server.
@DisplayName("Every command works with a workspace on a server, or says why not")
class EveryCommandOverHttpTest {
  private static final String COMMANDS = "RemoteCommandsTest";
  private static final String IMAGES = "RemoteImagesTest";
  private static final String WORK = "RemoteWorkTest";
  private static final String DEPLOYMENT = "RemoteDeploymentTest";
  private static final String DATA = "DataAndComputeTest";

  @TempDir Path folder;

  /// What is known of a command.
  private sealed interface Known {
    /// A test calls it with a workspace on a server.
    record Tested(String file, String method) implements Known {}

    /// It is called here.
    record Called(String words) implements Known {}

    /// It needs a workspace on this machine.
    record Refused(String words, String sentence) implements Known {}

    /// It works on this machine without any workspace.
    record Apart(String why) implements Known {}
  }

  private static Map<String, Known> known() {
    var all = new TreeMap<String, Known>();
    tested(
        all,
        COMMANDS,
        "environmentsAreRegisteredListedShownAndDownloadedThere",
        "environment",
        "register",
        "list",
        "show",
        "download",
        "label",
        "archive",
        "restore");
    tested(
        all,
        COMMANDS,
        "locksAreMadeThereAndEnvironmentsHere",
        "environment",
        "lock",
        "path",
        "exec");
    tested(all, COMMANDS, "locksAreMadeThereAndEnvironmentsHere", "lock", "show");
    tested(all, COMMANDS, "imagesAreBuiltThere", "environment", "build", "image");
    tested(
        all,
        IMAGES,
        "comeIntoTheEngineOfThisMachineAndStayThereUnlessTheyArePushed",
        "environment",
        "build-local");
    tested(all, WORK, "anotherToolsLockIsTheLockOfItsDefinitionThere", "lock", "import");
    tested(
        all,
        COMMANDS,
        "runsGoThereWithTheirFilesAndComeBackWithTheirs",
        "run",
        "submit-script",
        "list",
        "show",
        "logs",
        "environment",
        "download");
    tested(all, COMMANDS, "aRunThatIsFollowedIsCanceled", "run", "cancel");
    tested(all, WORK, "whatARunHasLoggedIsListedAndTagsAreSet", "run", "metrics", "tag");
    tested(
        all,
        COMMANDS,
        "modelsAreSentOnceAndComeBackTheSame",
        "model",
        "register",
        "list",
        "show",
        "download",
        "delete");
    tested(all, COMMANDS, "servicesAreDeployedScoredAndDeletedThere", "model", "deploy");
    tested(
        all,
        COMMANDS,
        "servicesAreDeployedScoredAndDeletedThere",
        "service",
        "list",
        "run",
        "get-keys",
        "delete");
    tested(
        all,
        DEPLOYMENT,
        "ofAnotherIsLeftAloneAndMayBeUpdated",
        "service",
        "show",
        "get-logs",
        "update");
    tested(
        all,
        DATA,
        "datastoresAreRegisteredShownMadeTheDefaultAndForgotten",
        "datastore",
        "list",
        "show",
        "register",
        "set-default",
        "unregister");
    tested(
        all,
        DATA,
        "foldersGoThereAndComeBackAndWhatIsThereStays",
        "datastore",
        "upload",
        "download");
    tested(
        all,
        DATA,
        "poolsAreCreatedChangedListedAndDeleted",
        "computetarget",
        "list",
        "show",
        "create",
        "update",
        "delete");
    tested(all, DATA, "whatAPoolHereCannotBeSaysWhatToUse", "computetarget", "attach");
    tested(all, WORK, "tokensAreMadeListedAndRevokedByOwners", "token", "create", "list", "revoke");
    tested(all, COMMANDS, "aProjectsConfigNamesTheServer", "workspace", "show", "update");
    for (var words :
        List.of(
            "environment scaffold -n empty -d HERE/scaffold",
            "environment create -n other -f HERE/requirements.txt -d HERE/created",
            "environment hash -d HERE/environment",
            "environment diff demo:1 demo:1",
            "environment licenses -n demo",
            "environment install -n demo",
            "environment activate -n demo",
            "lock export -n demo --format requirements",
            "lock diff demo:1 demo:1",
            "lock why -n demo alpha",
            "doctor")) {
      var parts = words.split(" ");
      all.put(words.equals("doctor") ? words : parts[0] + " " + parts[1], new Known.Called(words));
    }
    all.put("serve", new Known.Refused("serve", "a workspace on a server is served already"));
    all.put(
        "quickstart",
        new Known.Refused("quickstart", "the quickstart shows a workspace on this machine"));
    apart(all, "makes or lists workspaces of this machine", "workspace create", "workspace list");
    apart(all, "keeps a token on this machine", "login");
    apart(all, "packs a conda environment of this machine", "environment pack");
    apart(
        all,
        "writes into the user's own Jupyter, of a prefix that `install` makes too",
        "kernel install");
    apart(
        all,
        "is about images without a workspace",
        "image build",
        "image inspect",
        "image layers",
        "image diff",
        "image sbom",
        "image provenance");
    apart(all, "is about the caches of this machine", "cache list", "cache verify", "cache prune");
    return all;
  }

  private static void tested(
      Map<String, Known> all, String file, String method, String group, String... names) {
    for (var name : names) {
      all.put(group + " " + name, new Known.Tested(file, method));
    }
  }

  private static void apart(Map<String, Known> all, String why, String... commands) {
    for (var command : commands) {
      all.put(command, new Known.Apart(why));
    }
  }

  /// The commands as the parser knows them.
  private static Map<String, Leaf> commands() {
    var found = new LinkedHashMap<String, Leaf>();
    collect("", Parser.root(Main.groups(), "", ""), found);
    return found;
  }

  private static void collect(String before, CommandSpec spec, Map<String, Leaf> found) {
    if (spec.userObject() instanceof Leaf leaf) {
      found.put(before.strip(), leaf);
    }
    for (Map.Entry<String, CommandLine> inner : spec.subcommands().entrySet()) {
      collect(before + " " + inner.getKey(), inner.getValue().getCommandSpec(), found);
    }
  }

  @Test
  void nothingIsForgotten() {
    assertThat(new TreeSet<>(commands().keySet()))
        .as("commands, each of which this test has to know")
        .isEqualTo(new TreeSet<>(known().keySet()))
        .hasSizeGreaterThan(60);
  }

  @Test
  void theTestsThatAreNamedCallTheirCommands() throws IOException {
    var tests = Path.of(System.getProperty("terroir.root"), "cli/src/test/java/dev/terroir/cli");
    var softly = new SoftAssertions();
    for (var entry : known().entrySet()) {
      if (entry.getValue() instanceof Known.Tested(var file, var method)) {
        var text = Files.readString(tests.resolve(file + ".java"));
        var begin = text.indexOf("void " + method + "(");
        softly.assertThat(begin).as(file + " has " + method).isPositive();
        var end = text.indexOf("\n  @", Math.max(begin, 0));
        softly
            .assertThat(text.substring(Math.max(begin, 0), end < 0 ? text.length() : end))
            .as(file + "." + method)
            .contains("\"" + entry.getKey());
      }
    }
    softly.assertAll();
  }

  @Test
  void theOthersWorkOrSayWhyNot() {
    try (var team = new RemoteTeam(folder)) {
      var terroir = team.as(Role.OWNER);
      terroir.environment("demo", "alpha");
      terroir.run("environment register -d", terroir.directory()).succeeds();
      // What is called below in the order of the alphabet wants it installed.
      terroir.run("environment install -n demo").succeeds();
      var softly = new SoftAssertions();
      for (var entry : known().entrySet()) {
        switch (entry.getValue()) {
          case Known.Called(var words) -> {
            var outcome = terroir.run(words.replace("HERE", terroir.project.toString()));
            softly.assertThat(outcome.code()).as(words + ": " + outcome.err()).isZero();
          }
          case Known.Refused(var words, var sentence) -> {
            var outcome = terroir.run(words);
            softly.assertThat(outcome.code()).as(words).isEqualTo(2);
            softly.assertThat(outcome.err()).contains("[not-over-http]", sentence, "hint:");
          }
          case Known.Tested _, Known.Apart _ -> {}
        }
      }
      softly.assertThat(terroir.home.resolve("data/workspaces")).doesNotExist();
      softly.assertAll();
    }
  }
}

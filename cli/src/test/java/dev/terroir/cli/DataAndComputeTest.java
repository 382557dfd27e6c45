package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.client.Logins;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerOptions;
import dev.terroir.server.TerroirServer;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.compute.ComputeTargets;
import dev.terroir.workspace.data.Datastores;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Datastores and compute targets: terroir, and Workspace in Java")
class DataAndComputeTest {
  @Nested
  @DisplayName("of a workspace on this machine")
  class Local extends Behaviour {
    @Override
    Terroir begin() {
      return new Terroir(
          folder.resolve("here"), List.of(Settings.TERROIR_WORKSPACE + "=" + directory()));
    }

    @Override
    Workspace open() {
      return Workspace.open(directory(), terroir.settings, Progress.SILENT);
    }
  }

  @Nested
  @DisplayName("of a workspace on a server")
  class Remote extends Behaviour {
    private TerroirServer server;

    @Override
    Terroir begin() {
      server =
          TerroirServer.start(
              there,
              ServerOptions.loopback(
                  "1.2.3",
                  new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8)),
              there.settings());
      return as(Role.OWNER);
    }

    private Terroir as(Role role) {
      var made =
          new Terroir(
              folder.resolve("here as " + role.id()),
              List.of(Settings.TERROIR_WORKSPACE + "=" + server.url()));
      new Logins(made.settings)
          .keep(
              server.url(), server.context().tokens().create(role.id(), role, null, null).secret());
      return made;
    }

    @Override
    Workspace open() {
      return RemoteWorkspace.open(server.url(), terroir.settings, Progress.SILENT);
    }

    @AfterEach
    void close() {
      server.close();
    }

    @Test
    void callersAreToldWhatTheirTokenMayNot() {
      var contributor = as(Role.CONTRIBUTOR);
      var file = contributor.write("a.txt", "a");
      contributor.run("datastore upload -p", file.toString()).succeeds();
      var registering = contributor.run("datastore register -n mine");
      assertThat(registering.code()).isEqualTo(2);
      assertThat(registering.err()).contains("[forbidden]");
      var reader = as(Role.READER);
      assertThat(reader.run("datastore list").code()).isZero();
      assertThat(reader.run("computetarget create amlcompute -n cpu").err())
          .contains("[forbidden]");
      assertThat(reader.run("datastore upload --overwrite -p", file.toString()).err())
          .contains("[forbidden]");
    }

    @Test
    void aPathOfTheServersMachineIsNotReadHere() {
      var refused = terroir.run("datastore register -n images -d images");
      assertThat(refused.code()).isEqualTo(2);
      assertThat(refused.err()).contains("[data-refused]", "absolute path");
    }
  }

  /// The same for both.
  abstract static class Behaviour {
    @TempDir Path folder;
    LocalWorkspace there;
    Terroir terroir;

    abstract Terroir begin();

    abstract Workspace open();

    Path directory() {
      return folder.resolve("there/team");
    }

    @BeforeEach
    void make() {
      there =
          Workspace.create(
              "team",
              directory(),
              true,
              new Terroir(folder.resolve("there")).settings,
              Progress.SILENT);
      terroir = begin();
    }

    @AfterEach
    void end() {
      there.close();
    }

    private List<String> names(String words) {
      var array =
          (JsonValue.JsonArray) JsonReader.parse(terroir.run(words).succeeds().out(), words);
      return array.elements().stream()
          .map(element -> ((dev.terroir.foundation.json.JsonObject) element).string("name"))
          .toList();
    }

    @Test
    void datastoresAreRegisteredShownMadeTheDefaultAndForgotten() throws IOException {
      assertThat(names("datastore list")).containsExactly(Datastores.BLOBS, Datastores.FILES);
      assertThat(terroir.run("datastore show").succeeds().json().string("name"))
          .isEqualTo(Datastores.BLOBS);
      var images = Files.createDirectories(folder.resolve("images"));
      var registered =
          terroir.run("datastore register -n images -d", images.toString()).succeeds().json();
      assertThat(registered.string("path")).isEqualTo(images.toString());
      assertThat(registered.optionalBoolean("isDefault")).contains(false);
      terroir.run("datastore register -n own --default").succeeds();
      assertThat(directory().resolve("datastores/own")).isDirectory();
      assertThat(terroir.run("datastore show").succeeds().json().string("name")).isEqualTo("own");
      var asDefault = terroir.run("datastore set-default -n images").succeeds().json();
      assertThat(asDefault.optionalBoolean("isDefault")).contains(true);
      assertThat(terroir.run("datastore list --output table").succeeds().out().lines())
          .anySatisfy(line -> assertThat(line).matches("Name +IsDefault +Path"))
          .anySatisfy(line -> assertThat(line).matches("images +true +" + images));
      terroir.run("datastore unregister -n images").succeeds();
      assertThat(images).exists();
      assertThat(names("datastore list")).doesNotContain("images");
      assertThat(terroir.run("datastore show").succeeds().json().string("name"))
          .isEqualTo(Datastores.BLOBS);
      var gone = terroir.run("datastore set-default -n images");
      assertThat(gone.code()).isEqualTo(2);
      assertThat(gone.err()).contains("[datastore-not-found]", "own, workspaceblobstore");
      var own = terroir.run("datastore unregister -n " + Datastores.FILES);
      assertThat(own.code()).isEqualTo(2);
      assertThat(own.err()).contains("[data-refused]");
      var bad = terroir.run("datastore register -n a.b");
      assertThat(bad.err()).contains("[invalid-name]");
    }

    @Test
    void foldersGoThereAndComeBackAndWhatIsThereStays() throws IOException {
      var bytes = new byte[2_000_000];
      new java.util.Random(7).nextBytes(bytes);
      var data = Files.createDirectories(terroir.project.resolve("data/a b"));
      Files.write(data.resolve("é+%.bin"), bytes);
      terroir.write("data/empty.txt", "");
      var source = terroir.project.resolve("data").toString();
      var first = terroir.run("datastore upload -u /training/data/ -p", source).succeeds();
      assertThat(first.json().longValue("files")).isEqualTo(2);
      assertThat(first.json().longValue("sizeBytes")).isEqualTo(bytes.length);
      assertThat(first.err()).contains("sending 2 files");
      var kept = directory().resolve("datastores/workspaceblobstore/training/data");
      assertThat(kept.resolve("a b/é+%.bin")).hasBinaryContent(bytes);
      assertThat(kept.resolve("empty.txt")).hasContent("");

      terroir.write("data/empty.txt", "changed");
      terroir.write("data/new.txt", "new");
      var second = terroir.run("datastore upload -u training/data -p", source).succeeds();
      assertThat(second.json().longValue("files")).isEqualTo(1);
      assertThat(second.json().longValue("skipped")).isEqualTo(2);
      assertThat(second.err()).contains("sending 1 file");
      assertThat(kept.resolve("empty.txt")).hasContent("");
      terroir.run("datastore upload --overwrite -u training/data -p", source).succeeds();
      assertThat(kept.resolve("empty.txt")).hasContent("changed");
      terroir.run("datastore upload -u training/database -p", source + "/new.txt").succeeds();

      var target = folder.resolve("back");
      var fetched =
          terroir
              .run("datastore download -p training/data -d", target.toString())
              .succeeds()
              .json();
      assertThat(fetched.longValue("files")).isEqualTo(3);
      assertThat(target.resolve("training/data/a b/é+%.bin")).hasBinaryContent(bytes);
      assertThat(target.resolve("training/database")).doesNotExist();
      Files.writeString(target.resolve("training/data/new.txt"), "mine");
      var again =
          terroir
              .run("datastore download -p training/data/new.txt -d", target.toString())
              .succeeds()
              .json();
      assertThat(again.longValue("skipped")).isEqualTo(1);
      assertThat(target.resolve("training/data/new.txt")).hasContent("mine");
      terroir.run("datastore download --overwrite -d", target.toString()).succeeds();
      assertThat(target.resolve("training/data/new.txt")).hasContent("new");
      assertThat(target.resolve("training/database/new.txt")).hasContent("new");
    }

    @Test
    void whatCannotBeCopiedSaysSo() {
      var missing = terroir.run("datastore upload -p", folder.resolve("nothing").toString());
      assertThat(missing.code()).isEqualTo(2);
      assertThat(missing.err()).contains("[data-file-not-found]", "nothing");
      var nothing = terroir.run("datastore download -p nothing/at/all");
      assertThat(nothing.code()).isEqualTo(2);
      assertThat(nothing.err()).contains("[data-file-not-found]", "nothing/at/all");
      var file = terroir.write("a.txt", "a");
      var out = terroir.run("datastore upload -u ../.. -p", file.toString());
      assertThat(out.code()).isEqualTo(2);
      assertThat(out.err()).contains("[data-refused]");
      assertThat(terroir.run("datastore upload -n none -p", file.toString()).err())
          .contains("[datastore-not-found]");
    }

    @Test
    void poolsAreCreatedChangedListedAndDeleted() {
      assertThat(names("computetarget list"))
          .containsExactly(ComputeTargets.DOCKER, ComputeTargets.LOCAL);
      var created =
          terroir
              .run(
                  "computetarget create amlcompute -n cpu-cluster -s STANDARD_D2 --min-nodes 0"
                      + " --max-nodes 2 --idle-seconds-before-scaledown 300")
              .succeeds()
              .json();
      assertThat(created.string("type")).isEqualTo("AmlCompute");
      assertThat(created.string("vmSize")).isEqualTo("STANDARD_D2");
      assertThat(created.longValue("maxNodes")).isEqualTo(2);
      var updated =
          terroir
              .run("computetarget update amlcompute -n cpu-cluster --max-nodes 4")
              .succeeds()
              .json();
      assertThat(updated.longValue("maxNodes")).isEqualTo(4);
      assertThat(updated.longValue("minNodes")).isZero();
      assertThat(updated.string("vmSize")).isEqualTo("STANDARD_D2");
      assertThat(there.computeTargets().get("cpu-cluster").maxNodes()).isEqualTo(4);
      assertThat(terroir.run("computetarget show -n cpu-cluster").succeeds().json())
          .isEqualTo(updated);
      assertThat(terroir.run("computetarget list --output table").succeeds().out().lines())
          .anySatisfy(line ->
              assertThat(line).matches("cpu-cluster +AmlCompute +Succeeded +STANDARD_D2 +0 +4"));
      terroir.run("computetarget delete -n cpu-cluster").succeeds();
      var gone = terroir.run("computetarget update amlcompute -n cpu-cluster --max-nodes 1");
      assertThat(gone.code()).isEqualTo(2);
      assertThat(gone.err()).contains("[compute-target-not-found]", "docker, local");
      for (var words :
          List.of(
              "delete -n local",
              "create amlcompute -n docker",
              "create amlcompute -n cpu --min-nodes 3 --max-nodes 2",
              "create amlcompute -n cpu --max-nodes -1")) {
        var refused = terroir.run("computetarget " + words);
        assertThat(refused.code()).as(words).isEqualTo(2);
        assertThat(names("computetarget list")).as(words).containsExactly("docker", "local");
      }
    }

    @Test
    void whatAPoolHereCannotBeSaysWhatToUse() {
      var attached = terroir.run("computetarget attach remote -n gpu -a 10.0.0.9 -u me");
      assertThat(attached.code()).isEqualTo(2);
      assertThat(attached.err()).contains("cannot be attached", "terroir serve", "--workspace");
      var network =
          terroir.run("computetarget create amlcompute -n cpu --vnet-name n --subnet-name s");
      assertThat(network.code()).isEqualTo(2);
      assertThat(network.err()).contains("`--vnet-name` is not offered", "leave it out");
      var aks = terroir.run("computetarget create aks -n cluster");
      assertThat(aks.code()).isEqualTo(2);
      assertThat(aks.err()).contains("`aks`", "terroir model deploy");
      assertThat(terroir.run("computetarget create amlcompute -n cpu --max-nodes few").err())
          .contains("`few` is no number");
      assertThat(names("computetarget list")).containsExactly("docker", "local");
    }

    @Test
    void javaHasTheSameByTheInterface() throws IOException {
      try (var workspace = open()) {
        var stores = workspace.datastores();
        var file = terroir.write("a.txt", "first");
        assertThat(stores.getDefault().name()).isEqualTo(Datastores.BLOBS);
        stores.write(Datastores.FILES, "deep/a.txt", file, false);
        assertThat(stores.files(Datastores.FILES, "deep/"))
            .singleElement()
            .satisfies(one -> {
              assertThat(one.name()).isEqualTo("deep/a.txt");
              assertThat(one.size()).isEqualTo(5);
              assertThat(one.modifiedAt()).endsWith("Z");
            });
        assertThat(code(() -> stores.write(Datastores.FILES, "deep/a.txt", file, false)))
            .isEqualTo("data-file-exists");
        Files.writeString(file, "second");
        stores.write(Datastores.FILES, "deep/a.txt", file, true);
        var copy = folder.resolve("copy/a.txt");
        stores.read(Datastores.FILES, "deep/a.txt", copy);
        assertThat(copy).hasContent("second");
        stores.delete(Datastores.FILES, "deep/a.txt");
        assertThat(stores.files(Datastores.FILES, "")).isEmpty();
        assertThat(code(() -> stores.read(Datastores.FILES, "deep/a.txt", copy)))
            .isEqualTo("data-file-not-found");
        assertThat(code(() -> stores.setDefault("none"))).isEqualTo("datastore-not-found");
        assertThat(stores.put("own", null, true).isDefault()).isTrue();
        assertThat(stores.getDefault()).isEqualTo(stores.get("own"));

        var targets = workspace.computeTargets();
        var pool = targets.put("cpu", "AmlCompute", null, null, 2L);
        assertThat(targets.find("cpu")).contains(pool);
        assertThat(targets.update("cpu", 1L, null))
            .isEqualTo(new ComputeTargets.ComputeTarget("cpu", "AmlCompute", null, 1L, 2L));
        assertThat(targets.list())
            .extracting(ComputeTargets.ComputeTarget::name)
            .containsExactly("cpu", "docker", "local");
        targets.delete("cpu");
        assertThat(code(() -> targets.get("cpu"))).isEqualTo("compute-target-not-found");
        assertThat(code(() -> targets.put("x", "AmlCompute", null, null, null)))
            .isEqualTo("invalid-name");
      }
    }

    private static String code(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
      var thrown = new java.util.ArrayList<String>();
      assertThatThrownBy(call)
          .isInstanceOfSatisfying(
              TerroirException.class, failure -> thrown.add(failure.problem().code().id()));
      return thrown.getFirst();
    }
  }
}

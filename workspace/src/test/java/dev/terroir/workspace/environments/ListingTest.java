package dev.terroir.workspace.environments;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The list of environments, kept beside the database")
class ListingTest {
  @TempDir Path folder;
  private Settings settings;

  @BeforeEach
  void begin() {
    settings = Settings.of(Map.of("TERROIR_HOME", folder.toString()));
  }

  private LocalWorkspace open() {
    return Workspace.create("team", null, true, settings, Progress.SILENT);
  }

  private String register(String name) {
    try (var workspace = open()) {
      return workspace.environments().register(Environment.of(name)).version();
    }
  }

  private String list() {
    try (var workspace = open()) {
      return workspace.listing().json();
    }
  }

  private Path kept() {
    return folder.resolve("data/workspaces/team/listing.cache");
  }

  /// Makes the last write look as if it were long ago.
  private void age() throws IOException {
    Files.setLastModifiedTime(
        kept().resolveSibling("workspace.db"), FileTime.from(Instant.now().minusSeconds(60)));
  }

  @Test
  void itIsWhatTheDefinitionsWriteTogether() throws IOException {
    register("b");
    register("a");
    age();
    var fresh = list();
    assertThat(kept()).exists();
    assertThat(list()).isEqualTo(fresh);
    try (var workspace = open()) {
      var definitions =
          workspace.environments().list().values().stream()
              .<JsonValue>map(item -> item.environment().toJson())
              .toList();
      assertThat(JsonReader.parse(fresh, "list")).isEqualTo(new JsonValue.JsonArray(definitions));
      assertThat(fresh).isEqualTo(JsonWriter.indented(JsonReader.parse(fresh, "list"), 2));
    }
  }

  @Test
  void theKeptTextIsUsedUntilTheDatabaseIsWritten() throws IOException {
    register("a");
    age();
    list();
    var text = Files.readString(kept());
    var stamp = text.substring(0, text.indexOf('\n') + 1);
    Files.writeString(kept(), stamp + "kept");
    assertThat(list()).isEqualTo("kept");
    register("b");
    assertThat(list()).contains("\"b\"").isNotEqualTo("kept");
  }

  @Test
  void nothingIsKeptOfADatabaseThatWasJustWritten() {
    register("a");
    list();
    assertThat(kept()).doesNotExist();
  }

  @Test
  void whoeverRegistersSeesItAtOnceWhileOthersHoldTheDatabaseOpen() throws Exception {
    try (var other = open()) {
      other.environments().register(Environment.of("first"));
      for (int i = 0; i < 40; i++) {
        var name = "e" + i;
        var lister = Thread.ofVirtual().start(this::list);
        other.environments().register(Environment.of(name));
        assertThat(list()).contains('"' + name + '"');
        other.environments().archive(name, null, true);
        assertThat(list()).doesNotContain('"' + name + '"');
        if (i % 20 == 19) {
          Thread.sleep(1100);
          assertThat(list()).doesNotContain('"' + name + '"');
          assertThat(kept()).exists();
        }
        lister.join();
      }
    }
  }

  @Test
  void aFolderThatCannotBeWrittenIsListedAllTheSame() throws IOException {
    register("a");
    age();
    Files.createDirectory(kept());
    assertThat(list()).contains("\"a\"");
  }

  @Test
  void aChangeOfTheCuratedEnvironmentsIsANewEdition() {
    var texts = new StringBuilder();
    CuratedEnvironments.stored().forEach(item -> texts.append(item.definition()));
    assertThat(CuratedEnvironments.EDITION + " " + Sha256.of(texts.toString()))
        .as("when a curated environment changes, its version and EDITION change with it")
        .isEqualTo("2 de7cd1a695d1581b6b5daadc40484ac41a49013c3721ea602cea0f02c0d261f1");
    CuratedEnvironments.all()
        .forEach(environment -> assertThat(environment.version()).isEqualTo("1"));
  }
}

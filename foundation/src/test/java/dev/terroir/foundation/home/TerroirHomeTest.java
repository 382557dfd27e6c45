package dev.terroir.foundation.home;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Where Terroir keeps things (XDG Base Directory Specification)")
class TerroirHomeTest {
  @Test
  void terroirHomeMovesEverything() {
    var home = TerroirHome.of(Settings.of(Map.of("TERROIR_HOME", "/srv/t", "XDG_DATA_HOME", "/x")));
    assertThat(home.prefixes()).isEqualTo(Path.of("/srv/t/data/prefixes"));
    assertThat(home.cache()).isEqualTo(Path.of("/srv/t/cache"));
  }

  @Test
  void withoutItTheXdgDirectoriesServe() {
    var home = TerroirHome.of(Settings.of(Map.of("HOME", "/home/ada", "XDG_CACHE_HOME", "/tmp/c")));
    assertThat(home.data()).isEqualTo(Path.of("/home/ada/.local/share/terroir"));
    assertThat(home.cache()).isEqualTo(Path.of("/tmp/c/terroir"));
  }

  @Test
  void relativeXdgPathsAreIgnoredAndEmptyValuesCountAsUnset() {
    var home =
        TerroirHome.of(
            Settings.of(Map.of("HOME", "/home/ada", "XDG_DATA_HOME", "rel", "TERROIR_HOME", "")));
    assertThat(home.data()).isEqualTo(Path.of("/home/ada/.local/share/terroir"));
  }
}

package dev.terroir.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.image.layer.MadeLayers;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What is told of files that two packages bring")
class ClashesTest {
  private final Clashes clashes = new Clashes();

  private void clash(String path, String dropped, String kept, boolean isSame) {
    clashes.add(new MadeLayers.Clash(path, kept, dropped, isSame));
  }

  @Test
  void aPackageThatBringsAllFilesOfAnotherIsOneSentenceAndNoWarning() {
    for (int i = 0; i < 412; i++) {
      clash("opt/env/flow/" + i + ".py", "flow 1", "flow-light 1", true);
    }
    assertThat(clashes.different()).isEmpty();
    assertThat(clashes.equal())
        .containsExactly(
            "`/opt/env/flow/0.py` and 411 other files are in flow 1 and in flow-light 1, with the"
                + " same content");
  }

  @Test
  void differentFilesAreToldOncePerPairOfPackages() {
    clash("a/x.py", "a 1", "b 2", false);
    clash("a/same.py", "a 1", "b 2", true);
    clash("a/y.py", "a 1", "b 2", false);
    clash("a/x.py", "b 2", "c 3", false);
    assertThat(clashes.different())
        .containsExactly(
            "`/a/x.py` and another file are in a 1 and in b 2; what b 2 brings is used",
            "`/a/x.py` is in b 2 and in c 3; what c 3 brings is used");
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir environment create --conda-env: an environment of conda as a definition")
class CondaEnvironmentTest {
  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() throws IOException {
    terroir = new Terroir(folder, List.of("CONDA_ENVS_DIRS=" + folder.resolve("envs")));
    var meta = Files.createDirectories(folder.resolve("envs/demo/conda-meta"));
    Files.writeString(
        meta.resolve("zlib-1.3-h1_0.json"),
        """
        {"name": "zlib", "version": "1.3", "build": "h1_0", "subdir": "linux-64", "files": [],
         "channel": "https://channel.example/team",
         "url": "https://channel.example/team/linux-64/zlib-1.3-h1_0.conda"}
        """);
    Files.writeString(meta.resolve("history"), "# update specs: [\"zlib>=1\"]\n");
    var info =
        Files.createDirectories(
            folder.resolve("envs/demo/lib/python3.12/site-packages/mine-1.0.dist-info"));
    Files.writeString(info.resolve("METADATA"), "Name: mine\nVersion: 1.0\n");
    Files.writeString(
        info.resolve("direct_url.json"),
        "{\"url\": \"file:///home/me/mine\", \"dir_info\": {\"editable\": true}}");
  }

  private Terroir.Outcome create(String words) {
    return terroir.run("environment create -n taken -d " + folder.resolve("out") + " " + words);
  }

  @Test
  void takesEveryPackageOrWhatWasAskedFor() throws IOException {
    var exact = create("--conda-env demo").succeeds();
    assertThat(exact.err()).contains("`mine` is an editable install of /home/me/mine");
    var file = folder.resolve("out/conda_dependencies.yml");
    assertThat(Files.readString(file))
        .contains("zlib=1.3=h1_0", "https://channel.example/team", "# mine is left out")
        .doesNotContain("- mine", "/home/me");
    assertThat(exact.json().objects("unreproducible").getFirst().string("name")).isEqualTo("mine");
    create("--overwrite --from-history --conda-env " + folder.resolve("envs/demo")).succeeds();
    assertThat(Files.readString(file)).contains("zlib>=1").doesNotContain("h1_0");
  }

  @Test
  void saysWhatIsMissing() {
    assertThat(create("--conda-env other").err())
        .contains("there is no conda environment `other`", "there are demo", "[conda-environment]");
    assertThat(create("").err()).contains("no file is given");
    assertThat(create("-f x.yml --conda-env demo").err()).contains("both a file and");
    assertThat(create("-f x.yml --from-history").err()).contains("only a conda environment");
  }
}

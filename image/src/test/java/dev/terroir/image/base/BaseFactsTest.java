package dev.terroir.image.base;

import static dev.terroir.image.base.DirectoryImage.elf;
import static dev.terroir.image.base.DirectoryImage.standardLibrary;
import static dev.terroir.image.base.DirectoryImage.usual;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DirectoryImage.Tar;
import dev.terroir.image.blob.BlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What a base image holds, found without unpacking it")
class BaseFactsTest {
  @TempDir Path folder;

  private BaseFacts facts(List<String> environment, Tar... layers) throws IOException {
    var source = DirectoryImage.of(folder.resolve("source"), environment, layers);
    var images =
        new BaseImages(
            new BlobStore(folder.resolve("blobs")), folder.resolve("bases"), Clock.systemUTC());
    var image = images.resolve("r", Platform.LINUX_AMD64, source);
    var facts = images.facts(image, source, Progress.SILENT);
    assertThat(images.facts(image)).contains(facts);
    return facts;
  }

  private List<String> pythons(Tar... layers) throws IOException {
    return facts(List.of(), layers).pythons().stream()
        .map(python -> python.executable() + " " + python.version())
        .toList();
  }

  @Test
  void aUsualDebian() throws IOException {
    var facts = facts(List.of("PATH=/usr/bin:/bin"), usual("3.11", "2.36"));
    assertThat(facts)
        .isEqualTo(
            new BaseFacts(
                List.of(
                    new BasePython(
                        "/usr/bin/python3.11",
                        "3.11",
                        "3.11.7",
                        "/usr/lib/python3.11",
                        true,
                        null,
                        "amd64")),
                "glibc",
                "2.36",
                "debian",
                "12",
                "Debian GNU/Linux 12 (bookworm)",
                true,
                null,
                null));
  }

  @Test
  void anEmptyImageHoldsNothing() throws IOException {
    assertThat(facts(List.of(), new Tar()))
        .isEqualTo(new BaseFacts(List.of(), null, null, null, null, null, false, null, null));
  }

  @Test
  void whiteoutsHideWhatLowerLayersHave() throws IOException {
    assertThat(pythons(usual("3.11", "2.36"), new Tar().file("usr/bin/.wh.python3.11", "")))
        .isEmpty();
    assertThat(pythons(usual("3.11", "2.36"), new Tar().file("usr/.wh.bin", ""))).isEmpty();
    assertThat(pythons(usual("3.11", "2.36"), new Tar().file("usr/bin/.wh..wh..opq", "")))
        .isEmpty();
  }

  @Test
  void whiteoutsDoNotHideTheirOwnLayerWhateverTheOrder() throws IOException {
    var before =
        standardLibrary(new Tar(), "usr/lib/python3.12")
            .file("usr/bin/.wh..wh..opq", "")
            .program("usr/bin/python3.12");
    assertThat(pythons(usual("3.11", "2.36"), before)).containsExactly("/usr/bin/python3.12 3.12");
    var after =
        standardLibrary(new Tar(), "usr/lib/python3.12")
            .program("usr/bin/python3.12")
            .file("usr/.wh..wh..opq", "");
    assertThat(pythons(usual("3.11", "2.36"), after)).containsExactly("/usr/bin/python3.12 3.12");
    var named = new Tar().program("usr/bin/python3.11").file("usr/bin/.wh.python3.11", "");
    assertThat(pythons(usual("3.11", "2.36"), named)).containsExactly("/usr/bin/python3.11 3.11");
  }

  @Test
  void linksAreFollowedInsideTheImage() throws IOException {
    // The usual merged /usr, an update-alternatives chain, and a link that climbs above the root.
    var tar =
        standardLibrary(new Tar(), "opt/py/lib/python3.10")
            .directory("usr/bin")
            .link("bin", "usr/bin")
            .program("usr/bin/dash")
            .link("usr/bin/sh", "dash")
            .link("usr/bin/python3", "/etc/alternatives/python3")
            .link("etc/alternatives/python3", "../../../../opt/py/bin/python3.10")
            .program("opt/py/bin/python3.10");
    var facts = facts(List.of("PATH=/usr/bin"), tar);
    assertThat(facts.hasShell()).isTrue();
    assertThat(facts.pythons())
        .extracting(BasePython::executable)
        .containsExactly("/opt/py/bin/python3.10");
    assertThat(facts.pythons().getFirst().home()).isEqualTo("/opt/py/bin");
  }

  @Test
  void entriesBelowALinkedFolderLandWhereTheLinkLeads() throws IOException {
    var upper = new Tar().program("lib/x86_64-linux-gnu/libc.so.6", elf("amd64", "GLIBC_2.31\0"));
    var lower = new Tar().directory("usr/lib").link("lib", "usr/lib");
    assertThat(facts(List.of(), lower, upper).glibcVersion()).isEqualTo("2.31");
  }

  @Test
  void linksThatGoNowhereOrInCirclesAreNothing() throws IOException {
    var tar =
        new Tar()
            .link("usr/bin/python3.9", "python3.9")
            .link("usr/bin/python3.8", "a")
            .link("usr/bin/a", "b")
            .link("usr/bin/b", "a")
            .link("usr/bin/python3.7", "/no/such/file")
            .link("bin/sh", "sh")
            .link("opt/loop", "loop/loop")
            .program("opt/loop/bin/python3.6");
    var facts = facts(List.of(), tar);
    assertThat(facts.pythons()).isEmpty();
    assertThat(facts.hasShell()).isFalse();
  }

  @Test
  void hardLinksAreFurtherNames() throws IOException {
    var tar =
        standardLibrary(new Tar(), "usr/lib/python3.11")
            .program("usr/bin/python3.11", elf("amd64", "\0003.11.4\0"))
            .hardLink("usr/local/bin/python3.11", "usr/bin/python3.11")
            .hardLink("usr/bin/python3.5", "no/such/file")
            .hardLink("usr/bin/python3.4", "../../etc/passwd");
    var facts = facts(List.of(), tar);
    assertThat(facts.pythons())
        .extracting(BasePython::executable)
        .containsExactly("/usr/local/bin/python3.11", "/usr/bin/python3.11");
    assertThat(facts.pythons()).extracting(BasePython::fullVersion).containsOnly("3.11.4");
  }

  @Test
  void hostileNamesAreNothing() throws IOException {
    var deep = "d/".repeat(5000);
    var tar =
        new Tar()
            .program("../usr/bin/python3.9")
            .program("usr/bin/../bin/python3.8")
            .program("/usr/bin/python3.7")
            .program(deep + "python3.6")
            .file("usr/bin/.wh.", "")
            .file("usr/bin/.wh...", "")
            .file("usr/bin/.wh..wh.plnk", "");
    assertThat(pythons(tar)).containsExactly("/usr/bin/python3.7 3.7");
  }

  @Test
  void anInterpretersVersionIsFoundWithoutRunningIt() throws IOException {
    var byLibrary =
        standardLibrary(new Tar(), "opt/one/lib/python3.9").program("opt/one/bin/python");
    var byBytes =
        standardLibrary(
                standardLibrary(new Tar(), "opt/two/lib/python3.9"), "opt/two/lib/python3.8")
            .program("opt/two/bin/python3", elf("amd64", "x\0003.8.20\0y\0002.0.1\0"));
    var byConfiguration =
        new Tar()
            .file("opt/three/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.1\n")
            .program("opt/three/bin/python");
    assertThat(pythons(byLibrary, byBytes, byConfiguration))
        .containsExactlyInAnyOrder(
            "/opt/one/bin/python 3.9", "/opt/two/bin/python3 3.8", "/opt/three/bin/python 3.12");
    assertThat(pythons(new Tar().program("usr/bin/python3"))).isEmpty();
    assertThat(pythons(new Tar().file("usr/bin/python3.11", "not executable"))).isEmpty();
  }

  @Test
  void theImagesOwnPathComesFirst() throws IOException {
    var tar =
        standardLibrary(usual("3.11", "2.36"), "srv/python/lib/python3.13")
            .program("srv/python/bin/python3.13");
    var facts =
        facts(
            List.of("PATH=/nowhere", "PATH=/srv/python/bin:/usr/bin", "CUDA_VERSION=12.4.1"), tar);
    assertThat(facts.pythons()).extracting(BasePython::version).containsExactly("3.13", "3.11");
    assertThat(facts.cudaVersion()).isEqualTo("12.4.1");
  }

  @Test
  void condaCudaAndFoldersOfTheRetiredServiceAreSeen() throws IOException {
    var tar =
        standardLibrary(new Tar(), "opt/miniconda/lib/python3.9")
            .program("opt/miniconda/bin/python3.9")
            .file("opt/miniconda/conda-meta/conda-23.5.2-py39h06a4308_0.json", "{}")
            .file("opt/miniconda/conda-meta/conda-libmamba-solver-23.5.0-pyhd3eb1b0_0.json", "{}")
            .program("azureml-envs/azureml_1/bin/python3.8")
            .program("opt/miniconda/lib/libpython3.9.so.1.0", elf("amd64", "\0003.9.18\0"))
            .file("usr/local/cuda-11.8/targets/x86_64-linux/lib/libcudart.so.11.8.89", "")
            .link("usr/local/cuda", "cuda-11.8");
    var facts = facts(List.of(), tar);
    assertThat(facts.condaVersion()).isEqualTo("23.5.2");
    assertThat(facts.cudaVersion()).isEqualTo("11.8.89");
    assertThat(facts.pythons()).extracting(BasePython::version).containsExactly("3.9", "3.8");
    assertThat(facts.pythons().getFirst().library())
        .isEqualTo("/opt/miniconda/lib/libpython3.9.so.1.0");
    assertThat(facts.pythons().getFirst().fullVersion()).isEqualTo("3.9.18");
  }

  @Test
  void theCLibraryIsToldByItsNameItsSentenceOrItsSymbols() throws IOException {
    assertThat(facts(List.of(), usual("3.11", "2.31")).glibcVersion()).isEqualTo("2.31");
    var sentence =
        elf("amd64", "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n");
    assertThat(
            facts(List.of(), new Tar().program("lib/x86_64-linux-gnu/libc.so.6", sentence))
                .glibcVersion())
        .isEqualTo("2.36");
    var symbols = elf("arm64", "\0GLIBC_2.17\0GLIBC_2.28\0GLIBC_2.4\0");
    assertThat(facts(List.of(), new Tar().program("lib64/libc.so.6", symbols)).glibcVersion())
        .isEqualTo("2.28");
    var musl = facts(List.of(), new Tar().program("lib/ld-musl-x86_64.so.1"));
    assertThat(musl.libc()).isEqualTo("musl");
    assertThat(musl.glibcVersion()).isNull();
  }

  @Test
  void aMinimalPythonIsNotWhole() throws IOException {
    var tar = new Tar().program("usr/bin/python3.11").file("usr/lib/python3.11/os.py", "");
    assertThat(facts(List.of(), tar).pythons().getFirst().isComplete()).isFalse();
  }

  @Test
  void anyOrderOfAnyEntriesIsRead() throws IOException {
    for (long seed = 0; seed < 40; seed++) {
      var random = new Random(seed);
      var names = List.of("usr", "bin", "lib", "python3.11", "sh", ".wh..wh..opq", ".wh.bin", "..");
      var layers = new Tar[1 + random.nextInt(4)];
      for (int i = 0; i < layers.length; i++) {
        layers[i] = new Tar();
        for (int j = random.nextInt(30); j > 0; j--) {
          var path = new StringBuilder(names.get(random.nextInt(names.size())));
          for (int k = random.nextInt(4); k > 0; k--) {
            path.append('/').append(names.get(random.nextInt(names.size())));
          }
          switch (random.nextInt(4)) {
            case 0 -> layers[i].directory(path.toString());
            case 1 -> layers[i].link(path.toString(), names.get(random.nextInt(names.size())));
            case 2 -> layers[i].hardLink(path.toString(), names.get(random.nextInt(names.size())));
            default -> layers[i].program(path.toString());
          }
        }
      }
      var facts = facts(List.of("SEED=" + seed), layers);
      for (var python : facts.pythons()) {
        assertThat(python.executable()).as("seed " + seed).startsWith("/").doesNotContain("..");
      }
    }
  }
}

package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.LockedPackage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("An image seen from inside, under Podman: what Python's own tools find there")
class ImageInsideTest {
  /// Judges every RECORD of the environment, and every file that none lists.
  ///
  /// Spec: Python packaging, "Recording installed projects".
  private static final String JUDGE =
      """
      import base64, csv, hashlib, json, os, sys, sysconfig
      site = sysconfig.get_path("purelib")
      owners, wrong, dists = {}, [], {}
      for info in sorted(name for name in os.listdir(site) if name.endswith(".dist-info")):
          folder = os.path.join(site, info)
          def text(name):
              path = os.path.join(folder, name)
              return open(path, encoding="utf-8").read() if os.path.exists(path) else None
          dists[info] = {"installer": text("INSTALLER"), "requested": text("REQUESTED"),
                         "origin": text("direct_url.json"), "rows": 0, "hashed": 0}
          for path, digest, size in csv.reader(text("RECORD").splitlines()):
              file = os.path.normpath(os.path.join(site, path))
              dists[info]["rows"] += 1
              if file in owners:
                  wrong.append(path + " is listed by " + owners[file] + " and " + info)
              owners[file] = info
              if not os.path.isfile(file):
                  wrong.append(path + " of " + info + " is not there")
                  continue
              content = open(file, "rb").read()
              if digest:
                  algorithm, value = digest.split("=", 1)
                  found = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest())
                  if found.rstrip(b"=").decode() != value or int(size) != len(content):
                      wrong.append(path + " of " + info + " is another file")
                  dists[info]["hashed"] += 1
              elif path != info + "/RECORD" and not path.endswith(".pyc"):
                  wrong.append(path + " of " + info + " has no hash")
      own = {"pyvenv.cfg", "bin/activate"} | {"bin/" + n for n in os.listdir(sys.prefix + "/bin")
             if n.startswith("python") and os.path.islink(sys.prefix + "/bin/" + n)}
      for folder, _, names in os.walk(sys.prefix):
          for name in names:
              file = os.path.join(folder, name)
              if file not in owners and os.path.relpath(file, sys.prefix) not in own:
                  wrong.append(file + " is in no RECORD")
      print(json.dumps({"prefix": sys.prefix, "wrong": wrong, "dists": dists}))
      """;

  private static final String SECRET = "s3cr3t-of-an-address";

  @TempDir static Path folder;
  private static Podman podman;
  private static Terroir terroir;
  private static Built sample;

  /// An image in Podman's store.
  ///
  /// @param layout where it lies outside
  /// @param id in the store
  /// @param lock what it was built of
  private record Built(String layout, String id, Lock lock) {
    /// Runs a program in it.
    ///
    /// @return its output
    String runs(String... command) {
      var result = podman.in(id, command);
      assertThat(result.isSuccess()).as(result.error() + result.output()).isTrue();
      return result.output();
    }

    JsonObject judged() {
      return JsonReader.parseObject(runs("python", "-c", JUDGE), "judge");
    }

    /// Versions by name, as the lock has them.
    Map<String, String> locked() {
      return lock.packages().stream()
          .collect(
              Collectors.toMap(
                  LockedPackage::name, LockedPackage::version, (one, _) -> one, TreeMap::new));
    }
  }

  @BeforeAll
  static void open() throws IOException {
    podman = new Podman(folder, "overlay");
    terroir = new Terroir(folder);
    addPip();
    addGamma();
    sample = build(terroir, "beta\ngamma\npip\n");
  }

  private static Built build(Terroir terroir, String requirements, String... more)
      throws IOException {
    terroir.write("requirements.txt", requirements);
    var layout = "oci:" + folder.resolve("layout") + ":" + UUID.randomUUID();
    var words = new ArrayList<>(List.of("--base", DebianBase.location(), "--to", layout));
    words.addAll(List.of(more));
    var built =
        terroir
            .run(
                "image build -f " + terroir.project.resolve("requirements.txt"),
                words.toArray(String[]::new))
            .succeeds()
            .json();
    var locks = terroir.home.resolve("data/locks").resolve(built.string("definitionHash"));
    try (var files = Files.list(locks)) {
      var file = files.filter(it -> it.toString().endsWith(".json")).findFirst().orElseThrow();
      var lock = LockFile.read(file);
      assertThat(lock.digest().prefixed()).isEqualTo(built.string("lockDigest"));
      return new Built(layout, podman.pull(layout), lock);
    }
  }

  /// The wheel of pip that every Python carries for its environments.
  private static void addPip() throws IOException {
    var script =
        """
        import ensurepip, glob, os
        folders = [os.path.dirname(ensurepip.__file__) + "/_bundled", "/usr/share/python-wheels"]
        print(next(file for folder in folders for file in glob.glob(folder + "/pip-*.whl")))
        """;
    var found =
        new Command(
                List.of("python3", "-c", script),
                Settings.system().variables(),
                null,
                Duration.ofSeconds(30))
            .run();
    var wheel = Path.of(found.output().strip());
    Files.copy(wheel, folder.resolve("wheels").resolve(wheel.getFileName()));
  }

  private static Map<String, String> named(List<JsonObject> objects) {
    return objects.stream()
        .collect(
            Collectors.toMap(
                it -> DistributionName.normalized(it.string("name")),
                it -> it.string("version"),
                (one, _) -> one,
                TreeMap::new));
  }

  /// Scripts, data, a header, an entry point, modules in folders of their own, tests.
  private static void addGamma() {
    var data = "gamma-1.0.data/";
    WheelHouse.wheel(
        folder.resolve("wheels"),
        "gamma",
        "1.0",
        List.of("beta>=1"),
        new TreeMap<>(
            Map.of(
                "gamma/__init__.py",
                "def main():\n  print('gamma is called')\n",
                "gamma/sub/ünïcode name.txt",
                "text, with a comma",
                "gamma/sub/a,b.py",
                "X = 1\n",
                "gamma/tests/test_it.py",
                "def test():\n  pass\n",
                "gamma/broken.py",
                "def f(:\n",
                data + "scripts/gamma-run",
                "#!python\nimport sys\nprint(sys.prefix)\n",
                data + "data/share/gamma/data.txt",
                "data\n",
                data + "headers/gamma.h",
                "// h\n",
                data + "purelib/gamma_more.py",
                "Y = 2\n",
                "gamma-1.0.dist-info/entry_points.txt",
                "[console_scripts]\ngamma=gamma:main\n")));
  }

  @Test
  void pipFindsWhatTheLockNamesAndNothingToComplainOf() {
    assertThat(sample.runs("pip", "check")).contains("No broken requirements found.");
    var json = sample.runs("pip", "list", "--format=json", "--disable-pip-version-check");
    var listed = JsonReader.parseObject("{\"all\":" + json + "}", "pip list").objects("all");
    assertThat(listed).hasSameSizeAs(sample.lock().packages());
    assertThat(named(listed))
        .isEqualTo(sample.locked())
        .containsKeys("alpha", "beta", "gamma", "pip");
    assertThat(sample.runs("gamma")).isEqualTo("gamma is called\n");
    assertThat(sample.runs("gamma-run")).isEqualTo("/opt/env\n");
    assertThat(sample.runs("pip", "show", "--verbose", "--files", "gamma"))
        .contains("Installer: terroir", "Requires: beta", "../../../bin/gamma-run");
    sample.runs("sh", "-c", "pip uninstall --yes gamma && ! python -c 'import gamma'");
  }

  @Test
  void importlibFindsTheSame() {
    var script =
        """
        import importlib.metadata as m, json
        print(json.dumps({"all": [{"name": d.metadata["Name"], "version": d.version}
              for d in m.distributions()]}))
        """;
    var found =
        JsonReader.parseObject(sample.runs("python", "-c", script), "metadata").objects("all");
    assertThat(found).hasSameSizeAs(sample.lock().packages());
    assertThat(named(found)).isEqualTo(sample.locked());
  }

  @Test
  void everyRecordIsTrueAndListsEveryFile() throws IOException {
    recordsAreTrue(sample);
    recordsAreTrue(build(terroir, "beta\ngamma\npip\n", "--no-bytecode", "--compression", "zstd"));
  }

  private static void recordsAreTrue(Built image) {
    var judged = image.judged();
    assertThat(judged.strings("wrong")).isEmpty();
    assertThat(judged.string("prefix")).isEqualTo("/opt/env");
    var dists = judged.object("dists");
    assertThat(dists.members()).hasSameSizeAs(image.lock().packages());
    for (var name : dists.members().keySet()) {
      var dist = dists.object(name);
      assertThat(dist.string("installer")).isEqualTo("terroir");
      assertThat(dist.optionalString("origin")).as("came from an index").isEmpty();
      assertThat(dist.longValue("hashed")).isGreaterThan(2);
    }
  }

  @Test
  void theJudgeOfRecordsFindsWhatIsChanged() {
    var site = "/opt/env/lib/python" + DebianBase.python() + "/site-packages/";
    var judged =
        sample.runs(
            "sh",
            "-c",
            "cd "
                + site
                + " && echo >> alpha/__init__.py && rm beta/__init__.py && touch more.py"
                + " && exec python -c \"$0\"",
            JUDGE);
    assertThat(JsonReader.parseObject(judged, "judge").strings("wrong"))
        .containsExactlyInAnyOrder(
            "alpha/__init__.py of alpha-1.0.dist-info is another file",
            "beta/__init__.py of beta-1.0.dist-info is not there",
            site + "more.py is in no RECORD");
  }

  @Test
  void whatCameByAddressSaysWhereFromWithoutThePassword() throws IOException {
    WheelHouse.wheel(
        folder.resolve("served"), "delta", "3.0", List.of(), Map.of("delta.py", "Z = 3\n"));
    try (var index = new LoopbackIndex(folder.resolve("served"))) {
      index.credentials = "user:" + SECRET;
      var netrc = folder.resolve("netrc");
      Files.writeString(netrc, "machine 127.0.0.1 login user password " + SECRET + "\n");
      var url = index.url("").replace("/simple/", "/files/delta-3.0-py3-none-any.whl");
      var image =
          build(new Terroir(folder, List.of("NETRC=" + netrc)), "gamma\ndelta @ " + url + "\n");

      var judged = image.judged();
      assertThat(judged.strings("wrong")).isEmpty();
      var dists = judged.object("dists");
      var origin =
          JsonReader.parseObject(
              dists.object("delta-3.0.dist-info").string("origin"), "direct_url.json");
      assertThat(origin.string("url")).isEqualTo(url);
      assertThat(origin.object("archive_info").object("hashes").string("sha256"))
          .isEqualTo(image.lock().get("delta").artifact().sha256());
      assertThat(dists.object("gamma-1.0.dist-info").optionalString("origin")).isEmpty();
      billsOfMaterialsSayWhatTheLockSays(image);
      assertThat(terroir.run("image sbom", image.layout()).succeeds().out())
          .contains(url)
          .doesNotContain(SECRET);
      assertThat(image.runs("sh", "-c", "grep -rl " + SECRET + " /opt/env || echo written nowhere"))
          .isEqualTo("written nowhere\n");
    }
  }

  @Test
  void billsOfMaterialsListTheSamePackagesWithTheSameHashes() {
    billsOfMaterialsSayWhatTheLockSays(sample);
  }

  /// Imports every package and module that is installed.
  private static final String IMPORTER =
      """
      import importlib, importlib.metadata as metadata, json
      imported, failed = 0, {}
      for dist in metadata.distributions():
          names = set()
          for file in dist.files or []:
              top = file.parts[0]
              if len(file.parts) == 1 and not top.endswith((".py", ".so")):
                  continue
              name = top.split(".")[0] if len(file.parts) == 1 else top
              if name.isidentifier() and not name.startswith("_"):
                  names.add(name)
          for name in sorted(names):
              try:
                  importlib.import_module(name)
                  imported += 1
              except BaseException as error:
                  failed[name] = repr(error)
      print(json.dumps({"imported": imported, "failed": failed}))
      """;

  private static final String COMMON = "scikit-learn\npandas\nmatplotlib\nscipy\nflask\npip\n";

  private static String large() throws IOException {
    return Files.readString(Path.of("../bench/sets/large/requirements-pinned.txt")) + "pip\n";
  }

  private static List<String> realSets() throws IOException {
    return List.of(COMMON, large());
  }

  /// From this machine's index, unless it has none.
  @ParameterizedTest(name = "set {index}")
  @MethodSource("realSets")
  void everythingOfRealSetsIsThereAndCanBeImported(String requirements) throws IOException {
    var home = Files.createDirectories(folder.resolve("real-" + requirements.length()));
    var fromIndex = new Terroir(home, List.of("PIP_NO_INDEX=0", "PIP_FIND_LINKS="));
    fromIndex.write("requirements.txt", requirements);
    var locked =
        fromIndex.run(
            "image build -f "
                + fromIndex.project.resolve("requirements.txt")
                + " --no-bytecode --base "
                + DebianBase.location()
                + " --to oci:"
                + home.resolve("probe"));
    if (locked.err().contains("index-unreachable")) {
      abort("SKIPPED: no index can be reached: " + locked.err());
    }
    var image = build(fromIndex, requirements, "--no-bytecode");

    assertThat(image.runs("pip", "check")).contains("No broken requirements found.");
    var json = image.runs("pip", "list", "--format=json", "--disable-pip-version-check");
    var listed = JsonReader.parseObject("{\"all\":" + json + "}", "pip list").objects("all");
    assertThat(named(listed)).isEqualTo(image.locked());
    var found = JsonReader.parseObject(image.runs("python", "-c", IMPORTER), "imports");
    var failed = new TreeMap<>(found.stringMap("failed"));
    // It asks for the program `git` while it is imported.
    failed.values().removeIf(why -> why.contains("git executable"));
    assertThat(failed).isEmpty();
    assertThat(found.longValue("imported")).isGreaterThan(image.lock().packages().size() / 2L);
    billsOfMaterialsSayWhatTheLockSays(image);
  }

  private record Entry(String name, String version, String sha256) {}

  private static void billsOfMaterialsSayWhatTheLockSays(Built image) {
    var expected =
        image.lock().packages().stream()
            .map(it -> new Entry(it.name(), it.version(), it.artifact().sha256()))
            .toList();
    var cyclonedx = terroir.run("image sbom", image.layout()).succeeds().json();
    assertThat(
            cyclonedx.objects("components").stream()
                .filter(it -> it.string("type").equals("library"))
                .map(it -> {
                  var hash = it.objects("hashes").getFirst();
                  assertThat(hash.string("alg")).isEqualTo("SHA-256");
                  return new Entry(it.string("name"), it.string("version"), hash.string("content"));
                }))
        .containsExactlyInAnyOrderElementsOf(expected);
    var spdx = terroir.run("image sbom --format spdx", image.layout()).succeeds().json();
    assertThat(
            spdx.objects("packages").stream()
                .filter(it -> it.has("checksums"))
                .map(it -> {
                  var sum = it.objects("checksums").getFirst();
                  assertThat(sum.string("algorithm")).isEqualTo("SHA256");
                  return new Entry(
                      it.string("name"), it.string("versionInfo"), sum.string("checksumValue"));
                }))
        .containsExactlyInAnyOrderElementsOf(expected);
  }
}
